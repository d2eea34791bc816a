// A system with one thing wrong, to show that the machine notices it.
#pragma once

#include <cstdint>
#include <memory>
#include <set>

#include "board.hpp"
#include "support/forwarding_system.hpp"

namespace sess::test {

enum class Flaw : std::uint8_t {
  none,
  // Those of support/broken_system.hpp:
  no_lock,
  blind_status,
  no_times,
  frozen_stamp,
  // and some of one operation alone:
  sweep_without_lock,
  touch_without_lock,
  snapshot_without_second_look,
  exchange_in_three,    // two names are exchanged by three renames
  record_before_spare,  // of the two unlinks of a destroy or a sweep
  lock_is_kept,         // unlock and close answer 0, and the lock stays
  spare_looks_empty,    // a commit does not learn which generation a killed one has left
};

/// `inner` with a flaw, for an actor; `inner` itself for none.
std::shared_ptr<sys::System> flawed(std::shared_ptr<sys::System> inner, Flaw flaw, const Board& board, unsigned actor);

}  // namespace sess::test
