#include "verify.hpp"

#include "content.hpp"
#include "format/names.hpp"

#include <sess/sess.hpp>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <set>

namespace sess::test::power {

namespace {

class Verifier {
 public:
  explicit Verifier(const VerifyOptions& options)
      : options_(options),
        histories_(read_histories(read_ledger(options.ledger), options.before, options.after)),
        store_(open()) {}

  Findings run() {
    look_at_names();
    for (const auto& [number, history] : histories_) guarded(number, [&, n = number, &h = history] { judge(n, h); });
    if (options_.use) {
      for (const auto& [number, history] : histories_)
        if (there_.contains(number)) guarded(number, [&, n = number, &h = history] { use(n, h); });
      finish();
    }
    return findings_;
  }

 private:
  Store open() {
    StoreOptions store_options;
    store_options.on_event = [this](const Event& event) {
      if (event.kind == Event::Kind::recovered) ++findings_.recovered;
      if (event.kind == Event::Kind::quarantined) ++findings_.quarantined;
    };
    return Store::open(options_.store, store_options);
  }

  void broken(const std::string& what) {
    ++findings_.broken;
    std::cerr << "verify: " << what << '\n';
  }

  void wrong(std::uint32_t number, const std::string& what) {
    const History& history = histories_.at(number);
    ++tally(history).wrong;
    broken("session " + std::to_string(number) + " (" + std::string(to_string(history.level)) + ", " +
           std::string(to_string(history.kind())) + ", key " + SessionKey(history.key).to_string() + "): " + what);
  }

  template <class Work>
  void guarded(std::uint32_t number, Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      wrong(number, error.what());
    }
  }

  Tally& tally(const History& history) {
    return findings_.tallies.at(static_cast<std::size_t>(history.level)).at(static_cast<std::size_t>(history.kind()));
  }

  /// A name that is absent has no spare, whatever the cut has left (PROTOCOL.md, "Invariants").
  void look_at_names() {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.store + "/shards")) {
      const std::string name = entry.path().filename();
      if (name.ends_with(".temp")) ++findings_.leftovers;
      if (!name.ends_with('~')) continue;
      auto record = entry.path();
      record.replace_filename(name.substr(0, name.size() - 1));
      if (!std::filesystem::exists(record)) broken("a spare without its record: " + entry.path().string());
    }
  }

  void judge(std::uint32_t number, const History& history) {
    ++findings_.sessions;
    const auto found = store_.snapshot(SessionKey(history.key));
    if (!found) {
      if (found.outcome() != Outcome::absent) return wrong(number, std::string(to_string(found.outcome())));
      // One that was being created has not been promised to anybody.
      if (history.destroy_tried || history.acknowledged == 0) {
        ++tally(history).kept;
      } else {
        ++tally(history).lost;
        if (history.oldest_allowed() > 0) report(number, history, "is lost");
      }
      return;
    }
    if (history.destroy_acknowledged) return wrong(number, "is back after its end was acknowledged");
    const auto version = version_in(found->values(), number);
    if (!version) return wrong(number, "holds what is no version of it");
    if (*version > history.tried) return wrong(number, "holds a version that nobody had begun to write");
    there_.insert(number);
    if (*version >= history.acknowledged) {
      ++tally(history).kept;
    } else {
      ++tally(history).earlier;
      if (*version < history.oldest_allowed()) report(number, history, "holds version " + std::to_string(*version));
    }
  }

  void report(std::uint32_t number, const History& history, const std::string& what) {
    broken("session " + std::to_string(number) + " (" + std::string(to_string(history.level)) + ", " +
           std::string(to_string(history.kind())) + ", key " + SessionKey(history.key).to_string() + "): " + what +
           "; acknowledged " + std::to_string(history.acknowledged) + ", tried " + std::to_string(history.tried) +
           ", settled " + std::to_string(history.settled));
  }

  /// What came back can be worked with, and ends like any other.
  void use(std::uint32_t number, const History& history) {
    const SessionKey key(history.key);
    const std::uint64_t generation = store_.snapshot(key)->facts().generation;
    if (!store_.update(key, [](Editor& editor) { editor.add("after", 1); })) return wrong(number, "cannot be changed");
    const auto changed = store_.snapshot(key);
    if (!changed || changed->get<std::int64_t>("after") != 1 || changed->facts().generation <= generation ||
        !version_in(changed->values(), number))
      return wrong(number, "is not what it was changed to");
    if (number % 2 == 0) return;
    if (!store_.destroy(key) || store_.snapshot(key)) return wrong(number, "cannot be destroyed");
    there_.erase(number);
  }

  /// The store goes on: new sessions, a sweep, and a listing of those that are there and no others.
  void finish() {
    try {
      Session session = store_.create();
      write_version(session, 0, 1);
      if (!session.commit() || !session.destroy()) broken("a new session cannot be made and destroyed");
      const GcReport report = store_.gc();
      if (!report.status || !report.complete || report.errors > 0 || report.unreadable > 0 || report.quarantined > 0)
        broken("the sweep has failed: " + report.first_error);
    } catch (const Error& error) {
      broken(error.what());
    }
    std::set<SessionKey> keys;
    for (const std::uint32_t number : there_) keys.insert(SessionKey(histories_.at(number).key));
    store_.list([&](const SessionEntry& entry) {
      if (!entry.problem.empty()) broken("listed " + entry.key.to_string() + ": " + entry.problem);
      if (keys.erase(entry.key) == 0) broken("listed, but was not there: " + entry.key.to_string());
      return true;
    });
    if (!keys.empty()) broken("not listed: " + std::to_string(keys.size()) + " sessions");
  }

  const VerifyOptions& options_;
  std::map<std::uint32_t, History> histories_;
  Findings findings_;
  std::set<std::uint32_t> there_;
  Store store_;
};

}  // namespace

int run_verify(const VerifyOptions& options) {
  const Findings findings = Verifier(options).run();
  for (std::size_t level = 0; level < level_count; ++level)
    for (std::size_t kind = 0; kind < kind_count; ++kind) {
      const Tally& tally = findings.tallies.at(level).at(kind);
      std::cout << "tally " << to_string(static_cast<Level>(level)) << ' ' << to_string(static_cast<Kind>(kind)) << ' '
                << tally.kept << ' ' << tally.earlier << ' ' << tally.lost << ' ' << tally.wrong << '\n';
    }
  std::cout << "sessions " << findings.sessions << "\nrecovered " << findings.recovered << "\nquarantined "
            << findings.quarantined << "\nleftovers " << findings.leftovers << "\nbroken " << findings.broken << '\n';
  return findings.broken == 0 && findings.sessions > 0 ? 0 : 1;
}

}  // namespace sess::test::power
