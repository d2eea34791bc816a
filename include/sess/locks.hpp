// Who holds the locks of a store's sessions, and who waits for them: Store::lock_uses. For people who look for what
// is stuck.
#pragma once

#include <sess/session_id.hpp>

#include <string>
#include <vector>

namespace sess {

struct LockUser {
  int process = 0;           // its ID, as this process sees it
  std::string command = {};  // what the process calls itself, at most 15 bytes: any bytes; empty where that is not told
  /// It took the lock and has it no more, because it has ended or closed its file: a process that it has started, and
  /// that may not be looked at, has it now. Then the ID may be another process's by now, and there is no command.
  bool gone = false;
};

/// A session that a process has locked, or has open.
struct LockUse {
  SessionKey key;
  /// None where nobody who can be seen has locked it. Mostly one; more where a forked child shares the lock, or where
  /// it has gone from one to the next during the look.
  std::vector<LockUser> holders;
  /// Has its file open without its lock, once for each time: waits for it, or reads it just now. Who is still there
  /// when it is asked again, waits.
  std::vector<LockUser> others;
};

struct LockUses {
  std::vector<LockUse> sessions;   // by key
  std::vector<LockUser> sweepers;  // who holds the lock of the sweep, as holders
  /// Processes of the store's owner that the kernel does not let it look at: they were started as root, or have
  /// capabilities, for example. Who of them holds a lock is known from the kernel's table (/proc/locks) where that can
  /// be read; who waits for one is not.
  unsigned hidden_processes = 0;
  /// False in a container and where there is no /proc: processes elsewhere may hold locks as well.
  bool sees_all_processes = false;
};

}  // namespace sess
