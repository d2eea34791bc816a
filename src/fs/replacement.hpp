// The double-buffered replacement of a locked file: a new inode takes over its name, and with it the lock.
//
// Calling sequence, by the holder of the lock on the current file:
//
//   Replacement next(directory, names, current, options);
//   next.prepare(deadline);       // the spare, locked; or a fresh temp file where it is absent, busy or shared
//   ... next.spare(), next.read_spare(): for the generation rule
//   next.write(content);          // [synced at durable]
//   next.set_times(deadline);
//   next.publish();               // exchange; `current` is now the new file, locked; the old one is released
//
// States: until publish the name still means the old version. If anything before it throws, or publish itself
// does, the destructor cuts or removes the spare (recovery must not find a commit that failed) or removes the temp
// file; the old version stays current and locked. What fails after the exchange is reported, not thrown.
#pragma once

#include "fs/directory.hpp"
#include "fs/file_lock.hpp"
#include "fs/waiting.hpp"
#include "sys/system.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sess::fs {

/// Relative names within the directory; for the temp names see temporary_file.hpp.
struct ReplacementNames {
  const char* current;
  const char* spare;
  std::function<std::string()> next_temporary;
};

struct ReplacementOptions {
  bool exchange = true;              // the file system can exchange two names
  bool durable = false;              // sync the data before and the directory after
  bool start_writeback = false;      // if it syncs nothing: let a fresh file's data be on its way before its name is
  bool scrub = false;                // overwrite what is replaced; syncs the data before
  bool drop = false;                 // leave no spare: the content before must not come back. Only with `durable`
  bool sync_all = false;             // if it drops: sync the whole file system, where a directory's sync is not enough
  bool spare_only = false;           // no space for a temp file: wait for the spare
  const char* directory_name = ".";  // that of the names, for the sync
  std::size_t head = 0;              // bytes at the beginning of a content that name its generation
};

class Replacement {
 public:
  Replacement(const Directory& directory, ReplacementNames names, FileLock& current, ReplacementOptions options);
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;
  ~Replacement();

  /// Waits only where no inode is left for a temp file and the spare is busy. Throws IoError.
  void prepare(Deadline deadline);
  /// True if the file to be written is the spare: then it has an earlier content and earlier times.
  bool reuses_spare() const noexcept { return reuses_spare_; }
  const sys::FileStatus& status() const noexcept { return status_; }
  void read(std::size_t size, std::vector<std::byte>& content) const;

  /// Writes all of it and cuts off what was longer. Throws IoError.
  void write(std::span<const std::byte> content);
  void set_times(sys::FileTime time);
  /// Throws IoError while the old version is still current. Answers 0, or the negated errno of what failed after the
  /// new version became current: a sync, a scrub, the removal of what was replaced.
  int publish();

 private:
  enum class State : std::uint8_t { empty, prepared, published };

  bool take_spare();
  void exchange_or_replace();
  int overwrite(const sys::UniqueFd& file, std::uint64_t from, std::uint64_t to) const;
  int scrub(const sys::UniqueFd& file, std::uint64_t links) const;
  void scrub_spare() const;
  void abandon() noexcept;
  bool keep_spare() noexcept;

  const Directory& directory_;
  ReplacementNames names_;
  FileLock& current_;
  ReplacementOptions options_;
  FileLock next_;
  std::string name_;  // what is to be written: the spare or a temp file
  sys::FileStatus status_ = {};
  bool reuses_spare_ = false;
  std::size_t size_ = 0;            // of the new content
  std::size_t written_ = 0;         // of it
  bool replaced_is_spare_ = false;  // the version before has the spare's name, and no other of ours
  bool sync_failed_ = false;
  State state_ = State::empty;
};

}  // namespace sess::fs
