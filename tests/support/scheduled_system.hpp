// A decorator that lets a controller decide the order in which several actors make their system calls.
//
// Every call by an actor's thread stops before it is executed, until it is that actor's turn; calls by any other
// thread (a scenario's set-up and its check) go straight through. No stop: clocks, user, random, process_generation,
// fork_count, announce_lock, withdraw_lock and locked_by_this_thread, which no other process can see or change. The
// entries of a directory are read in one piece, then visited. random is replaced by a stream of each actor's own, so
// that an actor's choices do not depend on the order.
//
// Remembers which actor opened which descriptor: when an actor is killed its descriptors are closed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "support/controller.hpp"
#include "sys/system.hpp"

namespace sess::test {

class ScheduledSystem final : public sys::System {
 public:
  ScheduledSystem(std::shared_ptr<sys::System> inner, Controller& controller);

  sys::System& inner() { return *inner_; }
  Wake wake = Wake::any_change;

  /// A point of a test's own at which others may come between, for instance between two operations of one actor. It
  /// also keeps the reduction from exchanging what lies before it with what another actor does after it.
  void step(std::string_view label);
  /// False in an actor that has been killed: what its operation has just answered did not happen.
  bool alive();
  /// Closes what a killed actor has open, as the kernel would.
  void exit_of(Controller::Actor& actor);

  int open(int directory, const char* path, sys::OpenMode mode) override;
  int close(int descriptor) override;
  int try_lock(int descriptor) override;
  int unlock(int descriptor) override;
  int try_lock_byte(int descriptor, std::uint64_t offset) override;
  int status(int descriptor, sys::FileStatus& status) override;
  int status_at(int directory, const char* path, sys::FileStatus& status) override;
  std::int64_t read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) override;
  std::int64_t write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) override;
  int truncate(int descriptor, std::uint64_t size) override;
  int sync_data(int descriptor) override;
  int start_writeback(int descriptor) override;
  int sync(int descriptor) override;
  int sync_file_system(int descriptor) override;
  int set_times(int descriptor, sys::FileTime time) override;
  int rename(int directory, const char* from, int to_directory, const char* to, sys::RenameMode mode) override;
  int link(int directory, const char* from, int to_directory, const char* to) override;
  int unlink(int directory, const char* path) override;
  int make_directory(int directory, const char* path) override;
  int set_mode(int directory, const char* path, std::uint32_t mode) override;
  int make_directories(const std::string& path) override;
  int file_system(int descriptor, sys::FileSystem& found) override;
  int list(int descriptor, const std::function<bool(const sys::DirectoryEntry&)>& visit) override;
  std::int64_t wall_clock() override;
  std::chrono::nanoseconds monotonic_clock() override;
  std::chrono::nanoseconds boot_clock() override;
  std::string boot_id() override;
  void pause(std::chrono::nanoseconds duration) override;
  int random(std::span<std::byte> buffer) override;
  std::uint32_t user() override;
  std::uint64_t fork_count() override;
  bool announce_lock(int descriptor, sys::FileIdentity identity, std::uint64_t forks) override;
  bool withdraw_lock(int descriptor) override;
  bool locked_by_this_thread(sys::FileIdentity identity, int other_than) override;
  std::uint64_t process_generation() override;
  int lock_holder(sys::FileIdentity identity) override;
  sys::OpenFiles open_files(const std::function<bool(std::string_view)>& wanted) override {
    return inner_->open_files(wanted);
  }

 private:
  struct Opened {
    std::string path;
    std::optional<std::size_t> actor;  // who opened it; empty: the scenario's set-up
    bool locked = false;
    bool announced = false;
  };

  template <typename Action>
  auto scheduled(PendingCall call, Action action) -> decltype(action());
  PendingCall on_descriptor(Call call, int descriptor) const;
  PendingCall on_path(Call call, int directory, const char* path) const;
  PendingCall on_paths(Call call, int directory, const char* from, const char* arrow, int to_directory,
                       const char* to) const;
  std::string path_of(int directory, const char* path) const;
  bool has_changed(const PendingCall& call, std::int64_t result);

  std::shared_ptr<sys::System> inner_;
  Controller& controller_;
  mutable std::mutex mutex_;  // threads that are no actors may call at any time
  std::map<int, Opened> opened_;
};

}  // namespace sess::test
