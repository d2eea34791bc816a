// Numbers that are a function of a seed, on every machine. Plain data: it lives in shared memory.
#pragma once

#include <cstdint>

#include "support/system_call.hpp"

namespace sess::test {

struct Dice {
  std::uint64_t state = 0;

  std::uint64_t next() { return next_random(state); }
  /// 0 to count-1.
  unsigned below(std::uint64_t count) { return static_cast<unsigned>(next() % count); }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
};

/// A stream of its own for each use of one seed.
inline Dice dice_for(std::uint64_t seed, std::uint64_t use) { return {mixed(seed, use)}; }

}  // namespace sess::test
