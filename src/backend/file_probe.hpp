// What a file system can do, found out by trying: what it claims is not asked, some answer 0 and do something else.
#pragma once

#include "format/store_file.hpp"
#include "fs/directory.hpp"

#include <sess/trial.hpp>

#include <string>

namespace sess::backend {

/// Tries in this directory, with two files that it makes and removes. `onlooker` may be empty. Throws IoError.
FileSystemTrial try_file_system(const fs::Directory& place, const Onlooker& onlooker);

/// The same, and fills in what was found and on which file system. Throws StoreError where the promises cannot be kept
/// (no exclusive locks, no modification times); IoError.
void probe_file_system(const fs::Directory& place, format::StoreFile& file);

/// The file system that a directory is on.
sys::FileSystem file_system_of(const fs::Directory& directory);

/// Names it for the file "store": its type and ID (statfs(2)), in hexadecimal.
std::string file_system_name(const sys::FileSystem& file_system);

/// True if fsync of a directory may answer 0 and a removed name be there again after a power cut. That cannot be tried
/// out, so the file system's type is asked.
bool forgets_synced_removals(const sys::FileSystem& file_system);

}  // namespace sess::backend
