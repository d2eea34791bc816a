// Many schedules, in several processes side by side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "machine.hpp"

namespace sess::test {

/// Most schedules run in memory, where there is such a file system, and one in eight on the disk.
std::string place_of(std::uint64_t seed);

struct Campaign {
  Tally tally;
  std::vector<std::string> faults;  // with the trace of the schedule
  double seconds = 0;
};

/// The schedules of `count` seeds from `first` on. Each of the processes, one for each processor up to two, stops at
/// its first fault.
Campaign run_schedules(std::uint64_t first, std::uint64_t count);

/// SCHEDULES in the environment; else what a run of `make proof` takes, more with LONG=1, less with a sanitizer.
std::uint64_t wanted_schedules();
/// SCHEDULE_FIRST in the environment; else another one in each run.
std::uint64_t first_seed();

}  // namespace sess::test
