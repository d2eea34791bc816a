// What an examination asks of any file or directory of a store, be it a record or not.
#pragma once

#include "format/header.hpp"
#include "fs/directory.hpp"
#include "sys/system.hpp"

#include <sess/verify.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sess::backend {

using FoundSink = std::function<void(Finding)>;

// A temp file is locked while it is in use; this keeps an examination and a sweep away from one that was made a moment
// ago and is about to be locked. By ctime: its mtime may be a deadline.
inline constexpr std::int64_t leftover_age = 10 * 60 * 1000;  // milliseconds

/// What the times of a record's file may say. By its header alone: what somebody has renewed must not be taken back
/// because the clock of today is wrong.
struct DeadlineRange {
  std::int64_t earliest;
  std::int64_t latest;
  /// To the minute: file systems may round times.
  bool permits(std::int64_t deadline) const;
};
DeadlineRange deadlines_of(const format::Header& header);
/// Of a session: whether a renewal at this time would end before it. Then either clock was wrong, now or when it was
/// set. To the minute: deadlines are set by the clocks of other machines, too.
bool is_beyond_renewal(const format::Header& header, std::int64_t deadline, std::int64_t now);

/// What to tell of such a deadline. `subject` has the file's name, and whose it is.
Finding told_of_clock(Finding subject, const format::Header& header, std::int64_t deadline, std::int64_t now);

/// The permissions that libsess gives.
std::uint32_t right_mode(sys::FileType type);

/// Type, owner and permissions. `subject` has the file's name, and whose it is. False, and told, where it is no file
/// (or no directory, if one is wanted): then there is nothing in it to look at.
bool examine_access(const sys::FileStatus& status, sys::FileType wanted, std::uint32_t user, const Finding& subject,
                    const FoundSink& found);

/// Runs `work`; what cannot be read is a finding about `subject`, and so is a record of a newer format. `top` is the
/// store's directory.
void examine_guarded(const std::string& top, const Finding& subject, const FoundSink& found,
                     const std::function<void()>& work);

/// A name that libsess does not write there. `status` of it, if it could be had.
void tell_of_foreign(const std::optional<sys::FileStatus>& status, Finding subject, const FoundSink& found);

/// Names of a directory in their order.
std::vector<std::string> names_in(const fs::Directory& directory);

}  // namespace sess::backend
