// A command of the user's that reads lines from us.
#pragma once

#include "descriptor.hpp"

#include <string>
#include <string_view>

#include <sys/types.h>

namespace sessctl {

/// Runs in a shell, with standard output and error of this program.
class FedCommand {
 public:
  /// Starts it. Throws Failure.
  explicit FedCommand(std::string command);
  FedCommand(const FedCommand&) = delete;
  FedCommand& operator=(const FedCommand&) = delete;
  /// Lets it read to the end of what it was given, and waits.
  ~FedCommand();

  /// Returns when the line is in the pipe, or read. Throws Failure if the command reads no more.
  void feed(std::string_view line);
  /// Waits for its end. Throws Failure if that says that it failed.
  void finish();

 private:
  int wait();

  std::string command_;
  Descriptor input_;
  pid_t process_ = -1;
};

}  // namespace sessctl
