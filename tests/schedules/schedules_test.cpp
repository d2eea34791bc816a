// Real processes on the real file system, in orders that a seed decides, with real kills.
#include <doctest/doctest.h>

#include <array>
#include <cstdio>

#include "campaign.hpp"

namespace sess::test {
namespace {

/// At least one in so many schedules.
struct Floor {
  Count count;
  const char* name;
  std::uint64_t one_in;
};

// A quarter to a half of what is usual.
constexpr std::array<Floor, 23> floors = {{
    {Count::kills, "kills", 4},
    {Count::kills_in_operations, "kills in operations", 5},
    {Count::killed_and_done, "killed and done", 40},
    {Count::killed_and_undone, "killed and undone", 15},
    {Count::commits, "commits", 1},
    {Count::snapshots, "snapshots", 2},
    {Count::touches, "touches", 4},
    {Count::creations, "creations", 15},
    {Count::destroys, "destroys", 15},
    {Count::rolled_back, "rolled back", 15},
    {Count::conflicts, "conflicts", 30},
    {Count::busy, "busy", 10},
    {Count::not_renewed, "not renewed", 1500},
    {Count::gone, "gone", 5},
    {Count::expired, "expired", 15},
    {Count::sweeps, "sweeps", 10},
    {Count::swept, "swept", 150},
    {Count::in_use, "left alone by a sweep", 1500},
    {Count::leftovers, "leftovers", 100},
    {Count::spares, "spares of idle sessions", 1000},
    {Count::exchanges, "exchanges", 3},
    {Count::renames, "renames", 5},
    {Count::recoveries, "recoveries", 40},
}};

TEST_CASE("processes that are scheduled at random, and killed at random, keep every promise") {
  const std::uint64_t first = first_seed();
  const std::uint64_t count = wanted_schedules();
  std::printf("schedules from seed %llu on\n", static_cast<unsigned long long>(first));
  std::fflush(stdout);
  const Campaign campaign = run_schedules(first, count);
  std::printf("%s; %.0f s\n", to_string(campaign.tally).c_str(), campaign.seconds);
  std::fflush(stdout);
  for (const std::string& fault : campaign.faults) FAIL_CHECK(fault);
  CHECK(campaign.tally[Count::schedules] == count);
  for (const Floor& floor : floors) {
    CAPTURE(std::string(floor.name));
    CHECK(campaign.tally[floor.count] >= count / floor.one_in);
  }
}

}  // namespace
}  // namespace sess::test
