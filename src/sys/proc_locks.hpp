// Who holds a flock, and who waits for one, as far as the kernel tells: /proc/locks (proc(5)).
#pragma once

#include "sys/system.hpp"

#include <string>
#include <vector>

namespace sess::sys {

/// The flocks in the table, without commands. Those of processes that the kernel does not name (of another PID
/// namespace or another host) are left out.
///   1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF
///   1: -> FLOCK  ADVISORY  WRITE 1235 08:01:5678 0 EOF
std::vector<TableLock> flocks_in_table(const std::string& table);

/// The process that holds the flock of this file, or 0.
int holder_in_lock_table(const std::string& table, FileIdentity identity);
int holder_in_proc_locks(FileIdentity identity);

}  // namespace sess::sys
