#include "findings.hpp"

#include "escape.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "report.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string_view>

namespace sessctl {
namespace {

sess::Value key_or_null(const std::optional<sess::SessionKey>& key) {
  return key ? sess::Value(key->to_string()) : sess::Value();
}

JsonLine json_of(const sess::Finding& finding) {
  JsonLine line;
  line.add("kind", to_string(finding.kind))
      .add("severity", to_string(finding.severity))
      .add("key", key_or_null(finding.key))
      .add("principal", key_or_null(finding.principal))
      .add("file", finding.file)
      .add("problem", finding.what)
      .add("advice", or_null(finding.advice));
  return line;
}

Accent accent_of(sess::Finding::Severity severity) {
  using Severity = sess::Finding::Severity;
  if (severity == Severity::error) return Accent::problem;
  return severity == Severity::warning ? Accent::warning : Accent::none;
}

Accent accent_of(const sess::Repaired& repaired) {
  using Action = sess::Repaired::Action;
  switch (repaired.action) {
    case Action::mended:
    case Action::removed:
      return Accent::good;
    case Action::quarantined:
      return Accent::warning;
    case Action::left:
      return accent_of(repaired.finding.severity);
    case Action::failed:
      return Accent::problem;
  }
  return Accent::none;
}

/// The file, and the session where the file does not name it.
std::string subject_of(const sess::Finding& finding) {
  const std::string session = finding.key ? "session " + finding.key->to_string() : "";
  if (finding.file.empty()) return session.empty() ? "the store's directory" : session;
  const bool is_named = !finding.key || finding.file.find(finding.key->to_string()) != std::string::npos;
  return is_named ? finding.file : fmt::format("{} ({})", finding.file, session);
}

/// What stands in quotes in the message of an error (sess::Error); empty if nothing does.
std::string_view quoted_in(std::string_view message) {
  const std::size_t begin = message.find('"');
  const std::size_t end = message.rfind('"');
  return begin < end ? message.substr(begin + 1, end - begin - 1) : std::string_view();
}

std::string what_was_found(const sess::Finding& finding) {
  return fmt::format("  {:<13}  {}: {}", to_string(finding.kind), subject_of(finding), finding.what);
}

}  // namespace

sess::Finding advised(sess::Finding finding, const std::string& store) {
  if (finding.kind == sess::Finding::Kind::unreadable && finding.error_number != 0)
    finding.advice = advice_on(
        sess::IoError("read", finding.file.empty() ? store : store + "/" + finding.file, finding.error_number));
  return finding;
}

sess::Repaired advised(sess::Repaired repaired, const std::string& store) {
  repaired.finding = advised(repaired.finding, store);
  if (repaired.action != sess::Repaired::Action::failed || repaired.error_number == 0) return repaired;
  // What could not be changed may be another file than the one that was to be mended: what was done says which.
  const std::string_view path = quoted_in(repaired.what);
  repaired.finding.advice = advice_on(sess::IoError(
      "repair", path.empty() ? store + "/" + repaired.finding.file : std::string(path), repaired.error_number));
  return repaired;
}

StyledLine finding_line(const sess::Finding& finding) {
  std::string line = what_was_found(finding);
  if (finding.remedy == sess::Finding::Remedy::mend) line += "; 'sessctl repair' puts it right";
  if (finding.remedy == sess::Finding::Remedy::quarantine) line += "; 'sessctl repair' moves it to quarantine";
  if (!finding.advice.empty()) line += "; " + finding.advice;
  return {{fmt::format("{:<7}", to_string(finding.severity)), accent_of(finding.severity)}, {without_controls(line)}};
}

StyledLine repaired_line(const sess::Repaired& repaired, bool dry_run) {
  using Action = sess::Repaired::Action;
  const sess::Finding& finding = repaired.finding;
  const bool is_change = repaired.action != Action::left && repaired.action != Action::failed;
  const std::string action = fmt::format("{}{}", dry_run && is_change ? "to be " : "", to_string(repaired.action));
  std::string line = what_was_found(finding);
  for (const std::string& more : {repaired.what, finding.advice})
    if (!more.empty()) line += "; " + more;
  return {{fmt::format("{:<{}}", action, dry_run ? 17 : 11), accent_of(repaired)}, {without_controls(line)}};
}

std::string finding_json(const sess::Finding& finding) { return json_of(finding).text(); }

std::string repaired_json(const sess::Repaired& repaired, bool dry_run) {
  return json_of(repaired.finding)
      .add("action", to_string(repaired.action))
      .add("result", or_null(repaired.what))
      .add("dry_run", dry_run)
      .text();
}

std::string counts_of(std::uint64_t errors, std::uint64_t warnings, std::uint64_t notes) {
  std::string text;
  const auto add = [&](std::uint64_t count, std::string_view one) {
    if (count > 0) text += (text.empty() ? "" : ", ") + counted(count, one);
  };
  add(errors, "error");
  add(warnings, "warning");
  add(notes, "note");
  return text.empty() ? "nothing wrong" : text;
}

void Verdict::add(const sess::Finding& finding) {
  if (finding.severity == sess::Finding::Severity::note) return;
  if (finding.kind == sess::Finding::Kind::busy) {
    busy_ = true;
  } else if (finding.kind != sess::Finding::Kind::unreadable) {
    wrong_ = true;
  } else if (exit_code_of(finding.error_number) == ExitCode::no_permission) {
    refused_ = true;
  } else {
    if (!unreadable_) error_number_ = finding.error_number;
    unreadable_ = true;
  }
}

ExitCode Verdict::code() const noexcept {
  if (unreadable_) return ExitCode::io;
  if (refused_) return ExitCode::no_permission;
  if (wrong_) return ExitCode::data;
  return busy_ ? ExitCode::busy : ExitCode::ok;
}

void require_descriptors(int error_number, const std::string& path, const std::string& file) {
  if (error_number == EMFILE || error_number == ENFILE) throw sess::IoError("open", path + "/" + file, error_number);
}

}  // namespace sessctl
