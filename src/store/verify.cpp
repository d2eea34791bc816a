#include <sess/verify.hpp>

#include "format/forward.hpp"
#include "format/names.hpp"
#include "format/values_codec.hpp"
#include "store/core.hpp"
#include "store/verify_lists.hpp"
#include "store/work_in_order.hpp"

#include <sess/error.hpp>
#include <sess/store.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sess {

namespace {

constexpr unsigned most_jobs = 8;

unsigned jobs_of(const VerifyOptions& options) {
  if (options.jobs > 0) return options.jobs;
  return std::clamp(std::thread::hardware_concurrency(), 1U, most_jobs);
}

/// What one thread has found in one part.
struct Part {
  std::vector<Finding> findings;
  backend::ExaminedPart examined;
};

/// Whether the values of a version that verifies can be decoded. Of a sealed one that is for who has its ID.
void verify_payload(const backend::Version& version, const std::function<void(Finding)>& found) {
  const format::Header& header = version.header;
  Finding finding;
  finding.kind = Finding::Kind::payload;
  finding.key = header.key;
  finding.advice = "the file is left as it is; end the session with 'sessctl rm' if it is not needed";
  if (header.leads || header.state == format::RecordState::forward) {
    if (format::decode_forward(version.payload)) return;
    finding.what = "it verifies, and does not say to which ID it leads";
    return found(std::move(finding));
  }
  if (header.sealed) return;
  try {
    static_cast<void>(format::decode_values(version.payload));
  } catch (const CorruptRecord& error) {
    finding.what = "it verifies, and its values cannot be decoded: " + error.why();
    found(std::move(finding));
  }
}

Part verify_sessions(const backend::RecordStore& sessions, const backend::RecordStore* index, unsigned shard) {
  Part part;
  const auto found = [&](Finding finding) { part.findings.push_back(std::move(finding)); };
  std::optional<ListVerification> lists;
  if (index != nullptr) lists.emplace(sessions, *index);
  part.examined = sessions.examine(shard, {found, [&](const backend::Version& version) {
                                             verify_payload(version, found);
                                             if (lists) lists->verify_session(version, found);
                                           }});
  return part;
}

Part verify_lists(const backend::RecordStore& sessions, const backend::RecordStore& index, unsigned shard) {
  Part part;
  const auto found = [&](Finding finding) { part.findings.push_back(std::move(finding)); };
  const ListVerification lists(sessions, index);
  part.examined =
      index.examine(shard, {found, [&](const backend::Version& version) { lists.verify_list(version, found); }});
  return part;
}

/// Null where it cannot be opened, which is a finding: everything else can be looked at without it.
const backend::RecordStore* readable_index(const backend::RecordStore& sessions,
                                           const std::function<void(const Finding&)>& found) {
  try {
    return sessions.present_index();
  } catch (const IoError& error) {
    Finding finding;
    finding.kind = Finding::Kind::unreadable;
    finding.file = format::principals_directory;
    finding.error_number = error.error_number();
    finding.what = std::string("the lists cannot be looked at: ") + error.what();
    finding.advice = "look at the directory principals";
    found(finding);
    return nullptr;
  }
}

class Counting {
 public:
  Counting(VerifyReport& report, const std::function<void(const Finding&)>& visit) : report_(report), visit_(visit) {}

  void operator()(const Finding& finding) const {
    switch (finding.severity) {
      case Finding::Severity::note:
        ++report_.notes;
        break;
      case Finding::Severity::warning:
        ++report_.warnings;
        break;
      case Finding::Severity::error:
        ++report_.errors;
        break;
    }
    if (finding.kind == Finding::Kind::unreadable || finding.kind == Finding::Kind::busy) ++report_.unread;
    visit_(finding);
  }

 private:
  VerifyReport& report_;
  const std::function<void(const Finding&)>& visit_;
};

}  // namespace

std::string_view to_string(Finding::Kind kind) noexcept {
  constexpr std::array<std::string_view, 17> names{
      "checksum",    "wrong_key",    "newer_format", "payload",       "times",       "deadline",
      "owner",       "mode",         "file_type",    "missing",       "unreadable",  "busy",
      "orphan_temp", "orphan_spare", "stale_entry",  "missing_entry", "foreign_file"};
  return names.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(Finding::Severity severity) noexcept {
  constexpr std::array<std::string_view, 3> names{"note", "warning", "error"};
  return names.at(static_cast<std::size_t>(severity));
}

VerifyReport verify(const Store& store, const VerifyOptions& options,
                    const std::function<void(const Finding&)>& visit) {
  sys::System& system = StoreAccess::system(store);
  const backend::RecordStore& sessions = StoreAccess::core(store).records();
  const auto started = system.monotonic_clock();
  VerifyReport report;
  const Counting tell(report, visit);
  bool is_index_told = false;
  report.quarantined = sessions.examine_frame([&](const Finding& finding) {
    const bool is_fatal = finding.kind == Finding::Kind::file_type || finding.kind == Finding::Kind::unreadable;
    if (is_fatal && finding.file == format::principals_directory) is_index_told = true;
    tell(finding);
  });
  const backend::RecordStore* const index = readable_index(sessions, [&](const Finding& finding) {
    if (!is_index_told) tell(finding);
  });
  Progress progress{.parts_done = 0, .parts = sessions.parts() + (index != nullptr ? index->parts() : 0)};
  const auto take = [&](std::uint64_t& records) {
    return [&](const Part& part) {
      records += part.examined.records;
      if (&records == &report.records) report.bytes += part.examined.bytes;
      for (const Finding& finding : part.findings) tell(finding);
      ++progress.parts_done;
      progress.records = report.records;
      if (options.on_progress) options.on_progress(progress);
    };
  };
  work_in_order<Part>(
      jobs_of(options), sessions.parts(), [&](unsigned shard) { return verify_sessions(sessions, index, shard); },
      take(report.records));
  if (index != nullptr)
    work_in_order<Part>(
        jobs_of(options), index->parts(), [&](unsigned shard) { return verify_lists(sessions, *index, shard); },
        take(report.principals));
  report.duration = std::chrono::duration_cast<std::chrono::microseconds>(system.monotonic_clock() - started);
  return report;
}

}  // namespace sess
