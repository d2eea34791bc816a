// Work that changes the process that does it.
#pragma once

#include "exit_codes.hpp"
#include "output.hpp"

#include <functional>

namespace sessctl {

/// Runs `work` in a child: as root it becomes a store's owner, and there is no way back. What it throws is reported
/// there. Answers its exit code.
ExitCode in_own_process(Output& out, const std::function<ExitCode()>& work);

/// From here on this process, and its children, read and write when nobody else does (ioprio_set(2)). Throws Failure.
void use_idle_io();

}  // namespace sessctl
