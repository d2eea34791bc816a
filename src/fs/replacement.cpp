#include "fs/replacement.hpp"

#include "fs/io_error.hpp"
#include "fs/temporary_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <new>
#include <optional>
#include <utility>

namespace sess::fs {

using sys::OpenMode;
using sys::RenameMode;

namespace {

/// A waiter that woke on the old inode holds the spare's lock for the few microseconds that it takes to find out
/// that the name has moved on. Looking again so often costs less than a new inode.
constexpr int spare_attempts = 4;
constexpr auto spare_pause = std::chrono::microseconds(20);

}  // namespace

Replacement::Replacement(const Directory& directory, ReplacementNames names, FileLock& current,
                         ReplacementOptions options)
    : directory_(directory), names_(std::move(names)), current_(current), options_(options) {}

Replacement::~Replacement() {
  if (state_ == State::prepared) abandon();
}

void Replacement::prepare(Deadline deadline) {
  Backoff backoff(directory_.system(), deadline);
  for (;;) {
    const bool spare_is_there = take_spare();
    if (reuses_spare_) break;
    if (options_.spare_only) {
      // A spare needs no inode, and whoever holds its lock will let it go.
      if (spare_is_there && backoff.pause()) continue;
      throw_io("create", directory_.path_of(names_.spare), -ENOSPC);
    }
    try {
      TemporaryFile temporary = make_temporary_file(directory_, names_.next_temporary);
      next_ = std::move(temporary.lock);
      name_ = std::move(temporary.name);
      status_ = temporary.status;
      break;
    } catch (const IoError& error) {
      if (!spare_is_there || !out_of_space(error.error_number()) || !backoff.pause()) throw;
    }
  }
  state_ = State::prepared;
}

/// True if there is a spare that could be waited for. Sets reuses_spare_ if it is ours.
bool Replacement::take_spare() {
  sys::System& system = directory_.system();
  auto opened = open_lockable(directory_, names_.spare);
  if (!opened) return false;
  const sys::FileStatus& status = opened->status;
  // A second link (a backup made of hard links) would be written through: take a fresh file instead.
  if (status.type != sys::FileType::regular || status.links != 1) return false;
  for (int attempt = 1; !opened->lock.try_lock(directory_, names_.spare); ++attempt) {
    if (attempt == spare_attempts) return true;
    system.pause(spare_pause);
  }
  next_ = std::move(opened->lock);
  name_ = names_.spare;
  status_ = status;
  reuses_spare_ = true;
  return true;
}

void Replacement::read(std::size_t size, std::vector<std::byte>& content) const {
  directory_.read(next_.file(), name_.c_str(), size, content);
}

void Replacement::write(std::span<const std::byte> content) {
  sys::System& system = directory_.system();
  size_ = content.size();
  directory_.write(next_.file(), name_.c_str(), content, &written_);
  if (status_.size > content.size()) {
    if (options_.scrub) {
      const int answer = overwrite(next_.file(), content.size(), status_.size);
      if (answer < 0) throw_io("overwrite", directory_.path_of(name_), answer);
    }
    const int answer = system.truncate(next_.file().get(), content.size());
    if (answer < 0) throw_io("truncate", directory_.path_of(name_), answer);
  }
  // Before a scrub destroys the version before, this one must be safe.
  if (options_.durable || options_.scrub) {
    const int answer = system.sync_data(next_.file().get());
    if (answer < 0) {
      sync_failed_ = true;
      throw_io("sync", directory_.path_of(name_), answer);
    }
  } else if (options_.start_writeback && !reuses_spare_) {
    system.start_writeback(next_.file().get());  // a hint: no harm where it fails
  }
}

void Replacement::set_times(sys::FileTime time) {
  const int answer = directory_.system().set_times(next_.file().get(), time);
  if (answer < 0) throw_io("set times of", directory_.path_of(name_), answer);
}

int Replacement::publish() {
  int sync_answer = 0;
  try {
    exchange_or_replace();
  } catch (const IoError& error) {
    // Some file systems rename and answer an error all the same (NFS, FUSE). What the name means decides.
    std::optional<sys::FileStatus> linked;
    try {
      linked = directory_.status(names_.current);
    } catch (...) {
      // Either file may be the current one: neither is cut or removed, and nobody knows which lock counts.
      state_ = State::published;
      current_.release();
      throw;
    }
    if (!linked || linked->identity != next_.identity()) throw;
    sync_answer = -error.error_number();
  }
  state_ = State::published;
  // The lock on the new inode is held, so nobody else can commit; the old one's waiters wake, look at the name
  // and queue on the new inode.
  const FileLock replaced = std::exchange(current_, std::move(next_));
  if (!options_.durable && !options_.scrub) return sync_answer;
  try {
    if (options_.drop) directory_.unlink(names_.spare);
    if (options_.drop && options_.sync_all)
      directory_.sync_file_system();
    else
      directory_.sync_child(options_.directory_name);
  } catch (const IoError& error) {
    sync_answer = -error.error_number();
  } catch (const std::bad_alloc&) {
    sync_answer = -ENOMEM;
  }
  // Not before the new name is on disk: a power cut would leave the old one, with nothing in it.
  if (options_.scrub && sync_answer == 0) sync_answer = scrub(replaced.file(), replaced_is_spare_ ? 1 : 0);
  return sync_answer;
}

void Replacement::exchange_or_replace() {
  sys::System& system = directory_.system();
  const int at = directory_.descriptor();
  if (!reuses_spare_) {
    // A spare that this version does not come from must be gone before the version stands: recovery would take it for
    // the one before, and it may be a commit that failed or was killed.
    if (options_.scrub)
      scrub_spare();
    else
      directory_.unlink(names_.spare);
    // The current version gets the spare's name before it loses its own: a power cut keeps these changes in their
    // order, so recovery finds it. Where that fails the new version has no spare, which is no harm.
    if (options_.exchange && !options_.drop) {
      replaced_is_spare_ = system.link(at, names_.current, at, names_.spare) == 0;
      // Some file systems link and answer an error all the same.
      if (!replaced_is_spare_) directory_.unlink(names_.spare);
    }
  } else if (options_.exchange) {
    const int answer = system.rename(at, name_.c_str(), at, names_.current, RenameMode::exchange);
    replaced_is_spare_ = answer == 0;
    if (answer == 0) return;
    if (answer != -EINVAL && answer != -ENOSYS && answer != -EOPNOTSUPP)
      throw_io("exchange", directory_.path_of(name_), answer);
  }
  const int answer = system.rename(at, name_.c_str(), at, names_.current, RenameMode::replace);
  if (answer < 0) throw_io("rename", directory_.path_of(name_), answer);
}

/// Zeros from one offset to another; 0 or a negated errno.
int Replacement::overwrite(const sys::UniqueFd& file, std::uint64_t from, std::uint64_t to) const {
  static constexpr std::array<std::byte, 4096> zeros{};
  sys::System& system = directory_.system();
  while (from < to) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), to - from));
    const std::int64_t put = system.write(file.get(), std::span(zeros).first(size), from);
    if (put <= 0) return put < 0 ? static_cast<int>(put) : -EIO;
    from += static_cast<std::uint64_t>(put);
  }
  return 0;
}

/// Overwrites a file that has so many links. Through a second one (a backup) nothing is written.
int Replacement::scrub(const sys::UniqueFd& file, std::uint64_t links) const {
  sys::System& system = directory_.system();
  sys::FileStatus status;
  int answer = system.status(file.get(), status);
  if (answer == 0 && status.links <= links) answer = overwrite(file, 0, status.size);
  return answer == 0 ? system.sync_data(file.get()) : answer;
}

/// A spare that is not reused loses its name, then its content: overwritten under its name it would tell nobody any
/// more which generation a killed writer has left in it. Its lock is not needed: whoever has it only looks at the name,
/// and only the holder of the current file's lock writes.
void Replacement::scrub_spare() const {
  const auto file = directory_.open_file(names_.spare, OpenMode::read_write);
  if (!file) return;
  directory_.unlink(names_.spare);
  const int answer = scrub(*file, 0);
  if (answer < 0) throw_io("overwrite", directory_.path_of(names_.spare), answer);
}

void Replacement::abandon() noexcept {
  if (!next_.own()) return;
  if (reuses_spare_ && keep_spare()) return;
  directory_.system().unlink(directory_.descriptor(), name_.c_str());
}

/// What a failed commit has done to the spare must not be recovered, nor may it be read in an inode that is current
/// again later. Where nothing of it could be read it stays: a full disk may have no other inode and blocks.
bool Replacement::keep_spare() noexcept {
  sys::System& system = directory_.system();
  const int descriptor = next_.file().get();
  if (size_ == 0) return true;  // nobody has tried to write
  if (written_ < size_) {
    // One byte short of the record it never verifies, also where a write took effect and answered an error. The
    // generation that it names is the largest one so far, and must be found by the next commit.
    const std::uint64_t size = std::min<std::uint64_t>(status_.size, size_ - 1);
    const bool names_generation = size >= options_.head && (written_ == 0 || written_ >= options_.head);
    return names_generation && system.truncate(descriptor, size) == 0;
  }
  // Complete, and perhaps with its times: a snapshot that has read it would find the same inode and the same times
  // under the next version, if that one had the same deadline and, as no trace is left, the same generation. And a
  // power cut may bring back the name, not the content that was cut off. A sync that has failed is not tried again: the
  // kernel marks such pages clean although they are not on disk (PostgreSQL's fsync findings of 2018; fsync(2), "EIO").
  if (system.truncate(descriptor, 0) == 0 && !sync_failed_) system.sync_data(descriptor);
  return false;
}

}  // namespace sess::fs
