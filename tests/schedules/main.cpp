// SCHEDULE_SEED=number in the environment: runs this schedule alone and prints its calls. Status 1 if a promise broke.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>

#include "campaign.hpp"

namespace {

int replay(std::uint64_t seed) {
  sess::test::Machine machine(sess::test::place_of(seed));
  const sess::test::ScheduleResult result = machine.run(seed);
  for (const std::string& line : machine.trace()) std::cout << line << '\n';
  std::cout << (result.fault.empty() ? "every promise was kept" : result.fault) << '\n';
  return result.fault.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* const seed = std::getenv("SCHEDULE_SEED"); seed != nullptr)
    return replay(std::strtoull(seed, nullptr, 10));
  return doctest::Context(argc, argv).run();
}
