#include "fs/waiting_room.hpp"

#include "fs/io_error.hpp"

#include <cerrno>
#include <utility>

namespace sess::fs {

std::optional<FileLock> take_place(const WaitingRoom& room) {
  // Announced like a lock, and for the same reason: a forked child must not keep the place.
  auto opened = open_lockable(*room.directory, room.file);
  if (!opened) throw_io("open", room.directory->path_of(room.file), -ENOENT);
  for (unsigned place = 0; place < room.places; ++place) {
    const int answer = room.directory->system().try_lock_byte(opened->lock.file().get(), room.first_place + place);
    if (answer == 0) return std::move(opened->lock);
    if (answer != -EWOULDBLOCK) throw_io("lock a byte of", room.directory->path_of(room.file), answer);
  }
  return std::nullopt;
}

}  // namespace sess::fs
