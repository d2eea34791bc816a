#include "command_line.hpp"
#include "failure.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "selection.hpp"
#include "session_name.hpp"
#include "unread_parts.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sessctl {
namespace {

/// Ends what can be ended, says what cannot, and remembers the first failure.
class Removal {
 public:
  /// Opens the store.
  Removal(const Invocation& invocation, const CommandLine& line, bool dry_run)
      : out_(invocation.out),
        json_(line.json()),
        dry_run_(dry_run),
        store_(open_store(line.store_path(), options_of(line))) {}
  Removal(const Removal&) = delete;
  Removal& operator=(const Removal&) = delete;
  ~Removal() = default;

  const sess::Store& store() const noexcept { return store_; }

  template <class Work>
  void attempt(const Work& work) {
    try {
      work();
    } catch (const OutputClosed&) {
      throw;  // about the output, not about this session
    } catch (...) {
      const ExitCode failed = report(std::current_exception());
      if (code_ == ExitCode::ok) code_ = failed;
    }
  }

  void end(const sess::SessionKey& key) {
    attempt([&] {
      const sess::Status status = store_.destroy(key);
      if (status != sess::Outcome::absent || key != set_aside_) return done(key, status);
      print_outcome(key, status);
    });
  }

  /// What has ended by itself since it was found is none of rm's.
  void end_found(const sess::SessionEntry& entry) {
    attempt([&] {
      if (dry_run_) return done(entry.key, {});
      const sess::Status status = store_.destroy(entry.key);
      if (is_end(status) || status == sess::Outcome::busy) done(entry.key, status);
    });
  }

  /// What has been used since it was found does not match any more, and stays.
  void end_if(const Selection& selection, const sess::SessionKey& key) {
    attempt([&] {
      if (dry_run_) return done(key, {});
      const sess::Status status = store_.destroy_if(
          key, [&](const sess::SessionFacts& facts) { return selection.matches(facts, Clock::now()); });
      if (is_end(status) || status == sess::Outcome::busy)
        done(key, status);  // else it has ended by itself, or does not match any more
    });
  }

  /// What can still be read under IDs that were replaced by others, and what leads on from them.
  void end_replaced() {
    if (dry_run_) return;  // it is in no count
    attempt([&] {
      const auto visit = [&](const sess::SessionEntry& entry) {
        if (entry.problem.empty() && entry.outcome == sess::Outcome::superseded)
          attempt([&] {
            const sess::Status status = store_.destroy(entry.key);
            if (status != sess::Outcome::absent) require(status, "end replaced ID of session", entry.key);
          });
        return true;
      };
      // What cannot be read was told of when the live ones were visited.
      list_sessions(store_, visit, {.show_ended = true, .on_error = [](const std::exception_ptr&) {}});
    });
  }

  /// Whether it is meant nobody can tell.
  void leave(const sess::SessionEntry& entry) {
    attempt([&] {
      throw Failure(ExitCode::data, "end session", entry.key.to_string(), "it cannot be read: " + entry.problem,
                    "it was left; 'sessctl verify' says what it is and what to do");
    });
  }

  /// Also the logins that are just under way.
  void end_principal(const std::string& principal) {
    attempt([&] {
      Progress progress("sessions");
      const auto sessions = store_.sessions_of(principal);
      const double all = sessions && !sessions->empty() ? static_cast<double>(sessions->size()) : -1;
      std::uint64_t ended = 0;
      sess::Status status;
      if (dry_run_) {
        if (!sessions) status = sessions.status();
        ended = sessions ? sessions->size() : 0;
        ended_ += ended;
      } else {
        // The library answers no number, and tells of each.
        const Listening listening(on_destroyed_, [&] {
          ++ended;
          ++ended_;
          progress.show(ended, static_cast<double>(ended) / all);
        });
        status = store_.destroy_principal(principal);
      }
      if (json_)
        out_.print_line(JsonLine()
                            .add("principal", principal)
                            .add("outcome", to_string(status.outcome()))
                            .add("sessions", ended)
                            .add("dry_run", dry_run_)
                            .text());
      if (status == sess::Outcome::busy && dry_run_)
        throw Failure(ExitCode::busy, "count sessions of principal", "", "the list of them was locked for too long",
                      "try again, or wait longer with --wait");
      if (status == sess::Outcome::busy)
        throw Failure(ExitCode::busy, "end sessions of principal", "",
                      "some were locked for too long; the others have ended", "try again, or wait longer with --wait");
      if (status == sess::Outcome::durability_unknown)
        throw Failure(ExitCode::io, "end sessions of principal", "", "ended, but the sync to disk failed",
                      "a power cut may undo it; check the disk");
    });
  }

  /// For a person: who names sessions knows how many they are.
  void print_count() const {
    if (!json_) out_.print_line((dry_run_ ? "would end " : "ended ") + counted(ended_, "session"));
  }

  ExitCode code() const noexcept { return code_; }

 private:
  /// Calls `listener` until it is gone, however that comes.
  class Listening {
   public:
    Listening(std::function<void()>& where, std::function<void()> listener) : where_(where) {
      where_ = std::move(listener);
    }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening() { where_ = nullptr; }

   private:
    std::function<void()>& where_;
  };

  sess::StoreOptions options_of(const CommandLine& line) {
    sess::StoreOptions options = line.store_options();
    options.on_event = [this](const sess::Event& event) {
      report_event(event);
      if (event.kind == sess::Event::Kind::destroyed && on_destroyed_) on_destroyed_();
      if (event.kind != sess::Event::Kind::quarantined) return;
      set_aside_ = event.key;
      if (code_ == ExitCode::ok) code_ = ExitCode::data;  // gone, and somebody may want to look at it
    };
    return options;
  }

  static bool is_end(const sess::Status& status) noexcept {
    return status.ok() || status == sess::Outcome::durability_unknown;
  }

  void print_outcome(const sess::SessionKey& key, const sess::Status& status) {
    if (!json_) return;
    out_.print_line(JsonLine()
                        .add("key", key.to_string())
                        .add("outcome", to_string(status.outcome()))
                        .add("dry_run", dry_run_)
                        .text());
  }

  void done(const sess::SessionKey& key, const sess::Status& status) {
    if (is_end(status)) ++ended_;
    print_outcome(key, status);
    require(store_, status, "end session", key);
  }

  Output& out_;
  bool json_;
  bool dry_run_;
  // Before the store, whose events are about them.
  std::function<void()> on_destroyed_;
  std::optional<sess::SessionKey> set_aside_;  // what could not be read, and was moved to quarantine last
  ExitCode code_ = ExitCode::ok;
  sess::Store store_;
  std::uint64_t ended_ = 0;
};

}  // namespace

ExitCode run_rm(const Invocation& invocation) {
  CommandLine line(invocation, "[SESSION...]",
                   "Ends each session for good: it cannot come back, not even after a power cut. One that cannot\n"
                   "be ended is reported and the others are ended all the same; the exit code is that of the\n"
                   "first failure. With --id, the session that it names is ended as well.\n"
                   "\n"
                   "Instead of sessions, options say which: those of a user (with --principal alone also every\n"
                   "login that is just under way), those not used for long, and the like; 'sessctl ls' with the\n"
                   "same options lists them. What does not match any more when its lock is there, stays. How many\n"
                   "have ended is printed; with --dry-run, how many would end, and nothing is changed.\n"
                   "--principal goes by the list that the store keeps of that user's sessions: where files of the\n"
                   "store were lost, run 'sessctl repair' first.\n"
                   "\n"
                   "An ID that was replaced by another one can be read for a while yet (StoreOptions::grace, 30 s).\n"
                   "--all and --principal end that, too, and so does the key of the ID itself, with the session.\n"
                   "\n"
                   "  sessctl rm 5f2a1c 77d0e4\n"
                   "  sessctl rm --principal ann\n"
                   "  sessctl rm --kind anonymous --idle-more-than 2h\n");
  Selection selection;
  bool all = false;
  bool yes = false;
  bool quiet = false;
  bool dry_run = false;
  line.add_session_id();
  line.add_wait();
  selection.add_options(line);
  line.add_flag("--all", all, "Every session; needs --yes");
  line.add_flag("--yes", yes, "Really");
  line.add_flag("--dry-run", dry_run, "Count what options say, and end nothing");
  line.add_flag("--quiet", quiet, "Do not print how many have ended");
  if (!line.parse()) return ExitCode::ok;
  selection.take(line);
  const bool are_named = !line.operands().empty() || line.session_id();
  const bool are_selected = all || !selection.is_empty();
  if (are_named && are_selected) line.fail("sessions are named, and options say which: one or the other");
  if (!are_named && !are_selected)
    line.fail(
        "nothing says which sessions: give keys, prefixes of keys, or --id -; options such as --principal or "
        "--idle-more-than; or --all --yes");
  if (dry_run && are_named) line.fail("--dry-run goes with options that say which sessions, and these are named");
  if (all && !selection.is_empty()) line.fail("--all is every session, and other options say which");
  if (all && !yes && !dry_run) line.fail("--all ends every session of the store, and wants --yes");
  if (yes && !all) line.fail("--yes goes with --all");

  Removal removal(invocation, line, dry_run);
  const sess::Store& store = removal.store();
  if (are_selected) {
    if (selection.principal() && !selection.has_conditions()) {
      removal.end_principal(*selection.principal());
    } else {
      // Each as it is found, and the visit says how far it is: the keys of all would take memory for each session that
      // there is.
      removal.attempt([&] {
        // A visit of all sessions says itself how far it is.
        std::optional<Progress> progress;
        if (selection.principal()) progress.emplace("sessions");
        std::uint64_t count = 0;
        const auto end = [&](const sess::SessionEntry& entry) {
          if (progress) progress->show(++count);
          if (!selection.has_conditions())
            removal.end_found(entry);
          else if (entry.problem.empty())
            removal.end_if(selection, entry.key);
          else
            removal.leave(entry);
          return true;
        };
        UnreadParts unread;
        selection.visit(store, end, unread.callback());
        unread.require_none();
      });
      if (all) removal.end_replaced();
    }
    if (!quiet) removal.print_count();
    return removal.code();
  }
  // All are found before any is ended: a prefix that two sessions share must not come to mean the second one because
  // the first was named in full before it.
  std::vector<sess::SessionKey> keys;
  if (line.session_id()) removal.attempt([&] { keys.push_back(find_by_id(store, *line.session_id()).key()); });
  for (const std::string& operand : line.operands())
    removal.attempt([&] { keys.push_back(find_by_key(store, operand)); });
  Progress progress("sessions");
  std::uint64_t count = 0;
  for (const sess::SessionKey& key : keys) {
    progress.show(count, static_cast<double>(count) / static_cast<double>(keys.size()));
    ++count;
    removal.end(key);
  }
  return removal.code();
}

}  // namespace sessctl
