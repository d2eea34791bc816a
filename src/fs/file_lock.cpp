#include "fs/file_lock.hpp"

#include "fs/io_error.hpp"

#include <utility>

namespace sess::fs {

using sys::FileIdentity;
using sys::OpenMode;
using sys::UniqueFd;

FileLock::FileLock(sys::System& system, UniqueFd file, FileIdentity identity)
    : system_(&system), file_(std::move(file)), identity_(identity), generation_(system.process_generation()) {
  system.announce_lock(file_.get(), identity);
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

namespace {

/// What ended the wait for an open file's lock.
enum class WaitEnd : std::uint8_t { locked, name_moved_on, deadline };

WaitEnd wait_for(FileLock& lock, const Directory& directory, const char* name, Backoff& backoff) {
  while (!lock.try_lock(directory, name)) {
    if (!backoff.pause()) return WaitEnd::deadline;
    const auto linked = directory.status(name);
    if (!linked || linked->identity != lock.identity()) return WaitEnd::name_moved_on;
  }
  return WaitEnd::locked;
}

}  // namespace

// Bounded by the deadline: every turn either waits or follows a rename that another process made.
Acquisition acquire(const Directory& directory, const char* name, Deadline deadline) {
  sys::System& system = directory.system();
  Backoff backoff(system, deadline);
  for (;;) {
    auto file = directory.open_file(name, OpenMode::read_write);
    if (!file) {
      // ENOENT, or ESTALE of a network file system whose name has just been given to another file.
      if (!directory.status(name)) return {Acquisition::Outcome::absent};
      if (!backoff.pause()) return {Acquisition::Outcome::busy};
      continue;
    }
    const FileIdentity identity = directory.status(*file, name).identity;
    if (deadline.permits_waiting() && system.locked_by_this_thread(identity))
      throw UsageError("lock session: this thread holds the session's lock already and would wait for itself");
    FileLock lock(system, std::move(*file), identity);
    switch (wait_for(lock, directory, name, backoff)) {
      case WaitEnd::deadline:
        return {Acquisition::Outcome::busy, {}, {}, deadline.permits_waiting() ? system.lock_holder(identity) : 0};
      case WaitEnd::name_moved_on:
        continue;
      case WaitEnd::locked:
        break;
    }
    // The check that makes the lock good. Device and inode, not the link count: the old inode stays linked as
    // the spare, and NFS or a backup made of hard links may keep it linked anywhere.
    const auto linked = directory.status(name);
    if (linked && linked->identity == identity) return {Acquisition::Outcome::locked, std::move(lock), *linked};
    if (!deadline.permits_waiting()) return {linked ? Acquisition::Outcome::busy : Acquisition::Outcome::absent};
    if (deadline.left(system) <= std::chrono::nanoseconds::zero()) return {Acquisition::Outcome::busy};
  }
}

}  // namespace sess::fs
