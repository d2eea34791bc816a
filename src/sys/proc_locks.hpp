// Who holds a flock, as far as the kernel tells: /proc/locks (proc(5)).
#pragma once

#include "sys/system.hpp"

#include <string_view>

namespace sess::sys {

/// The process ID in the line of an flock of this file that is held (not waited for), or 0.
///   1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF
int holder_in_lock_table(std::string_view table, FileIdentity identity);
int holder_in_proc_locks(FileIdentity identity);

}  // namespace sess::sys
