// What an import has done so far: counted, and said where something was wrong.
#pragma once

#include "exit_codes.hpp"
#include "output.hpp"

#include <sess/transfer.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sessctl {

class ImportResult {
 public:
  /// Calls for the session that `where` names ("line 7") to be made, and counts what becomes of it. What is wrong with
  /// it is said, and does not spare the next; what is wrong with the file system (sess::IoError) comes out.
  /// False if it has failed, and another import may make it.
  bool restore(const sess::Restoration& into, const sess::SessionCopy& copy, std::string_view where);
  /// Says that something cannot be imported, and counts it.
  void refuse(ExitCode code, std::string_view where, std::string_view cause, std::string_view advice);
  /// Counts a session without values, of which nothing is made.
  void pass_over_empty() noexcept { ++empty_; }
  void pass_over_expired() noexcept { ++expired_; }
  /// Counts one that an earlier import has made, whatever has become of it since.
  void pass_over_made() noexcept { ++unchanged_; }
  /// As refuse, for what is no session.
  void complain_of(ExitCode code, std::string_view where, std::string_view cause, std::string_view advice);
  /// Says what is no failure of this import.
  void tell(std::string_view where, std::string_view what);
  /// One line: numbers.
  void print(Output& out, bool json) const;
  /// How many sessions this import has made.
  std::uint64_t imported() const noexcept { return imported_; }
  /// That of the first failure.
  ExitCode code() const noexcept { return code_; }

 private:
  std::uint64_t imported_ = 0;
  std::uint64_t unchanged_ = 0;
  std::uint64_t kept_ = 0;
  std::uint64_t expired_ = 0;
  std::uint64_t empty_ = 0;
  std::uint64_t failed_ = 0;
  ExitCode code_ = ExitCode::ok;
};

}  // namespace sessctl
