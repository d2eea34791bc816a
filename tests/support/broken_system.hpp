// The real system calls with one thing wrong, so that a test can show that it would notice.
#pragma once

#include "support/forwarding_system.hpp"

#include <cstdint>

namespace sess::test {

/// What is wrong.
enum class Breakage : std::uint8_t {
  none,
  no_lock,           // flock answers 0 and does nothing
  blind_status,      // stat by name answers what the last opened file is: no check of the inode can fail
  no_times,          // setting times does nothing: a touch or a commit does not move the deadline
  frozen_stamp,      // times are kept to the second: (inode, mtime) no longer names one version
  fork_keeps_locks,  // a forked child does not close what its parent locked
  blind_to_forks,    // an announcement is accepted although the process has forked since the file was opened
  no_sync,           // a sync answers 0 and does nothing
};

class BrokenSystem : public ForwardingSystem {
 public:
  /// Of the real system calls.
  explicit BrokenSystem(Breakage breakage);
  BrokenSystem(std::shared_ptr<sys::System> inner, Breakage breakage);

  int open(int directory, const char* path, sys::OpenMode mode) override;
  int try_lock(int descriptor) override;
  int status(int descriptor, sys::FileStatus& status) override;
  int status_at(int directory, const char* path, sys::FileStatus& status) override;
  int set_times(int descriptor, sys::FileTime time) override;
  int sync(int descriptor) override;
  int sync_file_system(int descriptor) override;
  int sync_data(int descriptor) override;
  bool announce_lock(int descriptor, sys::FileIdentity identity, std::uint64_t forks) override;
  bool withdraw_lock(int descriptor) override;

 private:
  Breakage breakage_;
  // The file that this thread opened last: what blind_status answers.
  static thread_local int last_opened_;
};

}  // namespace sess::test
