// The real system calls under a wall clock that a test moves, for several processes at once.
#pragma once

#include "support/broken_system.hpp"
#include "support/processes.hpp"

namespace sess::test {

/// Pauses at random around the calls that races are about, so that other processes get in between more often. No order
/// depends on it: with and without, every outcome must be right.
class SharedClockSystem final : public BrokenSystem {
 public:
  /// `clock` in milliseconds since 1970-01-01 00:00 UTC; must outlive this.
  SharedClockSystem(const SharedCounter& clock, Breakage breakage) : BrokenSystem(breakage), clock_(clock) {}

  std::int64_t wall_clock() override { return clock_.value(); }
  // Time passes: nobody has set the clock.
  std::chrono::nanoseconds boot_clock() override { return std::chrono::milliseconds(clock_.value()); }
  int try_lock(int descriptor) override {
    perturb();
    return BrokenSystem::try_lock(descriptor);
  }
  int status_at(int directory, const char* path, sys::FileStatus& status) override {
    const int answer = BrokenSystem::status_at(directory, path, status);
    perturb();
    return answer;
  }
  int set_times(int descriptor, sys::FileTime time) override {
    perturb();
    return BrokenSystem::set_times(descriptor, time);
  }
  int unlink(int directory, const char* path) override {
    perturb();
    return BrokenSystem::unlink(directory, path);
  }
  int rename(int directory, const char* from, int to_directory, const char* to, sys::RenameMode mode) override {
    perturb();
    return BrokenSystem::rename(directory, from, to_directory, to, mode);
  }

 private:
  void perturb() {
    turn_ = turn_ * 1103515245 + 12345;  // any numbers will do
    if ((turn_ >> 16) % 4 == 0) pause(std::chrono::microseconds(20));
  }

  const SharedCounter& clock_;
  unsigned turn_ = 1;
};

}  // namespace sess::test
