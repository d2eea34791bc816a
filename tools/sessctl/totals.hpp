// What stats counts: the live sessions of a store, and how they are spread.
#pragma once

#include "session_facts.hpp"

#include <sess/gc.hpp>
#include <sess/store.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sessctl {

/// How many durations are at most so long.
class Histogram {
 public:
  /// Upper ends; what is longer than the last one comes behind.
  static constexpr std::array<std::chrono::seconds, 8> ends{
      std::chrono::minutes(1), std::chrono::minutes(10), std::chrono::hours(1),   std::chrono::hours(6),
      std::chrono::hours(24),  std::chrono::hours(168),  std::chrono::hours(720), std::chrono::hours(2160)};

  void add(std::chrono::milliseconds duration) noexcept;
  /// Between the end before and this one; the last one is open.
  const std::array<std::uint64_t, ends.size() + 1>& counts() const noexcept { return counts_; }
  std::uint64_t count() const noexcept { return count_; }
  std::chrono::milliseconds sum() const noexcept { return sum_; }

 private:
  std::array<std::uint64_t, ends.size() + 1> counts_{};
  std::uint64_t count_ = 0;
  std::chrono::milliseconds sum_{0};
};

struct Totals {
  std::uint64_t anonymous = 0;
  std::uint64_t authenticated = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t bytes = 0;  // of all records, unreadable ones as well
  std::optional<Clock::time_point> oldest;
  Histogram ages;
  Histogram idle_lefts;

  std::uint64_t sessions() const noexcept { return anonymous + authenticated; }
  void add(const sess::SessionEntry& entry, Clock::time_point now);
};

/// Reads every record of the store.
Totals count_sessions(const sess::Store& store);

}  // namespace sessctl
