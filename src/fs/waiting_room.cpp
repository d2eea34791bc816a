#include "fs/waiting_room.hpp"

#include <sess/error.hpp>

#include <cerrno>
#include <utility>

namespace sess::fs {

namespace {

std::optional<FileLock> take_place_in(const WaitingRoom& room) {
  // Announced like a lock, and for the same reason: a forked child must not keep the place.
  auto opened = open_lockable(*room.directory, room.file);
  if (!opened) {
    room.directory->make_file(room.file);
    opened = open_lockable(*room.directory, room.file);
  }
  if (!opened) return FileLock();
  for (unsigned place = 0; place < room.places; ++place) {
    const int answer = room.directory->system().try_lock_byte(opened->lock.file().get(), room.first_place + place);
    if (answer == 0) return std::move(opened->lock);
    if (answer != -EWOULDBLOCK) return FileLock();
  }
  return std::nullopt;
}

}  // namespace

std::optional<FileLock> take_place(const WaitingRoom& room) {
  try {
    return take_place_in(room);
  } catch (const IoError&) {
    return FileLock();
  }
}

}  // namespace sess::fs
