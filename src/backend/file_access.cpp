// What an examination asks of any file or directory, whatever it is for.
#include "backend/file_examination.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

namespace sess::backend {

namespace {

// Without the bit that a directory hands down to those that are made in it (setgid).
constexpr std::uint32_t mode_mask = 0777;

constexpr std::int64_t clock_tolerance = 60 * 1000;  // milliseconds

std::string_view name_of(sys::FileType type) {
  switch (type) {
    case sys::FileType::regular:
      return "a file";
    case sys::FileType::directory:
      return "a directory";
    case sys::FileType::other:
      break;
  }
  return "a symbolic link, a device or the like";
}

}  // namespace

bool DeadlineRange::permits(std::int64_t deadline) const {
  return deadline >= earliest - clock_tolerance && deadline <= latest + clock_tolerance;
}

DeadlineRange deadlines_of(const format::Header& header) {
  return {header.deadline, std::max(header.absolute_deadline, header.deadline)};
}

bool is_beyond_renewal(const format::Header& header, std::int64_t deadline, std::int64_t now) {
  return header.state == format::RecordState::live && deadline > now + header.idle_timeout + clock_tolerance;
}

Finding told_of_clock(Finding subject, const format::Header& header, std::int64_t deadline, std::int64_t now) {
  subject.kind = Finding::Kind::deadline;
  subject.severity = Finding::Severity::warning;
  subject.remedy = Finding::Remedy::none;
  subject.what = fmt::format("its deadline is {} s later than a renewal by the clock of now would set",
                             (deadline - now - header.idle_timeout) / 1000);
  subject.advice =
      "the clock is behind, or was ahead and has been set back since, or somebody has set the file's time: look at it; "
      "the session ends by then";
  return subject;
}

std::uint32_t right_mode(sys::FileType type) { return type == sys::FileType::directory ? 0700 : 0600; }

bool examine_access(const sys::FileStatus& status, sys::FileType wanted, std::uint32_t user, const Finding& subject,
                    const FoundSink& found) {
  if (status.type != wanted) {
    Finding finding = subject;
    finding.kind = Finding::Kind::file_type;
    finding.what = fmt::format("it is {}, where {} should be", name_of(status.type), name_of(wanted));
    finding.advice = "move it out of the store";
    found(std::move(finding));
    return false;
  }
  if (status.owner != user) {
    Finding finding = subject;
    finding.kind = Finding::Kind::owner;
    finding.what = fmt::format("it belongs to user {}, and the store to user {}", status.owner, user);
    finding.advice = fmt::format("as root, give it to its owner: chown {}", user);
    found(std::move(finding));
  }
  const std::uint32_t right = right_mode(wanted);
  if ((status.mode & mode_mask) != right) {
    const bool is_usable = (status.mode & right) == right;
    Finding finding = subject;
    finding.kind = Finding::Kind::mode;
    finding.severity = is_usable ? Finding::Severity::warning : Finding::Severity::error;
    finding.remedy = status.owner == user ? Finding::Remedy::mend : Finding::Remedy::none;
    finding.what = fmt::format("its permissions are {:04o} and should be {:04o}", status.mode & mode_mask, right);
    found(std::move(finding));
  }
  return true;
}

void examine_guarded(const std::string& top, const Finding& subject, const FoundSink& found,
                     const std::function<void()>& work) {
  const auto relative = [&](const std::string& path) {
    return path.starts_with(top + "/") ? path.substr(top.size() + 1) : subject.file;
  };
  Finding finding = subject;
  try {
    return work();
  } catch (const UnsupportedRecord& error) {
    finding.kind = Finding::Kind::newer_format;
    finding.severity = Finding::Severity::warning;
    finding.file = relative(error.path());
    finding.what = error.why();
    finding.advice = "it is left alone, expired or not; use a newer version of libsess";
  } catch (const IoError& error) {
    finding.kind = Finding::Kind::unreadable;
    finding.severity = Finding::Severity::error;
    finding.file = relative(error.path());
    finding.error_number = error.error_number();
    // "open directory", and the like: the finding says which.
    constexpr std::string_view noun = " directory";
    std::string_view operation = error.operation();
    if (operation.ends_with(noun)) operation.remove_suffix(noun.size());
    finding.what = fmt::format("cannot {} it: {}", operation, std::system_category().message(error.error_number()));
    const bool is_refused = error.error_number() == EACCES || error.error_number() == EPERM;
    finding.advice = is_refused ? "look at its owner and its permissions" : "check the disk and the kernel's log";
  }
  found(std::move(finding));
}

void tell_of_foreign(const std::optional<sys::FileStatus>& status, Finding subject, const FoundSink& found) {
  subject.kind = Finding::Kind::foreign_file;
  subject.severity = Finding::Severity::warning;
  if (subject.what.empty())
    subject.what = fmt::format("{} that libsess does not make here", status ? name_of(status->type) : "something");
  subject.advice = "libsess neither reads nor removes it; move it elsewhere if it is not needed";
  found(std::move(subject));
}

std::vector<std::string> names_in(const fs::Directory& directory) {
  std::vector<std::string> names;
  directory.visit([&](const sys::DirectoryEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  std::ranges::sort(names);
  return names;
}

}  // namespace sess::backend
