// What a file system can do, found out by trying: what it claims is not asked, some answer 0 and do something else.
#pragma once

#include "format/store_file.hpp"
#include "fs/directory.hpp"

namespace sess::backend {

/// Tries in this directory, with two files that it makes and removes, and fills in what was found and on which file
/// system. Throws StoreError where the promises cannot be kept (no exclusive locks, no modification times); IoError.
void probe_file_system(const fs::Directory& place, format::StoreFile& file);

/// Names the file system that a directory is on: its type and ID (statfs(2)), in hexadecimal.
std::string file_system_name(const fs::Directory& directory);

}  // namespace sess::backend
