// What the file system of a store does, found out by trying: for `sessctl doctor`, and for set-up programs like it.
#pragma once

#include <sess/export.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace sess {

/// What another process sees of a file.
struct TrialSight {
  std::uint64_t inode = 0;                 // what has this name; 0: nothing, or it cannot be opened
  std::int64_t modified_seconds = 0;       // its modification time, since 1970
  std::uint32_t modified_nanoseconds = 0;  // and the rest of it
  bool got_lock = false;                   // an exclusive flock(2), without waiting
};

/// Has another process open the file of this path, look at it and try to lock it; that process is then killed with what
/// it has, and gone when this returns.
using Onlooker = std::function<TrialSight(const std::string& path)>;

/// What was found. Where flock does nothing, or gives one lock to two, the rest was not tried.
struct FileSystemTrial {
  bool flock = false;        // it can be called
  bool excludes = false;     // and of two who have a file open one has the lock
  bool keeps_times = false;  // modification times come back, to the second at least
  bool keeps_nanoseconds = false;
  bool exchange = false;    // renameat2(2) with RENAME_EXCHANGE exchanges two names
  bool no_replace = false;  // and with RENAME_NOREPLACE refuses to rename over one
  // What takes an onlooker; nothing: nobody looked.
  std::optional<bool> excludes_processes = {};  // another process gets a lock when it is free, and only then
  std::optional<bool> frees_locks = {};         // what a killed process had locked is free
  std::optional<bool> shows_changes = {};       // it sees at once what time a file got, and that names were exchanged
};

/// Tries it in the directory `quarantine` of the store at this path, with two files that are made and removed, also
/// where it fails, under the lock of setting up. Nothing else in the store is touched. Waits for that lock for half a
/// minute. `onlooker` may be empty. Throws StoreError where there is no store of this user's, IoError where files
/// cannot be made or looked at at all.
SESS_API FileSystemTrial try_file_system(const std::string& path, const Onlooker& onlooker);

}  // namespace sess
