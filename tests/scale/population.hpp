// A store with a great many sessions, made quickly.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace scale {

/// The user whose sessions an operator asks for: he has as many in every population.
inline constexpr const char* crowd = "crowd";
inline constexpr std::uint64_t crowd_sessions = 50;

/// What the sessions of a population are, by their numbers from 0 on: each 20th is authenticated, the first 50 of those
/// are the crowd's and the others of users with eight each. Most have some 200 bytes, each tenth has 2 KiB, each
/// hundredth 16 KiB. Each tenth has been changed once and has a spare.
struct Population {
  std::uint64_t sessions = 0;  // at least 1,000, for the crowd
  /// How long ago they were made. They are not used after that, and end after a day: two days ago means expired.
  std::chrono::hours age{0};

  std::uint64_t authenticated() const noexcept { return (sessions + 19) / 20; }
  std::uint64_t anonymous() const noexcept { return sessions - authenticated(); }
  /// Users with a list of their own.
  std::uint64_t principals() const noexcept { return 1 + (authenticated() - crowd_sessions + 7) / 8; }
};

/// Adds them to the store at this path, by one process for each processor. Nothing is synced. Throws
/// std::runtime_error if a process has failed; it has said why on standard error.
void populate(const std::string& store, const Population& population);

}  // namespace scale
