// Making and opening a store's directory.
#pragma once

#include "backend/keys_file.hpp"
#include "format/store_file.hpp"
#include "fs/directory.hpp"
#include "fs/file_lock.hpp"
#include "sys/system.hpp"

#include <sess/store.hpp>
#include <sess/trial.hpp>

#include <memory>
#include <string>

namespace sess::backend {

struct OpenedDirectory {
  fs::Directory top;
  format::StoreFile file;
  std::unique_ptr<KeysFile> keys;
  bool forgets_synced_removals = false;  // of its file system
};

/// Throws StoreError where there is no store that this process may use; IoError. `probe`: what the file system can is
/// found out again where it is another one; else it is taken to be able to do nothing special, and nothing is changed.
OpenedDirectory open_directory(sys::System& system, const std::string& path, bool probe = true);

/// Makes a store of a directory that does not exist, is empty, or holds what an earlier call left when it was
/// killed. A store stays as it is. Several processes may do this at once. Throws StoreError, IoError.
void init_directory(sys::System& system, const std::string& path);

/// The file of the sweep, if there is none. Under the lock of setting up. Throws IoError.
void make_gc_file(const fs::Directory& top);
/// Overwrites it, as if there had been no sweep yet. `lock`: the sweeper's, on that file. Throws IoError.
void write_new_gc_state(const fs::Directory& top, const fs::FileLock& lock);

/// Raises the format that the file "store" names to `newest`, under the lock of setting up. A store at that format or
/// above stays as it is. Throws StoreError where there is no store that this process may use; IoError.
FormatUpgrade upgrade_directory(sys::System& system, const std::string& path,
                                format::FormatVersion newest = format::newest_format);

/// sess::try_file_system, through this system.
FileSystemTrial try_directory(sys::System& system, const std::string& path, const Onlooker& onlooker);

/// True if there is a directory at this path with a file that makes it a store.
bool is_store(sys::System& system, const std::string& path);

}  // namespace sess::backend
