#include "command_line.hpp"
#include "escape.hpp"
#include "failure.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "old_quarantine.hpp"
#include "open_store.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "session_facts.hpp"

#include <sess/quarantine.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sessctl {
namespace {

using Kept = sess::Quarantined;
using Name = sess::QuarantinedName;
using File = sess::QuarantinedFile;

constexpr std::size_t shortest_name = 4;

std::uint64_t size_of(const Kept& kept) {
  return (kept.record ? kept.record->size : 0) + (kept.previous ? kept.previous->size : 0);
}

/// Of the record, or of what was beside it where that is all there is.
std::string problem_of(const Kept& kept) {
  const std::string& problem = kept.record ? kept.record->problem : kept.previous->problem;
  return problem.empty() ? "it verifies" : problem;
}

bool verifies(const std::optional<File>& file) { return file && file->problem.empty(); }

sess::Value json_of(const std::optional<File>& file) {
  if (!file) return {};
  sess::Value::Object object;
  object.emplace("size", file->size);
  object.emplace("problem", or_null(file->problem));
  object.emplace("names", file->names ? sess::Value(file->names->to_string()) : sess::Value());
  if (file->facts) {
    object.emplace("kind", kind_name(file->facts->kind));
    object.emplace("generation", file->facts->generation);
    object.emplace("created", utc_time(file->facts->created));
    object.emplace("deadline", utc_time(file->facts->deadline));
    object.emplace("sealed", file->facts->sealed);
    object.emplace("live", file->live);
  }
  return sess::Value(std::move(object));
}

std::string json_of(const Kept& kept, Clock::time_point now) {
  return JsonLine()
      .add("name", kept.name)
      .add("key", kept.key.to_string())
      .add("since", utc_time(kept.since))
      .add("age_ms", between(kept.since, now).count())
      .add("copy", kept.copy)
      .add("record", json_of(kept.record))
      .add("previous", json_of(kept.previous))
      .text();
}

/// What the commands of this command share.
class Work {
 public:
  Work(const Invocation& invocation, const CommandLine& line, const sess::Store& store)
      : out_(invocation.out), json_(line.json()), quarantine_(store), now_(Clock::now()) {}

  void list() const {
    const std::vector<Kept> all = quarantine_.list();
    if (!json_) out_.print_row({{row("NAME", "AGE", "SIZE", "PROBLEM"), Accent::heading}});
    for (const Kept& kept : all) {
      if (json_)
        out_.print_line(json_of(kept, now_));
      else
        out_.print_row({{row(kept.name, human_age(between(kept.since, now_)), human_size(size_of(kept)),
                             without_controls(problem_of(kept)))}});
    }
  }

  void show(const std::string& name) const {
    const Kept kept = find(name);
    if (json_) return out_.print_line(json_of(kept, now_));
    fact("name", kept.name);
    fact("key", kept.key.to_string());
    fact("in quarantine", fmt::format("{}, since {}", human_age(between(kept.since, now_)), utc_time(kept.since)));
    show_file("record", kept.record, kept.key);
    show_file("previous", kept.previous, kept.key);
    fact("restore", restorability(kept));
  }

  void restore(const std::string& name) const {
    const Kept kept = find(name);
    const sess::QuarantineOutcome outcome = quarantine_.restore(kept.name);
    if (json_) out_.print_line(JsonLine().add("name", kept.name).add("outcome", to_string(outcome)).text());
    require_restored(outcome, kept.name);
  }

  ExitCode purge(const std::vector<std::string>& names) const {
    Progress progress("names");
    const std::vector<Kept> all = quarantine_.list();
    return for_each<std::string>(names, progress, [&](const std::string& name) { purge_one(find(name, all).name); });
  }

  ExitCode purge_older_than(std::chrono::milliseconds age) const {
    Progress progress("names");
    return for_each<Name>(quarantined_for(quarantine_, age), progress,
                          [&](const Name& name) { told_of(name.name, quarantine_.purge(name)); });
  }

 private:
  static std::string_view restorability(const Kept& kept) {
    if (kept.copy) return "impossible: this is a copy; the session went on from its previous version";
    if (verifies(kept.record) || verifies(kept.previous))
      return "possible: 'sessctl quarantine restore' says what to think of first";
    return "impossible: no file verifies; if there is a copy of the right bytes, put it in its place";
  }

  static std::string row(std::string_view name, std::string_view age, std::string_view size, std::string_view problem) {
    return fmt::format("{:<58}  {:>5}  {:>5}  {}", name, age, size, problem);
  }

  /// Goes on after a failure; the code is that of the first.
  template <class Item>
  static ExitCode for_each(const std::vector<Item>& items, Progress& progress,
                           const std::function<void(const Item&)>& work) {
    ExitCode code = ExitCode::ok;
    std::uint64_t count = 0;
    for (const Item& item : items) {
      progress.show(count, static_cast<double>(count) / static_cast<double>(items.size()));
      ++count;
      try {
        work(item);
      } catch (const OutputClosed&) {
        throw;
      } catch (...) {
        const ExitCode failed = report(std::current_exception());
        if (code == ExitCode::ok) code = failed;
      }
    }
    return code;
  }

  void fact(std::string_view name, std::string_view text) const {
    out_.print_line(fmt::format("{:<13}  {}", name, text));
  }

  void show_file(std::string_view name, const std::optional<File>& file, const sess::SessionKey& key) const {
    if (!file) return fact(name, "none");
    const bool is_sure = file->problem.empty();
    fact(name, fmt::format("{}: {}", human_size(file->size), is_sure ? "verifies" : without_controls(file->problem)));
    if (!file->facts) return fact("", "it has no header");
    const sess::SessionFacts& facts = *file->facts;
    fact("", fmt::format("{}: {}, generation {}{}", is_sure ? "its header" : "its header says, which may be damaged",
                         kind_name(facts.kind), facts.generation, facts.sealed ? ", sealed" : ""));
    fact("", fmt::format("created {}, deadline {}", utc_time(facts.created), utc_time(facts.deadline)));
    if (file->names != key) fact("", "of session " + file->names->to_string());
    if (is_sure && !file->live) fact("", "its ID had been replaced by another");
  }

  /// By its name, or by what no other one begins with.
  Kept find(const std::string& name) const { return find(name, quarantine_.list()); }

  static Kept find(const std::string& name, const std::vector<Kept>& all) {
    std::vector<Kept> found;
    if (name.size() >= shortest_name)
      std::ranges::copy_if(all, std::back_inserter(found),
                           [&](const Kept& kept) { return kept.name.starts_with(name); });
    if (found.size() == 1) return found.front();
    if (found.size() > 1)
      throw Failure(ExitCode::usage, "find in quarantine", "", "the name fits several", "give more of it");
    throw Failure(ExitCode::absent, "find in quarantine", "", "there is nothing of this name",
                  "'sessctl quarantine ls' lists what there is");
  }

  void purge_one(const std::string& name) const { told_of(name, quarantine_.purge(name)); }

  void told_of(const std::string& name, bool is_purged) const {
    if (json_) out_.print_line(JsonLine().add("name", name).add("outcome", is_purged ? "purged" : "absent").text());
  }

  static void require_restored(sess::QuarantineOutcome outcome, const std::string& name) {
    using QuarantineOutcome = sess::QuarantineOutcome;
    const auto fail = [&](ExitCode code, std::string_view cause, std::string_view advice) {
      throw Failure(code, "restore", name, cause, advice);
    };
    constexpr std::string_view nothing_done = "nothing was changed; purge it if it is not needed";
    switch (outcome) {
      case QuarantineOutcome::restored:
        return;
      case QuarantineOutcome::durability_unknown:
        return fail(ExitCode::io, "restored, but the sync to disk failed", "a power cut may undo it; check the disk");
      case QuarantineOutcome::absent:
        return fail(ExitCode::absent, "it is not in quarantine any more",
                    "'sessctl quarantine ls' lists what there is");
      case QuarantineOutcome::unverified:
        return fail(ExitCode::data, "no file of it verifies",
                    "nothing was changed; put the right bytes in its place, if there is a copy of them");
      case QuarantineOutcome::no_session:
        return fail(ExitCode::data, "it is the list of a principal", "'sessctl repair' makes that from the sessions");
      case QuarantineOutcome::copy:
        return fail(ExitCode::cannot_create, "it is a copy: the session went on from its previous version",
                    nothing_done);
      case QuarantineOutcome::occupied:
        return fail(ExitCode::cannot_create, "there is a session of this key", nothing_done);
      case QuarantineOutcome::expired:
        return fail(ExitCode::absent, "the session has expired", nothing_done);
      case QuarantineOutcome::replaced:
        return fail(ExitCode::absent, "the session's ID had been replaced", nothing_done);
      case QuarantineOutcome::ended:
        return fail(ExitCode::absent, "all sessions of its user were ended since, or that is not known any more",
                    nothing_done);
      case QuarantineOutcome::busy:
        return fail(ExitCode::busy, "the list of its principal is locked", "try again");
    }
  }

  Output& out_;
  bool json_;
  sess::Quarantine quarantine_;
  Clock::time_point now_;
};

}  // namespace

ExitCode run_quarantine(const Invocation& invocation) {
  CommandLine line(invocation, "[ls | show | restore | purge] [NAME...]",
                   "Damaged records are kept in quarantine until somebody has looked at them. NAME is that of\n"
                   "'ls', or its beginning, at least 4 characters that no other one begins with.\n"
                   "\n"
                   "show says why it is there and what its headers say; values are never printed. restore brings\n"
                   "back what verifies by now, because somebody has put the right bytes in its place: not over a\n"
                   "session that there is, nor one that has expired, was replaced, or was ended with all others\n"
                   "of its user; nor a copy, of which the session went on from its previous version. Whether the\n"
                   "user has logged out since is not known: a logout finds no session in quarantine and leaves no\n"
                   "trace. So restore wants --yes. purge deletes, for good.\n"
                   "\n"
                   "  sessctl quarantine purge --older-than 30d\n"
                   "  sessctl gc --quiet --purge-quarantine 30d    (in a crontab: the retention time)\n");
  std::optional<std::chrono::milliseconds> older_than;
  bool all = false;
  bool yes = false;
  line.add_duration("--older-than", older_than, std::chrono::milliseconds(0),
                    "purge: what has been there for longer than this");
  line.add_flag("--all", all, "purge: everything; needs --yes");
  line.add_flag("--yes", yes, "restore, purge --all: really");
  if (!line.parse()) return ExitCode::ok;
  std::vector<std::string> names = line.operands();
  const std::string action = names.empty() ? "ls" : names.front();
  if (!names.empty()) names.erase(names.begin());
  const bool is_purge = action == "purge";
  const bool is_restore = action == "restore";
  if (action != "ls" && action != "show" && !is_restore && !is_purge) line.fail("wants ls, show, restore or purge");
  if (action == "ls" && !names.empty()) line.fail("ls wants no arguments");
  if ((action == "show" || is_restore) && names.size() != 1) line.fail(action + " wants one name");
  if ((older_than || all) && !is_purge) line.fail("--older-than and --all go with purge");
  if (is_purge && (names.empty() ? 0 : 1) + (older_than ? 1 : 0) + (all ? 1 : 0) != 1)
    line.fail("purge wants names, --older-than, or --all");
  if (all && !yes) line.fail("--all deletes everything in quarantine, and wants --yes");
  if (yes && !all && !is_restore) line.fail("--yes goes with restore and --all");
  if (is_restore && !yes) line.fail("a user who has logged out since would be logged in again; restore wants --yes");

  const sess::Store store = open_store(line.store_path());
  const Work work(invocation, line, store);
  if (action == "ls") work.list();
  if (action == "show") work.show(names.front());
  if (is_restore) work.restore(names.front());
  if (!is_purge) return ExitCode::ok;
  if (names.empty()) return work.purge_older_than(older_than.value_or(std::chrono::milliseconds(0)));
  return work.purge(names);
}

}  // namespace sessctl
