// Faults that failing every call has found, each by what went wrong.
#include "machine.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <optional>

namespace sess::test {
namespace {

struct Fixture {
  explicit Fixture(const Setting& wanted = {}) : setting(wanted), machine(setting) { machine.fake->settle(); }
  Setting setting;
  Machine machine;
};

struct WithoutSpare : Fixture {
  WithoutSpare() : Fixture({.spare = Setting::Spare::absent}) {}
};

TEST_CASE_FIXTURE(Fixture, "a commit whose exchange and the look after it both failed destroyed both versions") {
  for (const bool is_done : {true, false}) {
    CAPTURE(is_done);
    machine.fake->fail(Fault{.call = Call::rename, .nth = 1, .error = EIO, .path = {}, .executed = is_done});
    Session session = machine.store->lock(machine.key()).value();
    session.set("n", is_done ? 3 : 4);
    machine.fake->fail(Call::status_at, 1, EIO);
    CHECK_THROWS_AS(static_cast<void>(session.commit()), IoError);
    machine.fake->clear_faults();
    // Which of the two files has the lock that counts is not known: this session has none.
    CHECK_THROWS_AS(static_cast<void>(session.commit()), UsageError);
    REQUIRE(machine.viewer().snapshot(machine.key()));
    CHECK(machine.viewer().snapshot(machine.key())->get<std::int64_t>("n") == 3);
    CHECK(machine.viewer().lock(machine.key(), {.timeout = std::chrono::milliseconds(0)}));
  }
}

TEST_CASE_FIXTURE(WithoutSpare, "a power cut in a commit that scrubs left an overwritten record and no spare") {
  // The directory cannot be synced, as at the moment before it is.
  machine.fake->fail(Call::sync, 1, EIO);
  const Status status = machine.store->update(machine.key(), [](Editor& editor) { editor.set("n", 3); },
                                              {.durability = Durability::durable, .scrub = true});
  CHECK(status == Outcome::durability_unknown);
  machine.fake->power_cut_states({.limit = 200}, [&](const DiskImage& disk) {
    Machine after(setting, disk, machine.keys, nullptr);
    CHECK(after.viewer().snapshot(after.key()));
  });
}

}  // namespace
}  // namespace sess::test
