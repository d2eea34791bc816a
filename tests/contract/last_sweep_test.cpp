// What a store remembers of its last sweep.
#include "contract/fake_store.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

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

TEST_CASE_FIXTURE(FakeStore, "a damaged record of the last sweep is as none") {
  REQUIRE(store.gc().complete);
  system->set_content(in_store("gc"), {});
  CHECK_FALSE(store.last_sweep());
  REQUIRE(store.gc().complete);
  CHECK(store.last_sweep());
}

}  // namespace
}  // namespace sess::test
