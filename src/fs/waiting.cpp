#include "fs/waiting.hpp"

#include <algorithm>

namespace sess::fs {

using std::chrono::nanoseconds;

namespace {

// Most locks are held for some twenty microseconds: two turns of the processor come before the first sleep, which
// the kernel's timer slack alone makes 50 microseconds longer (prctl(2), PR_SET_TIMERSLACK).
constexpr int yield_count = 2;
constexpr nanoseconds first_pause = std::chrono::microseconds(80);
constexpr nanoseconds pause_limit = std::chrono::milliseconds(1);

/// SplitMix64 (Steele, Lea, Flood 2014): jitter needs no better numbers, and no system call.
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t mixed = (state += 0x9e3779b97f4a7c15ULL);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31);
}

}  // namespace

Deadline Deadline::after(sys::System& system, nanoseconds timeout) {
  if (timeout <= nanoseconds::zero()) return none();
  const nanoseconds now = system.monotonic_clock();
  return Deadline(timeout < nanoseconds::max() - now ? now + timeout : nanoseconds::max());
}

nanoseconds Deadline::left(sys::System& system) const {
  if (!permits_waiting()) return nanoseconds::zero();
  return std::max(nanoseconds::zero(), at_ - system.monotonic_clock());
}

bool Backoff::sleeps_next() const noexcept { return yields_ >= yield_count; }

bool Backoff::pause() {
  const nanoseconds left = deadline_.left(system_);
  if (left <= nanoseconds::zero()) return false;
  if (yields_ < yield_count) {
    ++yields_;
    system_.pause(nanoseconds::zero());
    return true;
  }
  if (longest_ == nanoseconds::zero()) longest_ = first_pause;
  if (seed_ == 0) seed_ = static_cast<std::uint64_t>(left.count()) ^ reinterpret_cast<std::uintptr_t>(this);
  // Uniform in [longest / 2, longest): waiters that started together drift apart.
  const auto half = static_cast<std::uint64_t>(longest_.count() / 2);
  const nanoseconds wanted(static_cast<nanoseconds::rep>(half + next_random(seed_) % half));
  system_.pause(std::min(wanted, left));
  longest_ = std::min(longest_ * 2, pause_limit);
  return true;
}

}  // namespace sess::fs
