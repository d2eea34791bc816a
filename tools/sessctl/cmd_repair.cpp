#include "command_line.hpp"
#include "failure.hpp"
#include "findings.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "own_process.hpp"
#include "progress.hpp"
#include "report.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sessctl {
namespace {

/// `unprinted`: of what is counted, how many notes have no line.
std::string sentence(const sess::RepairReport& report, std::uint64_t unprinted, bool dry_run) {
  std::string text;
  const auto add = [&](std::uint64_t count, std::string_view done) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, done);
  };
  const auto either = [&](std::string_view done, std::string_view would) { return dry_run ? would : done; };
  add(report.mended, either("mended", "to be mended"));
  add(report.quarantined, either("moved to quarantine", "to be moved to quarantine"));
  add(report.removed, either("removed", "to be removed"));
  add(report.left, "left");
  add(report.failed, "failed");
  if (text.empty()) text = "nothing to repair";
  if (unprinted > 0)
    text += fmt::format("; {} of these {} told with --notes", unprinted, unprinted == 1 ? "is" : "are");
  return fmt::format("{}verified {} record{} in {} ms: {}", dry_run ? "dry run, nothing was changed: " : "",
                     report.verified.records, report.verified.records == 1 ? "" : "s",
                     (report.verified.duration.count() + 500) / 1000, text);
}

std::string json_of(const sess::RepairReport& report, const std::string& path, bool dry_run) {
  return JsonLine()
      .add("path", path)
      .add("dry_run", dry_run)
      .add("records", report.verified.records)
      .add("principals", report.verified.principals)
      .add("mended", report.mended)
      .add("quarantined", report.quarantined)
      .add("removed", report.removed)
      .add("left", report.left)
      .add("failed", report.failed)
      .add("duration_us", report.verified.duration.count())
      .text();
}

/// What is left of the findings, and what was lost.
class Outcome {
 public:
  void add(const sess::Repaired& repaired) {
    using Action = sess::Repaired::Action;
    const bool is_locked = repaired.action == Action::left && repaired.error_number == EWOULDBLOCK;
    if (is_locked) is_locked_ = true;
    if (repaired.action == Action::left && !is_locked) left_.add(repaired.finding);
    if (repaired.action == Action::quarantined) is_lost_ = true;
    if (repaired.action == Action::failed && failed_ == ExitCode::ok) failed_ = exit_code_of(repaired.error_number);
  }
  ExitCode code() const noexcept {
    if (failed_ != ExitCode::ok) return failed_;
    if (left_.code() == ExitCode::io || left_.code() == ExitCode::no_permission) return left_.code();
    if (is_lost_) return ExitCode::data;
    return left_.code() == ExitCode::ok && is_locked_ ? ExitCode::busy : left_.code();
  }
  /// Where the code is io and nothing has failed: see Verdict.
  int error_number() const noexcept { return left_.error_number(); }

 private:
  Verdict left_;
  bool is_lost_ = false;
  bool is_locked_ = false;
  ExitCode failed_ = ExitCode::ok;
};

/// What was recovered, or moved to quarantine, by a look at a record that was damaged after it had been verified.
class Aside {
 public:
  void add(const sess::Event& event) {
    using Kind = sess::Event::Kind;
    if (!event.key || (event.kind != Kind::recovered && event.kind != Kind::quarantined)) return;
    sess::Repaired repaired;
    repaired.finding.kind = sess::Finding::Kind::checksum;
    repaired.finding.key = event.key;
    repaired.finding.what = "its record was damaged meanwhile";
    repaired.action =
        event.kind == Kind::recovered ? sess::Repaired::Action::mended : sess::Repaired::Action::quarantined;
    repaired.what = event.detail;
    untold_.push_back(std::move(repaired));
  }
  /// Has a line of its own.
  void forget(const sess::Repaired& told) {
    std::erase_if(untold_, [&](const sess::Repaired& each) { return each.finding.key == told.finding.key; });
  }
  const std::vector<sess::Repaired>& untold() const { return untold_; }

 private:
  std::vector<sess::Repaired> untold_;
};

Failure failure(const Outcome& outcome, const std::string& path, const sess::RepairReport& report, bool dry_run) {
  const ExitCode code = outcome.code();
  const auto of = [&](const std::string& cause, std::string_view advice) {
    return Failure(code, "repair store", path, cause, advice);
  };
  if (report.failed > 0) return of(fmt::format("{} could not be repaired", report.failed), "standard output says why");
  if (code == ExitCode::busy) return of("something is locked", "run repair again, when nobody holds it");
  if (code == ExitCode::io) return of("not everything could be read", advice_on(outcome.error_number()));
  if (code == ExitCode::no_permission)
    return of("not everything may be read", "standard output says of which files, and what to do");
  if (report.quarantined == 0) return of("something is left for a person", "standard output says what, and what to do");
  const bool is_one = report.quarantined == 1;
  const std::string_view moved = dry_run ? "would be" : is_one ? "was" : "were";
  return of(fmt::format("{} damaged record{} {} moved to quarantine", report.quarantined, is_one ? "" : "s", moved),
            dry_run  ? "'sessctl repair' does it, and keeps their files"
            : is_one ? "the session is gone, and its files are kept in the store's directory quarantine"
                     : "the sessions are gone, and their files are kept in the store's directory quarantine");
}

}  // namespace

ExitCode run_repair(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "Verifies as 'sessctl verify' does, and mends what is safe to mend: restores damaged records\n"
                   "from their previous version, and lists of principals from the sessions; sets deadlines and\n"
                   "permissions right; makes missing directories; removes what killed programs left. A damaged\n"
                   "record without a previous version is moved to quarantine. Nothing damaged is deleted. Files\n"
                   "of other users or of newer formats, and what is not libsess's, are left. Safe at any time,\n"
                   "next to the programs that use the store; interrupted, it is simply run again.\n"
                   "\n"
                   "Exit codes: 0 all is mended; 65 records were moved to quarantine, or something is left for a\n"
                   "person; 74 something could not be read or repaired; 75 something was locked for too long; 77\n"
                   "something may not be read or changed. With --dry-run the same, as if it had been done.\n"
                   "\n"
                   "  sessctl repair --dry-run\n");
  sess::RepairOptions options;
  std::optional<std::string> jobs;
  bool notes = false;
  std::uint64_t unprinted = 0;
  bool idle_io = false;
  line.add_flag("--dry-run", options.dry_run, "Say what would be done and do nothing");
  line.add_text("--jobs", jobs, "COUNT", "Threads that read (default: as many as processors,\nat most 8)");
  line.add_flag("--notes", notes, "Print what is done about notes, too");
  line.add_flag("--idle-io", idle_io, "Read and write only when nobody else does (ioprio)");
  line.add_wait();
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");
  if (jobs) options.jobs = line.number_of("--jobs", *jobs, 1, 256);
  if (idle_io) use_idle_io();

  sess::StoreOptions store_options = line.store_options();
  store_options.probe = !options.dry_run;
  Aside aside;
  store_options.on_event = [&](const sess::Event& event) { aside.add(event); };
  const sess::Store store = open_store(line.store_path(), store_options);
  const std::string path = store.facts().path;
  Outcome outcome;
  Progress progress("records");
  options.on_progress = progress.callback();
  const auto tell = [&](const sess::Repaired& repaired) {
    outcome.add(repaired);
    const bool is_note = repaired.finding.severity == sess::Finding::Severity::note;
    if (line.json())
      invocation.out.print_line(repaired_json(repaired, options.dry_run));
    else if (notes || !is_note || repaired.action == sess::Repaired::Action::failed)
      invocation.out.print_line(repaired_line(repaired, options.dry_run));
    else
      ++unprinted;
  };
  sess::RepairReport report = sess::repair(store, options, [&](const sess::Repaired& repaired) {
    require_descriptors(repaired.finding.error_number, path, repaired.finding.file);
    require_descriptors(repaired.error_number, path, repaired.finding.file);
    aside.forget(repaired);
    tell(advised(repaired, path));
  });
  for (const sess::Repaired& repaired : aside.untold()) {
    ++(repaired.action == sess::Repaired::Action::mended ? report.mended : report.quarantined);
    tell(repaired);
  }
  invocation.out.print_line(line.json() ? json_of(report, path, options.dry_run)
                                        : sentence(report, unprinted, options.dry_run));
  if (outcome.code() != ExitCode::ok) throw failure(outcome, path, report, options.dry_run);
  return ExitCode::ok;
}

}  // namespace sessctl
