// What has happened, counted: a machine in which nothing happens proves nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sess::test {

enum class Count : std::uint8_t {
  schedules,
  calls,
  kills,
  kills_in_operations,  // of one that had begun and was not acknowledged
  killed_and_done,      // its change was there afterwards
  killed_and_undone,
  commits,
  snapshots,
  touches,
  creations,
  destroys,
  rolled_back,
  conflicts,
  busy,
  not_renewed,
  gone,     // absent, or gone by the time of a merge
  expired,  // there, and past its deadline
  sweeps,
  busy_sweeps,
  swept,        // sessions removed by a sweep
  in_use,       // left alone by a sweep, because they were locked or renewed meanwhile
  leftovers,    // files of killed processes removed by a sweep
  spares,       // spares of idle sessions removed by a sweep
  exchanges,    // commits by exchange
  renames,      // commits by plain rename
  damages,      // records made unreadable
  recoveries,   // and restored
  clock_steps,  // the clock was moved ahead
};
inline constexpr std::size_t counts = static_cast<std::size_t>(Count::clock_steps) + 1;

struct Tally {
  std::array<std::uint64_t, counts> of{};

  void add(Count count, std::uint64_t amount = 1) { of[static_cast<std::size_t>(count)] += amount; }
  std::uint64_t operator[](Count count) const { return of[static_cast<std::size_t>(count)]; }
  Tally& operator+=(const Tally& other);
};

/// "schedules 20000, calls 2345678, ..."
std::string to_string(const Tally& tally);

}  // namespace sess::test
