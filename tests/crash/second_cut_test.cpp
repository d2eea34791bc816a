// A power cut in the recovery from another one.
#include "cutting.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>

namespace sess::test {
namespace {

void change_by_spare(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, {600, 1500});
  machine.settle();
  machine.commit(session, 700);
}

void create_and_change(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, {300, 1200});
}

TEST_CASE("a power cut in a recovery, or in the commit after it, takes nothing that the recovery could find") {
  for (const std::size_t sector_size : {std::size_t{512}, std::size_t{4096}}) {
    const Counts spare = check_everywhere({.name = "cut in the recovery, change by spare",
                                           .program = change_by_spare,
                                           .sector_size = sector_size,
                                           .judge = judge_recovery,
                                           .disks = 60},
                                          250);
    CHECK(spare.second > 2'000);
    const Counts created = check_everywhere({.name = "cut in the recovery, creation and first change",
                                             .program = create_and_change,
                                             .sector_size = sector_size,
                                             .judge = judge_recovery,
                                             .disks = 60},
                                            300);
    CHECK(created.second > 2'000);
  }
}

}  // namespace
}  // namespace sess::test
