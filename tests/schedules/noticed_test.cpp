// The machine notices what is broken on purpose: one flaw at a time, in so many schedules at most.
#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <string>

#include "machine.hpp"

namespace sess::test {
namespace {

struct Case {
  Flaw flaw;
  const char* name;
  unsigned within;  // schedules
};

// Several times what it took. The seeds are the same in each run, and so is the outcome; but where times are not set
// the kernel's come in.
constexpr std::array<Case, 11> cases = {{
    {Flaw::no_lock, "flock does nothing", 500},
    {Flaw::blind_status, "no look at the inode after the lock", 500},
    {Flaw::no_times, "times are not set", 500},
    {Flaw::frozen_stamp, "times are kept to the second", 500},
    {Flaw::sweep_without_lock, "a sweep takes no lock", 5000},
    {Flaw::touch_without_lock, "a touch takes no lock", 15000},
    {Flaw::snapshot_without_second_look, "a snapshot does not look at the name again", 5000},
    {Flaw::exchange_in_three, "the exchange of two names is three renames", 500},
    {Flaw::record_before_spare, "the record is unlinked before its spare", 500},
    {Flaw::lock_is_kept, "a lock stays behind", 500},
    {Flaw::spare_looks_empty, "the generation of a killed commit is given out again", 30000},
}};

TEST_CASE("the machine notices what is broken on purpose") {
  for (const Case& broken : cases) {
    CAPTURE(broken.name);
    Machine machine(file_systems().back(), broken.flaw);
    std::string fault;
    unsigned schedule = 0;
    while (fault.empty() && schedule < broken.within) fault = machine.run(++schedule).fault;
    CHECK_FALSE(fault.empty());
    std::printf("%-60s after %u schedules: %s\n", broken.name, schedule, fault.c_str());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace sess::test
