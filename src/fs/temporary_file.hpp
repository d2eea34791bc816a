// A file under a name that nobody else uses, locked from before it has any content.
#pragma once

#include "fs/directory.hpp"
#include "fs/file_lock.hpp"

#include <functional>
#include <string>

namespace sess::fs {

struct TemporaryFile {
  FileLock lock;
  std::string name;
  sys::FileStatus status;
};

/// Makes and locks a file. `next_name` is asked for another name whenever one is taken, or when somebody else
/// locks the file first (then it is left to them: a name is never used twice, or a program that was stopped in
/// between would go on with another's file). Throws IoError.
TemporaryFile make_temporary_file(const Directory& directory, const std::function<std::string()>& next_name);

}  // namespace sess::fs
