// A limit on how many wait for one name, whatever their process.
//
// Each waiter takes one of the places, which are bytes of a file that nobody writes: an open file description locks one
// (fcntl(2), F_OFD_SETLK), and its close or the end of its process lets it go. A waiter that is killed leaves its
// place.
#pragma once

#include "fs/directory.hpp"
#include "fs/file_lock.hpp"

#include <cstdint>
#include <optional>

namespace sess::fs {

struct WaitingRoom {
  const Directory* directory = nullptr;  // of the file
  const char* file = nullptr;
  std::uint64_t first_place = 0;  // the offset of the first byte
  unsigned places = 0;            // 0: as many as like may wait
};

/// Holds a place until it dies; nothing if all are taken. The limit is a kindness to other requests and no promise:
/// where the file cannot be made, opened or locked, the answer is a place without a file, and there is no limit.
std::optional<FileLock> take_place(const WaitingRoom& room);

}  // namespace sess::fs
