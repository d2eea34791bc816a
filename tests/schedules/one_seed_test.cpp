#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "machine.hpp"

namespace sess::test {
namespace {

TEST_CASE("one seed is one schedule, call by call, on each file system and whatever went before") {
  const std::vector<std::string> places = file_systems();
  Machine machine(places.front());
  Machine another(places.back());
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    static_cast<void>(another.run(seed + 1000));
    const ScheduleResult result = machine.run(seed);
    CHECK(result.fault == another.run(seed).fault);
    CHECK(result.fault.empty());
    REQUIRE(machine.trace() == another.trace());
  }
  CHECK(machine.tally()[Count::kills] > 50);
}

}  // namespace
}  // namespace sess::test
