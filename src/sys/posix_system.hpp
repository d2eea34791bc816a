// The system-call interface on Linux.
#pragma once

#include "sys/system.hpp"

namespace sess::sys {

class PosixSystem final : public System {
 public:
  int open(int directory, const char* path, OpenMode mode) override;
  int close(int descriptor) override;
  int try_lock(int descriptor) override;
  int unlock(int descriptor) override;
  int try_lock_byte(int descriptor, std::uint64_t offset) override;
  int status(int descriptor, FileStatus& status) override;
  int status_at(int directory, const char* path, FileStatus& status) override;
  std::int64_t read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) override;
  std::int64_t write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) override;
  int truncate(int descriptor, std::uint64_t size) override;
  int sync_data(int descriptor) override;
  int start_writeback(int descriptor) override;
  int sync(int descriptor) override;
  int sync_file_system(int descriptor) override;
  int set_times(int descriptor, FileTime time) override;
  int rename(int directory, const char* from, int to_directory, const char* to, RenameMode mode) override;
  int link(int directory, const char* from, int to_directory, const char* to) override;
  int unlink(int directory, const char* path) override;
  int make_directory(int directory, const char* path) override;
  int set_mode(int directory, const char* path, std::uint32_t mode) override;
  int make_directories(const std::string& path) override;
  int file_system(int descriptor, FileSystem& found) override;
  int list(int descriptor, const std::function<bool(const DirectoryEntry&)>& visit) override;
  std::int64_t wall_clock() override;
  std::chrono::nanoseconds monotonic_clock() override;
  std::chrono::nanoseconds boot_clock() override;
  std::string boot_id() override;
  void pause(std::chrono::nanoseconds duration) override;
  int random(std::span<std::byte> buffer) override;
  std::uint32_t user() override;
  std::uint64_t fork_count() override;
  bool announce_lock(int descriptor, FileIdentity identity, std::uint64_t forks) override;
  bool withdraw_lock(int descriptor) override;
  bool locked_by_this_thread(FileIdentity identity, int other_than) override;
  std::uint64_t process_generation() override;
  int lock_holder(FileIdentity identity) override;
  OpenFiles open_files(const std::function<bool(std::string_view path)>& wanted) override;
};

}  // namespace sess::sys
