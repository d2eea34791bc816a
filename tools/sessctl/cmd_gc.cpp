#include "command_line.hpp"
#include "failure.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "report.hpp"

#include <fmt/format.h>

namespace sessctl {
namespace {

std::string counted(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string sentence(const sess::GcReport& report, std::uint32_t shards, bool dry_run) {
  std::string text =
      fmt::format("{} {}", dry_run ? "would remove" : "removed", counted(report.expired, "expired session"));
  if (report.spares > 0) text += " and " + counted(report.spares, "spare file");
  if (report.leftovers > 0) text += " and " + counted(report.leftovers, "leftover file");
  text += ", examined " + counted(report.examined, "session");
  if (report.in_use > 0) text += fmt::format(", left {} in use", report.in_use);
  if (report.unreadable > 0) text += fmt::format(", left {} that cannot be read", report.unreadable);
  if (report.quarantined > 0)
    text += fmt::format(", {} {} to quarantine", dry_run ? "would move" : "moved", report.quarantined);
  if (!report.complete) text += fmt::format(", did {} of {} shards", report.shards_done, shards);
  return text + fmt::format(" in {} ms", (report.duration.count() + 500) / 1000);
}

std::string json_of(const sess::GcReport& report, bool dry_run) {
  return JsonLine()
      .add("outcome", to_string(report.status.outcome()))
      .add("dry_run", dry_run)
      .add("examined", report.examined)
      .add("expired", report.expired)
      .add("in_use", report.in_use)
      .add("leftovers", report.leftovers)
      .add("spares", report.spares)
      .add("quarantined", report.quarantined)
      .add("unreadable", report.unreadable)
      .add("errors", report.errors)
      .add("first_error", report.first_error.empty() ? sess::Value() : sess::Value(report.first_error))
      .add("shards_done", report.shards_done)
      .add("complete", report.complete)
      .add("clock_jump_ms", report.clock_jump.count())
      .add("held_for_ms", report.held_for.count())
      .add("duration_us", report.duration.count())
      .text();
}

}  // namespace

ExitCode run_gc(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "Removes sessions that have expired, and temporary files of programs that were killed. Next\n"
                   "to the programs that use the store it is safe at any time. Exit codes: 0 done, also when the\n"
                   "budget was used up before every shard was looked at; 65 records did not verify and were moved\n"
                   "to quarantine; 74 some files could not be examined or removed; 75 another sweeper is at work,\n"
                   "or the system clock was set ahead since the last sweep: a clock that is wrong for a while must\n"
                   "not end every session, so nothing is removed for an hour, or until the clock is set right.\n"
                   "\n"
                   "  sessctl gc --budget 200ms\n");
  std::optional<std::chrono::milliseconds> budget;
  bool dry_run = false;
  line.add_duration("--budget", budget, std::chrono::milliseconds(1),
                    "Stop after about this long; the next sweep goes on\nfrom there (default: no limit)");
  line.add_flag("--dry-run", dry_run, "Count what would be removed and remove nothing");
  bool trust_clock = false;
  line.add_flag("--trust-clock", trust_clock, "Sweep although the system clock was set ahead");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");

  const sess::Store store = open_store(line.store_path());
  sess::GcOptions options;
  if (budget) options.budget = *budget;
  options.dry_run = dry_run;
  if (trust_clock) options.clock_hold = std::chrono::milliseconds(0);
  const sess::GcReport report = store.gc(options);
  const bool busy = report.status == sess::Outcome::busy;
  const bool held = report.held_for > std::chrono::milliseconds(0);
  if (line.json())
    invocation.out.print_line(json_of(report, dry_run));
  else if (!busy && !held)
    invocation.out.print_line(sentence(report, store.facts().shards, dry_run));

  const auto fail = [&](ExitCode code, std::string_view cause, std::string_view advice) {
    throw Failure(code, "sweep store", store.facts().path, cause, advice);
  };
  if (busy) {
    const int holder = report.status.holder();
    fail(ExitCode::busy, "another sweeper is at work" + (holder > 0 ? fmt::format(", process {}", holder) : ""),
         "let it finish, or try again later");
  }
  if (held)
    fail(ExitCode::busy,
         fmt::format("the system clock was set ahead by {}, so nothing is removed for another {}",
                     human_age(report.clock_jump), human_age(report.held_for)),
         "set it right, or sweep with --trust-clock if it is right");
  if (report.errors > 0)
    fail(ExitCode::io, fmt::format("{} failed, first: {}", counted(report.errors, "file"), report.first_error),
         "the rest was swept; check the file system that holds the store");
  if (report.quarantined > 0 && dry_run)
    fail(ExitCode::data, counted(report.quarantined, "damaged record") + " found",
         "'sessctl gc' moves them to the store's directory quarantine");
  if (report.quarantined > 0)
    fail(ExitCode::data, counted(report.quarantined, "damaged record") + " moved to quarantine",
         "look at them in the store's directory quarantine; the rest was swept");
  return ExitCode::ok;
}

}  // namespace sessctl
