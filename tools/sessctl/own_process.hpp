// Work that changes the process that does it.
#pragma once

#include "descriptor.hpp"
#include "exit_codes.hpp"
#include "output.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sessctl {

/// Runs `work` in a child: as root it becomes a store's owner, and there is no way back. What it throws is reported
/// there. Answers its exit code; nothing if it was killed, by a person or for want of memory.
std::optional<ExitCode> in_own_process(Output& out, const std::function<ExitCode()>& work);

/// A text from a child to its parent: made before the child, written by that, and read when it has ended.
class Message {
 public:
  Message();                                // throws Failure
  void write(std::string_view text) const;  // throws Failure
  std::string read() const;                 // throws Failure

 private:
  Descriptor file_;
};

/// Has a standard input, output or error that the program was started without refuse all use: its number would go to a
/// file that is opened later, and what is printed into that. To be called before anything is opened.
void hold_standard_descriptors() noexcept;

/// From here on this process, and its children, read and write when nobody else does (ioprio_set(2)). Where that is
/// refused, as by the filter of a container, they go on as before: the work is worth more than the favour.
void use_idle_io() noexcept;

}  // namespace sessctl
