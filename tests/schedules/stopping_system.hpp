// The real system calls of a process that stops before each of them, until it has the baton.
//
// No stop: clocks, random, user, process_generation, fork_count, announce_lock, withdraw_lock, locked_by_this_thread,
// which no other process can see or change. What would differ from run to run does not get through: the clocks are the
// board's, random numbers a stream of the actor's own, the entries of a directory come in the order of their names, a
// sync answers 0 and does nothing (it is seen after a power cut only), the holder of a lock is not told, change times
// are those that the kernel would have set by the board's clock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "baton.hpp"
#include "support/forwarding_system.hpp"

namespace sess::test {

class StoppingSystem final : public ForwardingSystem {
 public:
  /// Of the real system calls. The controller's never stops.
  StoppingSystem(Board& board, unsigned actor);

  /// Without stops an actor gets ready.
  bool stops = false;
  /// A point of the test's own at which others may come between and the process may be killed.
  void step(std::string_view label);
  int open_descriptors() const { return open_descriptors_; }

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
  int sync(int descriptor) override;
  int sync_file_system(int descriptor) override;
  int set_times(int descriptor, sys::FileTime time) override;
  int rename(int directory, const char* from, int to_directory, const char* to, sys::RenameMode mode) override;
  int link(int directory, const char* from, int to_directory, const char* to) override;
  int unlink(int directory, const char* path) override;
  int list(int descriptor, const std::function<bool(const sys::DirectoryEntry&)>& visit) override;
  std::int64_t wall_clock() override { return board_.clock.wall; }
  std::chrono::nanoseconds monotonic_clock() override { return std::chrono::milliseconds(board_.clock.monotonic); }
  std::chrono::nanoseconds boot_clock() override { return std::chrono::milliseconds(board_.clock.wall); }
  std::string boot_id() override { return "00000000-0000-4000-8000-000000000000"; }
  void pause(std::chrono::nanoseconds duration) override;
  int random(std::span<std::byte> buffer) override;
  int lock_holder(sys::FileIdentity) override { return 0; }

 private:
  /// What a call that was made has changed for others.
  enum class Effect : std::uint8_t { none, content, names_or_locks };

  template <class Made>
  auto stopped(Call call, std::string_view path, std::string_view to_path, int note, Effect effect, Made make)
      -> decltype(make());
  template <class Made>
  auto stopped(Call call, int descriptor, Effect effect, Made make) -> decltype(make());
  std::string_view path_of(int descriptor) const;
  void file_changed(int descriptor);
  void name_changed(int directory, const char* path);
  void check_spares(int directory, const char* path);

  Board& board_;
  Baton baton_;
  unsigned actor_;
  int open_descriptors_ = 0;
  std::vector<std::string> paths_;  // of the open descriptors
};

}  // namespace sess::test
