#include "backend/clock_guard.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace sess::backend {

format::ClockState observe_clock(const format::ClockState& last, sys::System& system, std::chrono::milliseconds hold) {
  const auto boot = std::chrono::duration_cast<std::chrono::milliseconds>(system.boot_clock()).count();
  format::ClockState now{system.boot_id(), system.wall_clock(), boot, 0, 0};
  if (hold <= std::chrono::milliseconds::zero() || last.boot_id.empty() || now.boot_id.empty()) return now;

  const auto hold_from_now = [&] { return now.boot + hold.count(); };
  if (now.boot_id != last.boot_id) {
    if (held(last)) {
      now.jump = last.jump;
      now.held_until = hold_from_now();
    }
    return now;
  }
  const std::int64_t ahead = (now.wall - last.wall) - (now.boot - last.boot);
  const std::int64_t jump = last.jump + ahead;
  if (jump <= clock_tolerance.count()) return now;
  const bool jumped_again = ahead > clock_tolerance.count();
  // No hold is longer than this one's: what says so was written by nobody who sweeps, or by one who holds longer.
  const std::int64_t until = jumped_again ? hold_from_now() : std::min(last.held_until, hold_from_now());
  if (now.boot >= until) return now;  // it has had its time to be put right
  now.jump = jump;
  now.held_until = until;
  return now;
}

}  // namespace sess::backend
