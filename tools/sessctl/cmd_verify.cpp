#include "command_line.hpp"
#include "failure.hpp"
#include "findings.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "own_process.hpp"
#include "progress.hpp"
#include "report.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace sessctl {
namespace {

std::string sentence(const sess::VerifyReport& report) {
  std::string text = fmt::format("verified {} record{} ({}) and {} list{} of principals in {} ms: {}", report.records,
                                 report.records == 1 ? "" : "s", human_size(report.bytes), report.principals,
                                 report.principals == 1 ? "" : "s", (report.duration.count() + 500) / 1000,
                                 counts_of(report.errors, report.warnings, report.notes));
  if (report.quarantined > 0)
    text += fmt::format("; {} damaged record{} in quarantine", report.quarantined,
                        report.quarantined == 1 ? " is" : "s are");
  return text;
}

std::string json_of(const sess::VerifyReport& report, const std::string& path) {
  return JsonLine()
      .add("path", path)
      .add("records", report.records)
      .add("bytes", report.bytes)
      .add("principals", report.principals)
      .add("errors", report.errors)
      .add("warnings", report.warnings)
      .add("notes", report.notes)
      .add("unread", report.unread)
      .add("quarantined", report.quarantined)
      .add("duration_us", report.duration.count())
      .text();
}

[[noreturn]] void fail(const Verdict& verdict, const std::string& path, const sess::VerifyReport& report) {
  const ExitCode code = verdict.code();
  const std::string found = counts_of(report.errors, report.warnings, 0);
  switch (code) {
    case ExitCode::io:
      throw Failure(code, "verify store", path, found + ": not everything could be read",
                    advice_on(verdict.error_number()));
    case ExitCode::no_permission:
      throw Failure(code, "verify store", path, found + ": not everything may be read",
                    "standard output says of which files, and what to do");
    case ExitCode::busy:
      throw Failure(code, "verify store", path, "some records are locked and could not be judged", "try again");
    default:
      throw Failure(code, "verify store", path, found + " found", "standard output says what and where");
  }
}

}  // namespace

ExitCode run_verify(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "Reads every record, every list of principals and the store's own files, and says what is not\n"
                   "as it should be. Changes nothing, and is safe at any time next to the programs that use the\n"
                   "store: what they are just writing is no finding. Copies that the store keeps for the next\n"
                   "commit are not read.\n"
                   "\n"
                   "A line is: severity, kind, file or session, what is wrong, what to do. Notes are about what puts\n"
                   "itself right, such as what a killed program leaves. Exit codes: 0 nothing found but notes; 65\n"
                   "errors or warnings; 74 not everything could be read; 75 something was locked for too long; 77\n"
                   "not everything may be read.\n"
                   "\n"
                   "  sessctl verify --quiet --idle-io --jobs 1\n");
  sess::VerifyOptions options;
  std::optional<std::string> jobs;
  bool notes = false;
  bool quiet = false;
  bool idle_io = false;
  line.add_text("--jobs", jobs, "COUNT", "Threads that read (default: as many as processors,\nat most 8)");
  line.add_flag("--notes", notes, "Print notes, too");
  line.add_flag("--quiet", quiet, "For cron: say something only when something is wrong");
  line.add_flag("--idle-io", idle_io, "Read only when nobody else does (ioprio)");
  line.add_wait();
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");
  if (jobs) options.jobs = line.number_of("--jobs", *jobs, 1, 256);
  if (quiet && (line.json() || notes)) line.fail("--quiet contradicts --json and --notes");
  if (idle_io) use_idle_io();

  sess::StoreOptions store_options = line.store_options();
  store_options.probe = false;  // that would be a write
  const sess::Store store = open_store(line.store_path(), store_options);
  const std::string path = store.facts().path;
  Verdict verdict;
  Progress progress("records");
  if (!quiet) options.on_progress = progress.callback();
  const sess::VerifyReport report = sess::verify(store, options, [&](const sess::Finding& found) {
    require_descriptors(found.error_number, path, found.file);
    const sess::Finding finding = advised(found, path);
    verdict.add(finding);
    if (line.json())
      invocation.out.print_line(finding_json(finding));
    else if (notes || finding.severity != sess::Finding::Severity::note)
      invocation.out.print_line(finding_line(finding));
  });
  if (line.json())
    invocation.out.print_line(json_of(report, path));
  else if (!quiet)
    invocation.out.print_line(sentence(report));
  if (verdict.code() != ExitCode::ok) fail(verdict, path, report);
  return ExitCode::ok;
}

}  // namespace sessctl
