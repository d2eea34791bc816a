// The real system calls under a clock that stands still, with a hook where a waiter pauses.
#pragma once

#include "support/broken_system.hpp"

#include <functional>
#include <utility>
#include <vector>

namespace sess::test {

/// A pause takes no time: it moves the clock, notes how far, and calls the hook, which does what another process would
/// do meanwhile.
class HookedSystem final : public BrokenSystem {
 public:
  explicit HookedSystem(std::function<void(std::size_t)> on_pause = nullptr)
      : BrokenSystem(Breakage::none), on_pause_(std::move(on_pause)) {}

  void on_pause(std::function<void(std::size_t)> hook) { on_pause_ = std::move(hook); }
  std::chrono::nanoseconds monotonic_clock() override { return now_; }
  void pause(std::chrono::nanoseconds duration) override {
    now_ += duration;
    pauses_.push_back(duration);
    if (on_pause_) on_pause_(pauses_.size());
  }
  const std::vector<std::chrono::nanoseconds>& pauses() const { return pauses_; }
  void advance(std::chrono::nanoseconds duration) { now_ += duration; }

 private:
  std::function<void(std::size_t)> on_pause_;
  std::chrono::nanoseconds now_ = std::chrono::hours(1);
  std::vector<std::chrono::nanoseconds> pauses_;
};

}  // namespace sess::test
