// A wall clock that is set wrong must not end sessions.
#include "format/gc_state.hpp"
#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/forwarding_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

/// Sets the wall clock ahead when a sweep looks at its first record.
struct JumpingSystem final : ForwardingSystem {
  explicit JumpingSystem(std::shared_ptr<FakeSystem> fake) : ForwardingSystem(fake), fake_(std::move(fake)) {}
  void step_clock(std::chrono::milliseconds by) {
    fake_->set_wall_clock(std::chrono::milliseconds(fake_->wall_clock()) + by);
  }
  int status_at(int directory, const char* path, sys::FileStatus& status) override {
    const int answer = ForwardingSystem::status_at(directory, path, status);
    if (std::exchange(armed, false)) step_clock(48h);
    return answer;
  }
  bool armed = false;

 private:
  std::shared_ptr<FakeSystem> fake_;
};

struct Fixture {
  std::shared_ptr<FakeSystem> fake = std::make_shared<FakeSystem>();
  std::shared_ptr<JumpingSystem> system = std::make_shared<JumpingSystem>(fake);
  Store store = open_store(system, "/srv/store", {.create = true});
  SessionId id = make_session(store, {{"n", 1}});
};

TEST_CASE_FIXTURE(Fixture, "a clock that was set ahead for a minute ends no session") {
  REQUIRE(store.gc().complete);
  fake->advance(1min);
  system->step_clock(48h);
  const GcReport report = store.gc();
  CHECK(report.status == Outcome::ok);
  CHECK(report.clock_jump == 48h);
  CHECK(report.held_for == 1h);
  CHECK_FALSE(report.complete);
  CHECK(report.examined == 0);
  // Set right again: the session is there, and sweeping goes on.
  system->step_clock(-48h);
  CHECK(store.gc().complete);
  CHECK(store.snapshot(id));
}

TEST_CASE_FIXTURE(Fixture, "a clock that was set ahead before the first sweep ends no session") {
  system->step_clock(48h);
  CHECK(store.gc().clock_jump == 48h);
  system->step_clock(-48h);
  CHECK(store.gc().complete);
  CHECK(store.snapshot(id));
}

TEST_CASE_FIXTURE(Fixture, "a clock that stays ahead is believed after the hold, and at once by an operator's word") {
  const auto other = open_store(system, "/srv/other", {.create = true});
  make_session(other, {});
  for (const Store& each : {store, other}) REQUIRE(each.gc().complete);
  system->step_clock(48h);
  for (const Store& each : {store, other}) CHECK(each.gc().clock_jump == 48h);
  CHECK(other.gc({.clock_hold = 0ms}).expired == 1);
  fake->advance(59min);
  CHECK(store.gc().held_for == 1min);
  fake->advance(1min);
  CHECK(store.gc().expired == 1);
}

TEST_CASE_FIXTURE(Fixture, "a dry run says that the clock is held, and changes nothing") {
  REQUIRE(store.gc().complete);
  system->step_clock(48h);
  const auto before = fake->content("/srv/store/gc");
  CHECK(store.gc({.dry_run = true}).clock_jump == 48h);
  CHECK(fake->content("/srv/store/gc") == before);
}

TEST_CASE_FIXTURE(Fixture,
                  "whoever looks on is told that sweeps are held, and that one would be, and changes nothing") {
  REQUIRE(store.gc().complete);
  CHECK_FALSE(store.clock_hold());
  system->step_clock(48h);
  const auto before = fake->content("/srv/store/gc");
  REQUIRE(store.clock_hold());
  CHECK(store.clock_hold()->jump == 48h);
  CHECK(store.clock_hold()->held_for == 1h);
  CHECK(store.clock_hold(2h)->held_for == 2h);
  CHECK_FALSE(store.clock_hold(0h));
  CHECK(fake->content("/srv/store/gc") == before);
  CHECK(store.gc().held_for == 1h);
  fake->advance(20min);
  CHECK(store.clock_hold()->held_for == 40min);
  fake->advance(40min);
  CHECK_FALSE(store.clock_hold());
}

TEST_CASE_FIXTURE(Fixture,
                  "what somebody has written into the file of the sweep neither stops it nor holds it for ever") {
  for (const std::string& text : {std::string(), std::string("nonsense"), std::string(100'000, 'x')}) {
    fake->set_text("/srv/store/gc", text);
    CAPTURE(text.substr(0, 10));
    CHECK_FALSE(store.clock_hold());
    CHECK_FALSE(store.last_sweep());
    const GcReport report = store.gc();
    CHECK(report.complete);
    CHECK(report.errors == 0);
    CHECK(store.last_sweep());
  }
  system->step_clock(48h);
  REQUIRE(store.gc().held_for == 1h);
  auto state = format::parse_gc_state(fake->text("/srv/store/gc")).value();
  state.clock.held_until = std::chrono::milliseconds(24h * 365 * 100).count();
  fake->set_text("/srv/store/gc", format::to_text(state));
  CHECK(store.clock_hold()->held_for == 1h);
  CHECK(store.gc().held_for == 1h);
  fake->advance(1h);
  CHECK(store.gc().complete);
}

TEST_CASE_FIXTURE(Fixture, "a clock that is set while a sweep runs ends no session in it") {
  for (int i = 0; i < 50; ++i) make_session(store, {});
  REQUIRE(store.gc().complete);
  system->armed = true;
  const GcReport report = store.gc();
  CHECK(report.examined == 51);
  CHECK(report.expired == 0);
  CHECK(store.gc().clock_jump == 48h);
}

}  // namespace
}  // namespace sess::test
