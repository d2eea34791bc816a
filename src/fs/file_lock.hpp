// The lock of a file, and of a name.
//
// The lock of a name is flock(2) on the inode that is linked at it. A commit puts another inode there, so an
// acquisition is only good once the name has been looked at again under the lock (PROTOCOL.md, "Lock").
#pragma once

#include "fs/directory.hpp"
#include "fs/waiting.hpp"
#include "sys/system.hpp"
#include "sys/unique_fd.hpp"

#include <cstdint>
#include <optional>

namespace sess::fs {

/// An open file that may be locked. Calling sequence: open_lockable, try_lock until it answers true, release.
///
/// In a forked child it is dead: the child's copy of the descriptor was closed before fork returned, and nothing
/// here touches that number again.
class FileLock {
 public:
  FileLock() = default;  // no file
  /// Announces the descriptor before anything locks it: a fork must not leave the lock with the child. `forks` is what
  /// the system's fork_count() said before the file was opened. Without a file if the process has forked since: then
  /// the child shares the open file description, and the file is to be opened again.
  FileLock(sys::System& system, sys::UniqueFd file, sys::FileIdentity identity, std::uint64_t forks);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock() { release(); }

  /// False if somebody else has the lock. Throws IoError, naming the path, when the file system cannot lock.
  bool try_lock(const Directory& directory, const char* name);
  /// Unlocks, withdraws the announcement, closes. LOCK_UN first: a child made by means that run no fork handlers
  /// (clone(2), vfork(2)) may share the open file description, and close alone would leave the lock with it.
  void release() noexcept;

  explicit operator bool() const noexcept { return static_cast<bool>(file_); }
  const sys::UniqueFd& file() const noexcept { return file_; }
  sys::FileIdentity identity() const noexcept { return identity_; }
  /// True if this thread has the same file open to lock it once more: waiting for its lock would never end.
  bool held_by_this_thread() const;
  /// False in a forked child of the process that constructed it.
  bool own() const;

 private:
  sys::System* system_ = nullptr;
  sys::UniqueFd file_;
  sys::FileIdentity identity_;
  std::uint64_t generation_ = 0;
  bool locked_ = false;
};

/// A file that may be locked now.
struct Lockable {
  FileLock lock;
  sys::FileStatus status;  // from before it is locked
};

/// Opens a file to lock it, or a directory; nothing if there is no such name. Throws IoError.
std::optional<Lockable> open_lockable(const Directory& directory, const char* name,
                                      sys::OpenMode mode = sys::OpenMode::read_write);

/// locked: `lock` is held on the inode that is linked at the name; absent: there is no such name; busy: the
/// deadline passed.
struct Acquisition {
  enum class Outcome : std::uint8_t { locked, absent, busy };
  Outcome outcome = Outcome::busy;
  FileLock lock = {};
  sys::FileStatus status = {};  // taken under the lock
  int holder = 0;               // of a busy lock, where the kernel tells and waiting was permitted
};

struct WaitingRoom;

/// Acquires the lock of a name. Waits at most until the deadline, and not at all (but for a few turns of the processor)
/// where a room is given and has no place left. Throws UsageError when this thread holds it already and would wait for
/// ever.
Acquisition acquire(const Directory& directory, const char* name, Deadline deadline, const WaitingRoom* room = nullptr);

}  // namespace sess::fs
