// The clock guard, one sweep after the other.
#include "backend/clock_guard.hpp"

#include "support/fake_system.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace sess;
using namespace std::chrono_literals;
using backend::held;
using backend::observe_clock;
using test::FakeSystem;

namespace {

struct Sweeps {
  FakeSystem system;
  std::chrono::milliseconds hold = 1h;
  format::ClockState state = observe_clock({}, system, hold);

  bool sweep() {
    state = observe_clock(state, system, hold);
    return held(state);
  }
  void step_clock(std::chrono::nanoseconds by) {
    system.set_wall_clock(std::chrono::milliseconds(system.wall_clock()) + by);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Sweeps, "time that passes is no jump, however long") {
  for (const auto pause : {0ms, 1ms, 60'000ms, 86'400'000ms, 31'536'000'000ms}) {
    system.advance(pause);
    CHECK_FALSE(sweep());
  }
}

TEST_CASE_FIXTURE(Sweeps, "a clock that is set ahead holds until the hold is over, then it is believed") {
  step_clock(24h);
  CHECK(sweep());
  CHECK(state.jump == std::chrono::milliseconds(24h).count());
  system.advance(59min);
  CHECK(sweep());
  CHECK(state.jump == std::chrono::milliseconds(24h).count());
  system.advance(1min);
  CHECK_FALSE(sweep());
  system.advance(24h);
  CHECK_FALSE(sweep());
}

TEST_CASE_FIXTURE(Sweeps, "a clock that is set right again ends the hold at once") {
  step_clock(24h);
  CHECK(sweep());
  system.advance(2min);
  step_clock(-24h);
  CHECK_FALSE(sweep());
  CHECK_FALSE(sweep());
}

TEST_CASE_FIXTURE(Sweeps, "a clock that is set half right is held to the same end") {
  step_clock(24h);
  CHECK(sweep());
  const auto until = state.held_until;
  system.advance(10min);
  step_clock(-12h);
  CHECK(sweep());
  CHECK(state.jump == std::chrono::milliseconds(12h).count());
  CHECK(state.held_until == until);
}

TEST_CASE_FIXTURE(Sweeps, "a clock that jumps again is held anew") {
  step_clock(24h);
  CHECK(sweep());
  system.advance(59min);
  step_clock(24h);
  CHECK(sweep());
  system.advance(59min);
  CHECK(sweep());
  system.advance(1min);
  CHECK_FALSE(sweep());
}

TEST_CASE_FIXTURE(Sweeps, "a hold that somebody has written lasts no longer than one that a sweep begins") {
  step_clock(24h);
  CHECK(sweep());
  state.held_until = std::chrono::milliseconds(24h * 365 * 100).count();
  CHECK(sweep());
  CHECK(state.held_until - state.boot == std::chrono::milliseconds(1h).count());
  system.advance(1h);
  CHECK_FALSE(sweep());
}

TEST_CASE_FIXTURE(Sweeps, "a minute is tolerated, and a clock that is set back is no danger") {
  step_clock(1min);
  CHECK_FALSE(sweep());
  step_clock(1min + 1ms);
  CHECK(sweep());
  step_clock(-48h);
  CHECK_FALSE(sweep());
}

TEST_CASE_FIXTURE(Sweeps, "the clocks of two runs of the machine are not compared, but a hold begins again") {
  system.set_boot_id("another");
  step_clock(24h);
  CHECK_FALSE(sweep());
  step_clock(24h);
  CHECK(sweep());
  system.advance(30min);
  system.set_boot_id("a third");
  CHECK(sweep());
  system.advance(59min);
  CHECK(sweep());
  system.advance(1min);
  CHECK_FALSE(sweep());
}

TEST_CASE_FIXTURE(Sweeps, "without a hold, or a boot ID, the clock is believed") {
  step_clock(24h);
  CHECK(sweep());
  hold = 0ms;
  CHECK_FALSE(sweep());
  hold = 1h;
  CHECK_FALSE(sweep());
  system.set_boot_id("");
  step_clock(24h);
  CHECK_FALSE(sweep());
  system.set_boot_id("again");
  CHECK_FALSE(sweep());
}
