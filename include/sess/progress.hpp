// How far something has come that goes through a whole store.
#pragma once

#include <cstdint>
#include <functional>

namespace sess {

struct Progress {
  std::uint32_t parts_done = 0;  // directories of the store and of its index; they hold about as much as each other
  std::uint32_t parts = 0;       // all of them, and at least 1
  std::uint64_t records = 0;     // that were looked at so far
};

/// Is told after each part, in the thread of the caller, while no session is locked. What it throws ends the work and
/// comes out of it. May be empty.
using OnProgress = std::function<void(const Progress&)>;

}  // namespace sess
