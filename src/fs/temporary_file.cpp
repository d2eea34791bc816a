#include "fs/temporary_file.hpp"

#include "fs/io_error.hpp"

#include <utility>

namespace sess::fs {

namespace {
constexpr int attempt_limit = 8;  // names are random: more than one clash is no chance
}

TemporaryFile make_temporary_file(const Directory& directory, const std::function<std::string()>& next_name) {
  sys::System& system = directory.system();
  std::string name;
  for (int attempt = 0; attempt < attempt_limit;) {
    name = next_name();
    const std::uint64_t forks = system.fork_count();
    const int descriptor = system.open(directory.descriptor(), name.c_str(), sys::OpenMode::create_exclusive);
    if (descriptor == -EEXIST) {
      ++attempt;
      continue;
    }
    if (descriptor < 0) throw_io("create", directory.path_of(name), descriptor);
    sys::UniqueFd file(system, descriptor);
    try {
      const sys::FileStatus status = directory.status(file, name.c_str());
      FileLock lock(system, std::move(file), status.identity, forks);
      if (!lock) {
        system.unlink(directory.descriptor(), name.c_str());  // a forked child shares it: make another one
        continue;                                             // bounded by the forks
      }
      if (lock.try_lock(directory, name.c_str())) return {std::move(lock), std::move(name), status};
      ++attempt;
    } catch (...) {
      system.unlink(directory.descriptor(), name.c_str());
      throw;
    }
  }
  throw_io("lock", directory.path_of(name), -EWOULDBLOCK);
}

}  // namespace sess::fs
