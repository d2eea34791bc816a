// The real system calls at a moment of the test's own choice.
#pragma once

#include "support/forwarding_system.hpp"
#include "support/system_call.hpp"
#include "sys/posix_system.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sess::test {

/// How time passes for one who looks at the clock. With `hasty` an hour goes by at each look: a sweep's budget is then
/// used up by its first shard.
enum class Pace : std::uint8_t { real, hasty };

/// Where random numbers come from. With `repeatable` every handle gets the same ones: sessions then have the same keys
/// in each run, and a directory lists its files in the same order.
enum class Chance : std::uint8_t { real, repeatable };

class TimedSystem final : public ForwardingSystem {
 public:
  /// `now` in milliseconds since 1970-01-01 00:00 UTC: what the wall clock shows, and stays at.
  TimedSystem(std::int64_t now, Pace pace, Chance chance)
      : ForwardingSystem(std::make_shared<sys::PosixSystem>()), now_(now), pace_(pace), chance_(chance) {}

  std::int64_t wall_clock() override { return now_; }
  // Time has passed: nobody has set the clock.
  std::chrono::nanoseconds boot_clock() override { return std::chrono::milliseconds(now_); }
  std::chrono::nanoseconds monotonic_clock() override {
    if (pace_ == Pace::hasty) gone_by_ += std::chrono::hours(1);
    return ForwardingSystem::monotonic_clock() + gone_by_;
  }

  int random(std::span<std::byte> buffer) override {
    if (chance_ == Chance::real) return ForwardingSystem::random(buffer);
    std::ranges::generate(buffer, [this] { return static_cast<std::byte>(next_random(random_state_)); });
    return 0;
  }

 private:
  std::int64_t now_;
  Pace pace_;
  Chance chance_;
  std::uint64_t random_state_ = 1;
  std::chrono::nanoseconds gone_by_{0};
};

}  // namespace sess::test
