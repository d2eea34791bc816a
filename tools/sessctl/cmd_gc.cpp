#include "command_line.hpp"
#include "failure.hpp"
#include "own_process.hpp"
#include "report.hpp"
#include "store_list.hpp"
#include "sweep.hpp"
#include "sweep_metrics.hpp"

#include <chrono>
#include <exception>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace sessctl {
namespace {

/// That of the first failure.
struct Code {
  ExitCode first = ExitCode::ok;

  void add(ExitCode code) noexcept {
    if (first == ExitCode::ok) first = code;
  }
};

/// No store is swept twice because it is named twice. What cannot be found is left to the sweep, which says so. Asked
/// just before each sweep, so that a file system that hangs keeps back as little as possible.
class Swept {
 public:
  bool is_new(const std::string& directory) {
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(directory, error);
    return error || known_.insert(real).second;
  }

 private:
  std::set<std::filesystem::path> known_;
};

/// The label of its metrics: the same from wherever this is started, and with a slash behind it or without.
std::string label_of(const std::string& directory) {
  std::string path = std::filesystem::absolute(directory).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

/// Whatever goes wrong with one store, the others are swept all the same.
void sweep_by_child(const Sweep& sweep, const std::string& directory, const std::optional<std::string>& metrics,
                    Output& out, Code& code) {
  std::string path = directory;
  std::string counts;
  ExitCode swept = ExitCode::io;
  try {
    if (metrics) path = label_of(directory);
    Sweep own = sweep;
    std::optional<Message> message;
    if (metrics) own.counts = &message.emplace();
    const auto ended = in_own_process(out, [&] { return sweep_store(own, path, out); });
    if (!ended)
      throw Failure(ExitCode::io, "sweep store", directory, "the process that swept it was killed", "run gc again");
    swept = *ended;
    if (message) counts = message->read();
  } catch (const std::exception&) {  // also that nobody reads what is printed
    swept = report(std::current_exception());
  }
  code.add(swept);
  if (!metrics) return;
  try {
    write_sweep_metrics(*metrics, path, counts + metrics_of_end(path, swept, Clock::now()));
  } catch (const Failure&) {
    code.add(report(std::current_exception()));
  }
}

}  // namespace

ExitCode run_gc(const Invocation& invocation) {
  CommandLine line(
      invocation, "[DIR...]",
      "Removes sessions that have expired, and temporary files of programs that were killed. Next\n"
      "to the programs that use the store it is safe at any time. Several stores are swept one after\n"
      "the other, each as its owner where this is root; the exit code is that of the first failure.\n"
      "With --stores that includes lines that are no full path (78).\n"
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
      "--metrics replaces DIR/sessctl-gc-STORE.prom, as the user who runs gc; STORE is the path of the\n"
      "store as systemd-escape --path has it. In it are exit code, time, and what the sweep has counted:\n"
      "alert if libsess_gc_exit_code is not 0, or libsess_gc_timestamp_seconds is long ago.\n"
      "\n"
      "  sessctl gc --quiet --purge-quarantine 30d --idle-io /var/lib/shop/sessions /var/lib/wiki/sessions\n"
      "  sessctl gc --on-expire 'jq -c .values.cart >>/srv/shop/abandoned-carts'\n");
  Sweep sweep;
  std::optional<std::chrono::milliseconds> budget;
  bool trust_clock = false;
  std::optional<std::string> list;
  std::optional<std::string> metrics;
  bool idle_io = false;
  line.add_duration("--budget", budget, std::chrono::milliseconds(1),
                    "Stop after about this long; the next sweep goes on\nfrom there (default: no limit)");
  line.add_flag("--dry-run", sweep.options.dry_run, "Count what would be removed and remove nothing");
  line.add_flag("--trust-clock", trust_clock, "Sweep although the system clock was set ahead");
  line.add_flag("--quiet", sweep.quiet,
                "For cron: say something only when something is wrong;\n"
                "that another sweeper is at work is not, for an hour");
  line.add_text("--on-expire", sweep.on_expire, "COMMAND",
                "Give the sessions that it removes to a shell\ncommand's standard input, each a line as of export");
  line.add_duration("--purge-quarantine", sweep.quarantine_age, std::chrono::milliseconds(0),
                    "Delete, for good, what has been in quarantine for\nlonger than this (default: it stays)");
  line.add_text("--stores", list, "FILE",
                "Sweep the stores that this lists, a full path a line;\na line that begins with '#' is none");
  line.add_text("--metrics", metrics, "DIR",
                "Write how it went into a file for each store, for\nPrometheus' textfile collector");
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
  if (list && !line.operands().empty()) line.fail("stores are named, and --stores names a list: one or the other");
  if (line.names_store() && (list || !line.operands().empty()))
    line.fail("stores are named, and --store names one: one or the other");
  if (metrics && sweep.options.dry_run) line.fail("--dry-run sweeps nothing, and --metrics tells how a sweep went");
  if (!list && !metrics && line.operands().empty()) return sweep_store(sweep, line.store_path(), invocation.out);

  Code code;
  std::vector<std::string> directories = line.operands();
  if (list)
    directories =
        read_store_list(*list, [&](const Failure& wrong) { code.add(report(std::make_exception_ptr(wrong))); });
  else if (directories.empty())
    directories.push_back(line.store_path());
  sweep.is_one_of_several = directories.size() > 1;
  Swept swept;
  for (const std::string& directory : directories)
    if (swept.is_new(directory)) sweep_by_child(sweep, directory, metrics, invocation.out, code);
  return code.first;
}

}  // namespace sessctl
