// Kills an operation at every one of its system calls.
#pragma once

#include "subject.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace sess::test {

#ifdef __SANITIZE_ADDRESS__
/// A sanitizer's memory makes each fork cost twenty times as much: the tests then visit fewer points.
inline constexpr bool forks_are_slow = true;
#else
inline constexpr bool forks_are_slow = false;
#endif

struct Tally {
  std::size_t calls = 0;  // of an operation that is not killed
  std::size_t kills = 0;
  std::vector<std::string> wrong;  // one line each, naming the point
};

/// Which calls of an operation are visited; by default all.
struct Sampling {
  std::size_t stride = 1;          // one call of so many
  bool skips_repetitions = false;  // of the same call many times in a row only the first and the last
};

/// Kills the operation at the entry and at the exit of its first call, its second, and so on until a run comes to its
/// end; each time once for each look. Throws TracingRefused.
Tally kill_everywhere(Subject& subject, std::span<const Look> looks, const Sampling& sampling = {});

}  // namespace sess::test
