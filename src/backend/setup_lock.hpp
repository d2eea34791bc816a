// The lock under which a store's own files are made and replaced.
#pragma once

#include "fs/directory.hpp"
#include "fs/file_lock.hpp"

namespace sess::backend {

/// Setting up is done by one process at a time: init, a new probe of the file system, a new secret. The lock is on the
/// directory itself, which no commit ever locks. Waits for half a minute. Throws IoError.
fs::FileLock lock_for_setup(const fs::Directory& top);

}  // namespace sess::backend
