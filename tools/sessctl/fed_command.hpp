// A command of the user's that reads lines from us.
#pragma once

#include "descriptor.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace sessctl {

/// How long a command is waited for. Only time that was spent waiting counts, so not that in which both were stopped
/// (Ctrl-Z).
struct Patience {
  std::chrono::milliseconds reading = std::chrono::seconds(30);  // at most, for it to read on
  std::chrono::milliseconds ending = std::chrono::hours(1);      // at most, for its end after the end of its input
  /// Both end here, but not before the command has had the two below.
  std::optional<std::chrono::steady_clock::time_point> until = std::nullopt;
  std::chrono::milliseconds least_reading = std::chrono::seconds(1);  // a shell, an interpreter has to start
  std::chrono::milliseconds least_ending = std::chrono::minutes(1);   // it still works on what is removed by now
};

/// Runs in a shell, with standard output and error of this program, and in its process group: Ctrl-C, Ctrl-Z and
/// timeout(1) reach both. A group of its own would be a background one, which no key of the terminal reaches, and which
/// is stopped when it reads from there. If this program is killed, the command reads to the end of what it was given:
/// those sessions are removed, and it may be about to commit them.
class FedCommand {
 public:
  /// Starts it with these environment variables, "NAME=value" each. Throws Failure.
  FedCommand(std::string command, std::vector<std::string> environment, const Patience& patience);
  FedCommand(const FedCommand&) = delete;
  FedCommand& operator=(const FedCommand&) = delete;
  /// Ends its input, waits for its end, and kills it if that takes too long.
  ~FedCommand();

  /// Returns when the command has read the line: it is in no pipe any more. Throws Failure if the command reads no
  /// more, or nothing for too long; in the second case it is killed.
  void feed(std::string_view line);
  /// Ends its input and waits for its end. Throws Failure if that says that it failed, or takes too long; in the second
  /// case it is killed.
  void finish();

 private:
  enum class End { normal, killed };

  void await_read();
  End wait();
  void kill();
  [[noreturn]] void fail_to_feed(std::string_view cause) const;

  std::string command_;
  Patience patience_;
  std::vector<pid_t> others_;  // children that this process had before: of who became sessctl by exec
  Descriptor input_;
  pid_t process_ = -1;
  int status_ = 0;  // of its end, as waitpid has it
};

}  // namespace sessctl
