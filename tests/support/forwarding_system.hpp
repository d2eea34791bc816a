// A system that passes every call on to another one: the base of those that change a few.
#pragma once

#include "sys/system.hpp"

#include <memory>
#include <utility>

namespace sess::test {

class ForwardingSystem : public sys::System {
 public:
  explicit ForwardingSystem(std::shared_ptr<sys::System> inner) : inner_(std::move(inner)) {}

  int open(int directory, const char* path, sys::OpenMode mode) override { return inner_->open(directory, path, mode); }
  int close(int descriptor) override { return inner_->close(descriptor); }
  int try_lock(int descriptor) override { return inner_->try_lock(descriptor); }
  int unlock(int descriptor) override { return inner_->unlock(descriptor); }
  int try_lock_byte(int descriptor, std::uint64_t offset) override { return inner_->try_lock_byte(descriptor, offset); }
  int status(int descriptor, sys::FileStatus& status) override { return inner_->status(descriptor, status); }
  int status_at(int directory, const char* path, sys::FileStatus& status) override {
    return inner_->status_at(directory, path, status);
  }
  std::int64_t read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) override {
    return inner_->read(descriptor, buffer, offset);
  }
  std::int64_t write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) override {
    return inner_->write(descriptor, data, offset);
  }
  int truncate(int descriptor, std::uint64_t size) override { return inner_->truncate(descriptor, size); }
  int sync_data(int descriptor) override { return inner_->sync_data(descriptor); }
  int start_writeback(int descriptor) override { return inner_->start_writeback(descriptor); }
  int sync(int descriptor) override { return inner_->sync(descriptor); }
  int sync_file_system(int descriptor) override { return inner_->sync_file_system(descriptor); }
  int set_times(int descriptor, sys::FileTime time) override { return inner_->set_times(descriptor, time); }
  int rename(int directory, const char* from, int to_directory, const char* to, sys::RenameMode mode) override {
    return inner_->rename(directory, from, to_directory, to, mode);
  }
  int link(int directory, const char* from, int to_directory, const char* to) override {
    return inner_->link(directory, from, to_directory, to);
  }
  int unlink(int directory, const char* path) override { return inner_->unlink(directory, path); }
  int make_directory(int directory, const char* path) override { return inner_->make_directory(directory, path); }
  int set_mode(int directory, const char* path, std::uint32_t mode) override {
    return inner_->set_mode(directory, path, mode);
  }
  int make_directories(const std::string& path) override { return inner_->make_directories(path); }
  int file_system(int descriptor, sys::FileSystem& found) override { return inner_->file_system(descriptor, found); }
  int list(int descriptor, const std::function<bool(const sys::DirectoryEntry&)>& visit) override {
    return inner_->list(descriptor, visit);
  }
  std::int64_t wall_clock() override { return inner_->wall_clock(); }
  std::chrono::nanoseconds monotonic_clock() override { return inner_->monotonic_clock(); }
  std::chrono::nanoseconds boot_clock() override { return inner_->boot_clock(); }
  std::string boot_id() override { return inner_->boot_id(); }
  void pause(std::chrono::nanoseconds duration) override { inner_->pause(duration); }
  int random(std::span<std::byte> buffer) override { return inner_->random(buffer); }
  std::uint32_t user() override { return inner_->user(); }
  std::uint64_t fork_count() override { return inner_->fork_count(); }
  bool announce_lock(int descriptor, sys::FileIdentity identity, std::uint64_t forks) override {
    return inner_->announce_lock(descriptor, identity, forks);
  }
  bool withdraw_lock(int descriptor) override { return inner_->withdraw_lock(descriptor); }
  bool locked_by_this_thread(sys::FileIdentity identity, int other_than) override {
    return inner_->locked_by_this_thread(identity, other_than);
  }
  std::uint64_t process_generation() override { return inner_->process_generation(); }
  int lock_holder(sys::FileIdentity identity) override { return inner_->lock_holder(identity); }
  sys::OpenFiles open_files(const std::function<bool(std::string_view)>& wanted) override {
    return inner_->open_files(wanted);
  }

 private:
  std::shared_ptr<sys::System> inner_;
};

}  // namespace sess::test
