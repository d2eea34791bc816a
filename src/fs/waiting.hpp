// Waiting for what another process will let go: a deadline on the monotonic clock, and back-off with jitter.
#pragma once

#include "sys/system.hpp"

#include <chrono>
#include <cstdint>

namespace sess::fs {

/// A point of the monotonic clock.
class Deadline {
 public:
  static Deadline after(sys::System& system, std::chrono::nanoseconds timeout);
  /// Already over: try, do not wait.
  static Deadline none() noexcept { return Deadline(std::chrono::nanoseconds::min()); }

  bool permits_waiting() const noexcept { return at_ != std::chrono::nanoseconds::min(); }
  std::chrono::nanoseconds left(sys::System& system) const;

 private:
  explicit Deadline(std::chrono::nanoseconds at) noexcept : at_(at) {}
  std::chrono::nanoseconds at_;
};

/// The pauses of one waiter. All waiters of a store wait in this one way: of waiters that wait in different
/// ways the blocking ones starve the polling ones (PROTOCOL.md, "Waiting", has the figures).
class Backoff {
 public:
  Backoff(sys::System& system, Deadline deadline) noexcept : system_(system), deadline_(deadline) {}
  /// True once the short waits are over that most locks end in.
  bool sleeps_next() const noexcept;
  /// Yields or sleeps a while. False, at once, if the deadline has passed.
  bool pause();

 private:
  sys::System& system_;
  Deadline deadline_;
  int yields_ = 0;
  std::uint64_t seed_ = 0;
  std::chrono::nanoseconds longest_{0};
};

}  // namespace sess::fs
