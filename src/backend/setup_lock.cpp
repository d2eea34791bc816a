#include "backend/setup_lock.hpp"

#include "fs/io_error.hpp"
#include "fs/waiting.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

namespace sess::backend {

fs::FileLock lock_for_setup(const fs::Directory& top) {
  auto opened = fs::open_lockable(top, ".", sys::OpenMode::directory);
  if (!opened) fs::throw_io("open directory", top.path(), -ENOENT);
  fs::FileLock lock = std::move(opened->lock);
  fs::Backoff backoff(top.system(), fs::Deadline::after(top.system(), std::chrono::seconds(30)));
  while (!lock.try_lock(top, "."))
    if (!backoff.pause()) fs::throw_io("lock", top.path(), -EWOULDBLOCK);
  return lock;
}

}  // namespace sess::backend
