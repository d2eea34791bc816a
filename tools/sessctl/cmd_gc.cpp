#include "command_line.hpp"
#include "failure.hpp"
#include "own_process.hpp"
#include "report.hpp"
#include "sweep.hpp"

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace sessctl {

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
      "retention time: 'sessctl quarantine' looks at them. What this sweep moves there stays in any case.\n"
      "With --budget they are deleted in what the sweep leaves of it, in a tenth of it at least, and the\n"
      "next sweep goes on with the rest.\n"
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
    // Whatever goes wrong with one, the others are swept all the same.
    ExitCode of_one = ExitCode::io;
    try {
      const auto ended = in_own_process(invocation.out, [&] { return sweep_store(sweep, directory, invocation.out); });
      if (!ended)
        throw Failure(ExitCode::io, "sweep store", directory, "the process that swept it was killed", "run gc again");
      of_one = *ended;
    } catch (const Failure&) {
      of_one = report(std::current_exception());
    }
    if (code == ExitCode::ok) code = of_one;
  }
  return code;
}

}  // namespace sessctl
