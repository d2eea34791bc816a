// Deadlines and back-off, on a clock that only the test moves.
#include "fs/waiting.hpp"

#include "hooked_system.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <set>

using namespace sess;
using fs::Backoff;
using fs::Deadline;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST_CASE("a deadline counts down on the monotonic clock and ends at zero") {
  test::HookedSystem system;
  const Deadline deadline = Deadline::after(system, 10ms);
  CHECK(deadline.permits_waiting());
  CHECK(deadline.left(system) == 10ms);
  system.advance(4ms);
  CHECK(deadline.left(system) == 6ms);
  system.advance(1h);
  CHECK(deadline.left(system) == 0ms);
  CHECK(deadline.permits_waiting());
}

TEST_CASE("no time, or less, is no permission to wait") {
  test::HookedSystem system;
  for (const Deadline& deadline : {Deadline::none(), Deadline::after(system, 0ms), Deadline::after(system, -1h),
                                   Deadline::after(system, nanoseconds::min())}) {
    CHECK_FALSE(deadline.permits_waiting());
    CHECK(deadline.left(system) == 0ms);
    CHECK_FALSE(Backoff(system, deadline).pause());
  }
  CHECK(system.pauses().empty());
}

TEST_CASE("a timeout beyond the clock's range is for ever and not in the past") {
  test::HookedSystem system;
  const Deadline deadline = Deadline::after(system, nanoseconds::max());
  CHECK(deadline.permits_waiting());
  CHECK(deadline.left(system) > std::chrono::hours(24 * 365 * 100));
  CHECK(Backoff(system, deadline).pause());
}

TEST_CASE("a waiter yields twice, then sleeps longer and longer up to a limit") {
  test::HookedSystem system;
  Backoff backoff(system, Deadline::after(system, 10s));
  for (int i = 0; i < 100; ++i) CHECK(backoff.pause());
  const auto& pauses = system.pauses();
  REQUIRE(pauses.size() == 100);
  CHECK(pauses[0] == 0ns);
  CHECK(pauses[1] == 0ns);
  nanoseconds longest = 80us;
  for (std::size_t i = 2; i < pauses.size(); ++i) {
    CAPTURE(i);
    CHECK(pauses[i] >= longest / 2);
    CHECK(pauses[i] < longest);
    longest = std::min<nanoseconds>(longest * 2, 1ms);
  }
}

TEST_CASE("a wait ends at the deadline, neither before it nor after") {
  for (const nanoseconds timeout : {nanoseconds(1), nanoseconds(50us), nanoseconds(7ms), nanoseconds(30s)}) {
    test::HookedSystem system;
    const nanoseconds start = system.monotonic_clock();
    Backoff backoff(system, Deadline::after(system, timeout));
    // Bounded: a pause that lasts no time would go on for ever.
    int turns = 0;
    while (backoff.pause() && turns < 1'000'000) ++turns;
    CHECK(turns < 1'000'000);
    CHECK(system.monotonic_clock() - start == timeout);
    CHECK_FALSE(backoff.pause());
    const nanoseconds slept = std::accumulate(system.pauses().begin(), system.pauses().end(), nanoseconds(0));
    CHECK(slept == timeout);
  }
}

TEST_CASE("waiters that began together drift apart") {
  std::set<nanoseconds> fifth;
  test::HookedSystem systems[20];
  std::vector<Backoff> waiters;  // at once, so that each has a place of its own
  for (test::HookedSystem& system : systems) waiters.emplace_back(system, Deadline::after(system, 1s));
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    for (int turn = 0; turn < 7; ++turn) CHECK(waiters[i].pause());
    fifth.insert(systems[i].pauses().back());
  }
  CHECK(fifth.size() > 15);
}
