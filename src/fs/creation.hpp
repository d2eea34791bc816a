// A new file that appears under its name complete and locked, or not at all.
#pragma once

#include "fs/directory.hpp"
#include "fs/file_lock.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace sess::fs {

struct CreationOptions {
  bool no_replace = true;            // the file system has RENAME_NOREPLACE; else link and unlink
  bool durable = false;              // sync the data before and the directory after
  bool start_writeback = false;      // if not durable: let the data be on its way before the name is
  const char* directory_name = ".";  // that of the name, for the sync
};

struct Creation {
  FileLock lock;
  sys::FileStatus status;  // of the empty file: only its identity is of use
  int sync_error = 0;      // negated errno of a directory sync that failed after the file appeared, or 0
};

/// Nothing if the name is taken. Throws IoError; then nothing has appeared, and no temp file is left.
std::optional<Creation> create_locked(const Directory& directory, const char* name,
                                      const std::function<std::string()>& next_temporary,
                                      std::span<const std::byte> content, sys::FileTime time,
                                      const CreationOptions& options);

}  // namespace sess::fs
