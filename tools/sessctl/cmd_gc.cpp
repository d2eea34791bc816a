#include "command_environment.hpp"
#include "command_line.hpp"
#include "escape.hpp"
#include "export_lines.hpp"
#include "failure.hpp"
#include "fed_command.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "old_quarantine.hpp"
#include "open_store.hpp"
#include "own_process.hpp"
#include "progress.hpp"
#include "report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sessctl {
namespace {

using Steady = std::chrono::steady_clock;

struct Sweep {
  sess::GcOptions options;
  std::optional<std::string> on_expire;
  std::optional<std::chrono::milliseconds> quarantine_age;  // from which on quarantine is purged
  bool quiet = false;
  bool json = false;
  bool is_one_of_several = false;
};

/// What was deleted from quarantine because it had been there for long enough.
struct Purge {
  std::uint64_t purged = 0;
  std::uint64_t left = 0;  // for the next sweep, because the budget was used up
  std::string error;       // why it did not come to its end; empty: it did, or the budget was used up
  std::string advice;
};

/// The oldest first, until the budget of a sweep that began then is used up; zero: all. Where the sweep has used all of
/// it, a tenth is for this, and one is deleted whatever the budget: else a quarantine would only grow.
Purge purge_quarantine(const sess::Store& store, const Sweep& sweep, Steady::time_point begin) {
  Purge purge;
  std::optional<Progress> progress;
  if (!sweep.quiet) progress.emplace("deleted from quarantine");
  const std::chrono::milliseconds budget = sweep.options.budget;
  const bool is_bounded = budget.count() > 0 && !sweep.options.dry_run;
  try {
    const sess::Quarantine quarantine(store);
    const auto all = quarantined_for(quarantine, *sweep.quarantine_age);
    purge.left = all.size();
    const auto until = std::max(begin + budget, Steady::now() + budget / 10);
    for (const sess::Quarantined& old : all) {
      const std::uint64_t done = all.size() - purge.left;
      if (is_bounded && done > 0 && Steady::now() >= until) break;
      if (progress) progress->show(done, static_cast<double>(done) / static_cast<double>(all.size()));
      if (sweep.options.dry_run || quarantine.purge(old.name)) ++purge.purged;
      --purge.left;
    }
  } catch (const sess::IoError& error) {
    purge.error = error.what();
    purge.advice = advice_on(error);
  }
  return purge;
}

std::string sentence(const sess::GcReport& report, const Purge& purge, std::uint32_t shards, bool dry_run) {
  std::string text =
      fmt::format("{} {}", dry_run ? "would remove" : "removed", counted(report.expired, "expired session"));
  if (report.spares > 0) text += " and " + counted(report.spares, "spare file");
  if (report.leftovers > 0) text += " and " + counted(report.leftovers, "leftover file");
  text += ", examined " + counted(report.examined, "session");
  if (report.in_use > 0) text += fmt::format(", left {} in use", report.in_use);
  if (report.unreadable > 0) text += fmt::format(", left {} that cannot be read", report.unreadable);
  if (report.quarantined > 0)
    text += fmt::format(", {} {} to quarantine", dry_run ? "would move" : "moved", report.quarantined);
  if (purge.purged > 0)
    text += fmt::format(", {} {} from quarantine", dry_run ? "would delete" : "deleted", purge.purged);
  if (purge.left > 0) text += fmt::format(" and left {} there for the next sweep", purge.left);
  if (!report.complete) text += fmt::format(", did {} of {} shards", report.shards_done, shards);
  return text + fmt::format(" in {} ms", (report.duration.count() + 500) / 1000);
}

std::string json_of(const sess::GcReport& report, const Purge& purge, const std::string& path, bool dry_run) {
  return JsonLine()
      .add("path", path)
      .add("outcome", to_string(report.status.outcome()))
      .add("dry_run", dry_run)
      .add("examined", report.examined)
      .add("expired", report.expired)
      .add("in_use", report.in_use)
      .add("leftovers", report.leftovers)
      .add("spares", report.spares)
      .add("quarantined", report.quarantined)
      .add("purged", purge.purged)
      .add("purge_left", purge.left)
      .add("unreadable", report.unreadable)
      .add("errors", report.errors)
      .add("first_error", or_null(report.first_error))
      .add("shards_done", report.shards_done)
      .add("complete", report.complete)
      .add("clock_jump_ms", report.clock_jump.count())
      .add("held_for_ms", report.held_for.count())
      .add("duration_us", report.duration.count())
      .text();
}

/// Throws Failure for whatever somebody has to look at.
ExitCode sweep_store(const Sweep& sweep, const std::string& path, Output& out) {
  const auto begin = Steady::now();
  const uid_t invoker = ::geteuid();
  const sess::Store store = open_store(path);  // becomes its owner
  const bool dry_run = sweep.options.dry_run;
  sess::GcOptions options = sweep.options;
  std::optional<FedCommand> command;
  if (sweep.on_expire) {
    Patience patience;
    if (options.budget.count() > 0) patience.until = begin + options.budget;
    const bool is_another = ::geteuid() != invoker;
    // For the first session: a filter that is given nothing may call that a failure, as grep does.
    options.on_expired = [&, patience, is_another](const sess::SessionCopy& copy) {
      if (!command)
        command.emplace(*sweep.on_expire, is_another ? environment_of(::geteuid()) : own_environment(), patience);
      command->feed(to_line(copy) + "\n");
    };
  }
  std::optional<Progress> progress(std::in_place, "sessions");
  if (!sweep.quiet) options.on_progress = progress->callback();
  const sess::GcReport report = store.gc(options);
  progress.reset();
  if (command) command->finish();
  const bool busy = report.status == sess::Outcome::busy;
  const bool held = report.held_for > std::chrono::milliseconds(0);
  Purge purge;
  // By the clock that the sweep went by.
  if (sweep.quarantine_age && !busy && !held) purge = purge_quarantine(store, sweep, begin);
  if (sweep.json)
    out.print_line(json_of(report, purge, store.facts().path, dry_run));
  else if (!busy && !held && !sweep.quiet)
    out.print_line((sweep.is_one_of_several ? without_controls(store.facts().path) + ": " : "") +
                   sentence(report, purge, store.facts().shards, dry_run));

  const auto fail = [&](ExitCode code, std::string_view cause, std::string_view advice) {
    throw Failure(code, "sweep store", store.facts().path, cause, advice);
  };
  // Somebody does what was asked for.
  if (busy && sweep.quiet) return ExitCode::ok;
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
         fmt::format("the rest was swept; {}", advice_on(number_not_known)));
  if (!purge.error.empty())
    fail(ExitCode::io, "its quarantine was not purged: " + purge.error, "the sessions were swept; " + purge.advice);
  if (report.unreadable > 0) {
    std::string cause =
        counted(report.unreadable, "file") + " cannot be read, and " + (dry_run ? "would stay" : "stayed");
    if (report.quarantined > 0)
      cause += fmt::format(", and {} {} to quarantine", counted(report.quarantined, "damaged record"),
                           dry_run ? "would be moved" : "moved");
    fail(ExitCode::data, cause,
         dry_run ? "'sessctl verify' names them" : "'sessctl verify' names them; the rest was swept");
  }
  if (report.quarantined > 0 && dry_run)
    fail(ExitCode::data, counted(report.quarantined, "damaged record") + " found",
         "'sessctl gc' moves them to the store's directory quarantine");
  if (report.quarantined > 0)
    fail(ExitCode::data, counted(report.quarantined, "damaged record") + " moved to quarantine",
         "look at them in the store's directory quarantine; the rest was swept");
  return ExitCode::ok;
}

}  // namespace

ExitCode run_gc(const Invocation& invocation) {
  CommandLine line(
      invocation, "[DIR...]",
      "Removes sessions that have expired, and temporary files of programs that were killed. Next\n"
      "to the programs that use the store it is safe at any time. Several stores are swept one after\n"
      "the other, each as its owner where this is root; the exit code is that of the first failure.\n"
      "\n"
      "Exit codes: 0 done, also when the budget was used up before every shard was looked at; 65\n"
      "records did not verify and were moved to quarantine, or files that cannot be read stayed; 74 some\n"
      "files could not be examined or removed; 75 another sweeper is at work, or the system clock was\n"
      "set ahead since the last sweep: a clock that is wrong for a while must not end every session,\n"
      "so nothing is removed for an hour, or until the clock is set right.\n"
      "\n"
      "The command of --on-expire is started once for each store in which something has expired, by\n"
      "/bin/sh, as the store's owner and with his HOME, USER and LOGNAME where this is root. A session is\n"
      "removed when the command has read its line, so it gets each at least once: again where the sweep\n"
      "is killed in between. One that it does not read stays, with the rest: where it ends early, and\n"
      "where it reads nothing for 30 seconds (with --budget: for the rest of that, at least a second) and\n"
      "is killed. After the last it has an hour (with --budget: the rest of that, at least a minute), and\n"
      "is killed then. All of these, and its failure, are exit code 74. A session's values are in the\n"
      "line, those of a sealed session encrypted; one whose values cannot be decoded stays.\n"
      "\n"
      "What damaged records were moved to quarantine stay there unless --purge-quarantine gives them a\n"
      "retention time: 'sessctl quarantine' looks at them. With --budget they are deleted in what the\n"
      "sweep leaves of it, in a tenth of it at least, and the next sweep goes on with the rest.\n"
      "\n"
      "  sessctl gc --quiet --purge-quarantine 30d --idle-io /var/lib/shop/sessions /var/lib/wiki/sessions\n"
      "  sessctl gc --on-expire 'jq -c .values.cart >>/srv/shop/abandoned-carts'\n");
  Sweep sweep;
  std::optional<std::chrono::milliseconds> budget;
  bool trust_clock = false;
  bool idle_io = false;
  line.add_duration("--budget", budget, std::chrono::milliseconds(1),
                    "Stop after about this long; the next sweep goes on\nfrom there (default: no limit)");
  line.add_flag("--dry-run", sweep.options.dry_run, "Count what would be removed and remove nothing");
  line.add_flag("--trust-clock", trust_clock, "Sweep although the system clock was set ahead");
  line.add_flag("--quiet", sweep.quiet,
                "For cron: say something only when something is wrong;\n"
                "that another sweeper is at work is not");
  line.add_text("--on-expire", sweep.on_expire, "COMMAND",
                "Give the sessions that it removes to a shell\ncommand's standard input, each a line as of export");
  line.add_duration("--purge-quarantine", sweep.quarantine_age, std::chrono::milliseconds(0),
                    "Delete, for good, what has been in quarantine for\nlonger than this (default: it stays)");
  line.add_flag("--idle-io", idle_io, "Read and write only when nobody else does (ioprio)");
  if (!line.parse()) return ExitCode::ok;
  sweep.json = line.json();
  if (sweep.on_expire && sweep.on_expire->empty()) line.fail("--on-expire wants a command");
  if (sweep.on_expire && sweep.options.dry_run)
    line.fail("--dry-run removes nothing, and --on-expire is for what is removed");
  if (sweep.quiet && sweep.json) line.fail("--quiet and --json contradict each other");
  if (budget) sweep.options.budget = *budget;
  if (trust_clock) sweep.options.clock_hold = std::chrono::milliseconds(0);
  if (idle_io) use_idle_io();
  const std::vector<std::string>& directories = line.operands();
  if (directories.empty()) return sweep_store(sweep, line.store_path(), invocation.out);
  if (line.names_store()) line.fail("stores are named, and --store names one: one or the other");
  sweep.is_one_of_several = directories.size() > 1;
  ExitCode code = ExitCode::ok;
  for (const std::string& directory : directories) {
    ExitCode of_one = ExitCode::io;
    try {
      of_one = in_own_process(invocation.out, [&] { return sweep_store(sweep, directory, invocation.out); });
    } catch (const Killed&) {
      // The others are swept all the same.
      report(std::make_exception_ptr(
          Failure(ExitCode::io, "sweep store", directory, "the process that swept it was killed", "run gc again")));
    }
    if (code == ExitCode::ok) code = of_one;
  }
  return code;
}

}  // namespace sessctl
