// What a command throws when it cannot go on: an exit code and the one line that says why.
#pragma once

#include "exit_codes.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace sessctl {

class Failure : public std::runtime_error {
 public:
  /// The line is: <operation> "<thing>": <cause>; <advice>. `thing` may be empty; it must never be a session ID.
  Failure(ExitCode code, std::string_view operation, std::string_view thing, std::string_view cause,
          std::string_view advice);
  /// The same, where a sess::Error has said operation, thing and cause already; if it says what to do as well (after a
  /// ';'), the advice is left out.
  Failure(ExitCode code, std::string_view what, std::string_view advice);
  ~Failure() override;

  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// Nobody reads standard output any more. No fault of anyone: sessctl ends without a word.
class OutputClosed : public std::runtime_error {
 public:
  OutputClosed();
  ~OutputClosed() override;
};

/// "<what>; <advice>", but for the advice where `what` has one.
std::string with_advice(std::string_view what, std::string_view advice);

}  // namespace sessctl
