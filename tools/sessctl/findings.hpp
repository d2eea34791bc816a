// How findings are printed, and what exit code they make.
#pragma once

#include "exit_codes.hpp"
#include "styled_text.hpp"

#include <sess/repair.hpp>
#include <sess/verify.hpp>

#include <cstdint>
#include <string>

namespace sessctl {

/// The same finding of the store at this path; where it could not be read, with what sessctl says of that fault
/// everywhere (report.hpp).
sess::Finding advised(sess::Finding finding, const std::string& store);
/// Likewise of what was done about it; where that has failed, with what to do about the failure.
sess::Repaired advised(sess::Repaired repaired, const std::string& store);
/// Throws IoError where this process has no descriptor left: that says nothing of the store, and of all that is looked
/// at from then on it would be said again.
void require_descriptors(int error_number, const std::string& path, const std::string& file);
/// One line, safe for a terminal.
StyledLine finding_line(const sess::Finding& finding);
std::string finding_json(const sess::Finding& finding);
/// Likewise, with what was done about it.
StyledLine repaired_line(const sess::Repaired& repaired, bool dry_run);
std::string repaired_json(const sess::Repaired& repaired, bool dry_run);
/// "2 errors, 1 warning, 3 notes"; "nothing wrong".
std::string counts_of(std::uint64_t errors, std::uint64_t warnings, std::uint64_t notes);

/// What has been found so far, in the order of what matters most to who asks.
class Verdict {
 public:
  void add(const sess::Finding& finding);
  /// io or no_permission: not everything could be read; data: something is wrong; busy: something could not be judged;
  /// ok: there is nothing but notes.
  ExitCode code() const noexcept;
  /// Where the code is io: the errno of the first fault that made it that.
  int error_number() const noexcept { return error_number_; }

 private:
  bool unreadable_ = false;
  bool refused_ = false;
  int error_number_ = 0;
  bool wrong_ = false;
  bool busy_ = false;
};

}  // namespace sessctl
