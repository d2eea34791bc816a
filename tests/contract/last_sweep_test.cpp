// What a store remembers of its last sweep.
#include "contract/fake_store.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(FakeStore, "a store that was never swept remembers no sweep, and then the last one") {
  CHECK_FALSE(store.last_sweep());
  make_session(store, {{"n", 1}});
  make_session(store, {{"n", 1}});
  REQUIRE(store.gc({.dry_run = true}).complete);
  CHECK_FALSE(store.last_sweep());  // it swept nothing
  REQUIRE(store.gc().complete);
  REQUIRE(store.last_sweep());
  CHECK(store.last_sweep()->examined == 2);
  CHECK(store.last_sweep()->expired == 0);
  system->advance(store.options().idle_timeout + 1s);
  REQUIRE(store.gc().complete);
  const auto last = store.last_sweep();
  REQUIRE(last);
  CHECK(last->examined == 2);
  CHECK(last->expired == 2);
  CHECK(last->finished.time_since_epoch() == std::chrono::milliseconds(system->wall_clock()));
}

TEST_CASE_FIXTURE(FakeStore, "sweeps are added up by the hour, the dry ones left out") {
  CHECK(store.swept_hours().empty());
  make_session(store, {{"n", 1}});
  make_session(store, {{"n", 1}});
  REQUIRE(store.gc({.dry_run = true}).complete);
  CHECK(store.swept_hours().empty());
  // To the beginning of an hour of the wall clock.
  const auto of_hour = std::chrono::milliseconds(system->wall_clock()) % 1h;
  system->advance(1h - of_hour);
  REQUIRE(store.gc().complete);
  system->advance(30min);
  make_session(store, {{"n", 1}});
  REQUIRE(store.gc().complete);
  system->advance(30min);
  REQUIRE(store.gc().complete);
  const std::vector<SweptHour> hours = store.swept_hours();
  REQUIRE(hours.size() == 2);
  CHECK(hours[0].begin.time_since_epoch() % 1h == 0ms);
  CHECK(hours[1].begin - hours[0].begin == 1h);
  CHECK(hours[0].sweeps == 2);
  CHECK(hours[0].examined == 3);
  CHECK(hours[0].expired == 2);
  CHECK(hours[1].sweeps == 1);
  CHECK(hours[1].examined == 1);
  CHECK(hours[1].expired == 1);
}

TEST_CASE_FIXTURE(FakeStore, "a damaged record of the last sweep is as none") {
  REQUIRE(store.gc().complete);
  system->set_content(in_store("gc"), {});
  CHECK_FALSE(store.last_sweep());
  CHECK(store.swept_hours().empty());
  REQUIRE(store.gc().complete);
  CHECK(store.last_sweep());
}

}  // namespace
}  // namespace sess::test
