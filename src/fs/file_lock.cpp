#include "fs/file_lock.hpp"

#include "fs/io_error.hpp"
#include "fs/waiting_room.hpp"

#include <utility>

namespace sess::fs {

using sys::FileIdentity;
using sys::OpenMode;
using sys::UniqueFd;

FileLock::FileLock(sys::System& system, UniqueFd file, FileIdentity identity, std::uint64_t forks)
    : system_(&system), file_(std::move(file)), identity_(identity), generation_(system.process_generation()) {
  if (!system.announce_lock(file_.get(), identity, forks)) file_.reset();
}

FileLock::FileLock(FileLock&& other) noexcept
    : system_(other.system_),
      file_(std::move(other.file_)),
      identity_(other.identity_),
      generation_(other.generation_),
      locked_(std::exchange(other.locked_, false)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    release();
    system_ = other.system_;
    file_ = std::move(other.file_);
    identity_ = other.identity_;
    generation_ = other.generation_;
    locked_ = std::exchange(other.locked_, false);
  }
  return *this;
}

bool FileLock::try_lock(const Directory& directory, const char* name) {
  const int answer = system_->try_lock(file_.get());
  if (answer == -EWOULDBLOCK) return false;
  if (answer < 0) throw_io("lock", directory.path_of(name), answer);
  locked_ = true;
  return true;
}

bool FileLock::held_by_this_thread() const { return system_->locked_by_this_thread(identity_, file_.get()); }

bool FileLock::own() const { return system_ != nullptr && system_->process_generation() == generation_; }

void FileLock::release() noexcept {
  if (!file_) return;
  const bool locked = std::exchange(locked_, false);
  if (!own()) {
    file_.release();
    return;
  }
  if (locked) system_->unlock(file_.get());
  system_->withdraw_lock(file_.get());
  file_.reset();
}

std::optional<Lockable> open_lockable(const Directory& directory, const char* name, OpenMode mode) {
  sys::System& system = directory.system();
  // Ends with the first turn in which no other thread of this process forks.
  for (;;) {
    const std::uint64_t forks = system.fork_count();
    auto file = directory.open_file(name, mode);
    if (!file) return std::nullopt;
    const sys::FileStatus status = directory.status(*file, name);
    FileLock lock(system, std::move(*file), status.identity, forks);
    if (lock) return Lockable{std::move(lock), status};
  }
}

namespace {

/// What ended the wait for an open file's lock.
enum class WaitEnd : std::uint8_t { locked, name_moved_on, gave_up };

/// One who waits for a name: until when, how, and where.
struct Waiter {
  Deadline deadline;
  Backoff backoff;
  const WaitingRoom* room;
  std::optional<FileLock> place = std::nullopt;

  /// False if there is no time or no place to wait any longer.
  bool wait() {
    if (room != nullptr && room->places > 0 && !place && deadline.permits_waiting() && backoff.sleeps_next()) {
      place = take_place(*room);
      if (!place) return false;
    }
    return backoff.pause();
  }
};

WaitEnd wait_for(FileLock& lock, const Directory& directory, const char* name, Waiter& waiter) {
  while (!lock.try_lock(directory, name)) {
    if (waiter.deadline.permits_waiting() && lock.held_by_this_thread())
      throw UsageError("lock session: this thread holds the session's lock already and would wait for itself");
    if (!waiter.wait()) return WaitEnd::gave_up;
    const auto linked = directory.status(name);
    if (!linked || linked->identity != lock.identity()) return WaitEnd::name_moved_on;
  }
  return WaitEnd::locked;
}

/// One attempt at what the name means now; nothing if it has come to mean another file meanwhile.
std::optional<Acquisition> acquire_once(const Directory& directory, const char* name, Waiter& waiter) {
  auto opened = open_lockable(directory, name);
  if (!opened) return Acquisition{Acquisition::Outcome::absent};
  FileLock& lock = opened->lock;
  const FileIdentity identity = lock.identity();
  const WaitEnd end = wait_for(lock, directory, name, waiter);
  if (end == WaitEnd::name_moved_on) return std::nullopt;
  if (end == WaitEnd::gave_up) {
    const int holder = waiter.deadline.permits_waiting() ? directory.system().lock_holder(identity) : 0;
    return Acquisition{Acquisition::Outcome::busy, {}, {}, holder};
  }
  // The check that makes the lock good. Device and inode, not the link count: the old inode stays linked as
  // the spare, and NFS or a backup made of hard links may keep it linked anywhere.
  const auto linked = directory.status(name);
  if (linked && linked->identity == identity)
    return Acquisition{Acquisition::Outcome::locked, std::move(lock), *linked};
  if (waiter.deadline.permits_waiting()) return std::nullopt;
  return Acquisition{linked ? Acquisition::Outcome::busy : Acquisition::Outcome::absent};
}

}  // namespace

// Bounded by the deadline: every turn either waits or follows a rename that another process made.
Acquisition acquire(const Directory& directory, const char* name, Deadline deadline, const WaitingRoom* room) {
  Waiter waiter{deadline, Backoff(directory.system(), deadline), room};
  for (;;) {
    try {
      if (auto acquired = acquire_once(directory, name, waiter)) return std::move(*acquired);
      if (deadline.left(directory.system()) <= std::chrono::nanoseconds::zero()) return {Acquisition::Outcome::busy};
    } catch (const IoError& error) {
      // ESTALE of a descriptor: another client of a network file system has removed the file that it means.
      if (error.error_number() != ESTALE || !waiter.backoff.pause()) throw;
    }
  }
}

}  // namespace sess::fs
