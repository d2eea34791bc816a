// The real system calls with one thing wrong, so that a test can show that it would notice.
#pragma once

#include "sys/posix_system.hpp"

#include <cstdint>

namespace sess::test {

/// What is wrong.
enum class Breakage : std::uint8_t {
  none,
  no_lock,           // flock answers 0 and does nothing
  lost_lock,         // every now and then flock answers 0 although somebody else has the lock
  blind_status,      // stat by name answers what the descriptor's file is: no check of the inode can fail
  no_times,          // setting times does nothing: a touch or a commit does not move the deadline
  frozen_stamp,      // times are kept to the second: (inode, mtime) no longer names one version
  fork_keeps_locks,  // a forked child does not close what its parent locked
};

/// Holds a PosixSystem and forwards to it.
class BrokenSystem : public sys::System {
 public:
  explicit BrokenSystem(Breakage breakage) : breakage_(breakage) {}

  int open(int directory, const char* path, sys::OpenMode mode) override;
  int close(int descriptor) override { return real_.close(descriptor); }
  int try_lock(int descriptor) override;
  int unlock(int descriptor) override { return real_.unlock(descriptor); }
  int status(int descriptor, sys::FileStatus& status) override;
  int status_at(int directory, const char* path, sys::FileStatus& status) override;
  std::int64_t read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) override {
    return real_.read(descriptor, buffer, offset);
  }
  std::int64_t write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) override {
    return real_.write(descriptor, data, offset);
  }
  int truncate(int descriptor, std::uint64_t size) override { return real_.truncate(descriptor, size); }
  int sync_data(int descriptor) override { return real_.sync_data(descriptor); }
  int sync(int descriptor) override { return real_.sync(descriptor); }
  int set_times(int descriptor, sys::FileTime time) override;
  int rename(int directory, const char* from, int to_directory, const char* to, sys::RenameMode mode) override {
    return real_.rename(directory, from, to_directory, to, mode);
  }
  int link(int directory, const char* from, int to_directory, const char* to) override {
    return real_.link(directory, from, to_directory, to);
  }
  int unlink(int directory, const char* path) override { return real_.unlink(directory, path); }
  int make_directory(int directory, const char* path) override { return real_.make_directory(directory, path); }
  int make_directories(const std::string& path) override { return real_.make_directories(path); }
  int list(int descriptor, const std::function<bool(const sys::DirectoryEntry&)>& visit) override {
    return real_.list(descriptor, visit);
  }
  std::int64_t wall_clock() override { return real_.wall_clock(); }
  std::chrono::nanoseconds monotonic_clock() override { return real_.monotonic_clock(); }
  void pause(std::chrono::nanoseconds duration) override { real_.pause(duration); }
  int random(std::span<std::byte> buffer) override { return real_.random(buffer); }
  std::uint32_t user() override { return real_.user(); }
  void announce_lock(int descriptor, sys::FileIdentity identity) override;
  bool withdraw_lock(int descriptor) override;
  bool locked_by_this_thread(sys::FileIdentity identity) override { return real_.locked_by_this_thread(identity); }
  std::uint64_t process_generation() override { return real_.process_generation(); }
  int lock_holder(sys::FileIdentity identity) override { return real_.lock_holder(identity); }

 private:
  sys::PosixSystem real_;
  Breakage breakage_;
  // The file that this thread opened last: what blind_status answers.
  static thread_local int last_opened_;
};

}  // namespace sess::test
