// The clock guard: a wall clock that is set wrong for a minute must not end every session.
//
// Purpose: a sweep judges by the wall clock, which anybody with the right to it can set. Each sweep compares how far
// the wall clock has come since the last one with how far the boot clock has (CLOCK_BOOTTIME, which nobody can set). A
// wall clock that has run ahead of it by more than the tolerance has been set, and nothing is deleted until the hold
// is over: then the time is taken for right. A clock that is set back to where it belongs ends the hold at once.
//
// Not noticed: a jump between the shutdown and the start of a machine, because the boot clocks of two runs cannot be
// compared; a hold that is in force then begins again. A clock that is set back is no danger: deadlines come later.
#pragma once

#include "format/gc_state.hpp"
#include "sys/system.hpp"

#include <chrono>

namespace sess::backend {

/// Further ahead than this is not drift, nor the slewing of a time server (adjtime(3) moves a clock by 0.5 ms a
/// second).
inline constexpr std::chrono::milliseconds clock_tolerance = std::chrono::minutes(1);

/// What the clocks say now, given what the last sweep remembered. Zero for `hold` switches the guard off. Never held
/// for longer than that, whatever the last sweep, or somebody with an editor, has written.
format::ClockState observe_clock(const format::ClockState& last, sys::System& system, std::chrono::milliseconds hold);

/// True while nothing may be deleted.
inline bool held(const format::ClockState& state) { return state.jump != 0; }

}  // namespace sess::backend
