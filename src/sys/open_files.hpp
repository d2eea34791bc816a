// Who has which files open, and locked, as far as the kernel tells: /proc/PID/fd and /proc/PID/fdinfo, and of processes
// that may not be looked at /proc/locks (proc(5)).
#pragma once

#include "sys/system.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace sess::sys {

/// As System::open_files, with another place for /proc, which tests have.
OpenFiles open_files_in_proc(const std::string& proc, const std::function<bool(std::string_view)>& wanted);

/// True if the text of a /proc/PID/fdinfo/FD names an flock: those are of this very descriptor.
///   lock:	1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF
bool names_flock(std::string_view fdinfo);

}  // namespace sess::sys
