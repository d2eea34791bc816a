// Faults that were found once, each by what went wrong.
#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <memory>
#include <string>

namespace sess::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct Fixture {
  std::shared_ptr<FakeSystem> system = std::make_shared<FakeSystem>();
  Store store = open_store(system, "/srv/store", {.create = true});
  SessionId id = make_session(store, {{"n", 1}});
};

TEST_CASE_FIXTURE(Fixture, "a failed commit kept the new timeouts in memory, and the next one did not write them") {
  Session session = store.lock(id).value();
  session.set_idle_timeout(hours(1));
  session.set_lifetime(hours(100));
  system->fail(Call::write, 1, EIO);
  CHECK_THROWS_AS(static_cast<void>(session.commit()), IoError);
  REQUIRE(session.commit());
  session.release();
  CHECK(store.snapshot(id)->facts().idle_timeout == hours(1));
}

TEST_CASE_FIXTURE(Fixture, "timeouts that were rolled back after a failed commit came with the next one") {
  Session session = store.lock(id).value();
  session.set_idle_timeout(hours(1));
  system->fail(Call::write, 1, EIO);
  CHECK_THROWS_AS(static_cast<void>(session.commit()), IoError);
  session.rollback();
  session.set("n", 2);
  REQUIRE(session.commit());
  CHECK(session.facts().idle_timeout == store.options().idle_timeout);
}

TEST_CASE_FIXTURE(Fixture, "a record that had to be recovered could not be read on a full disk") {
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 2); }));
  system->set_content("/srv/store/shards/" + record_file(id), {});
  system->limit_space(0, 0);
  CHECK(store.snapshot(id)->get<int>("n") == 1);
  // To change it, it must be written first: until now the spare is the only good copy.
  try {
    static_cast<void>(store.lock(id));
    FAIL("locked");
  } catch (const IoError& error) {
    CHECK(error.error_number() == ENOSPC);
  }
  CHECK(store.snapshot(id)->get<int>("n") == 1);
  system->limit_space(UINT64_MAX, UINT64_MAX);
  CHECK(store.update(id, [](Editor& editor) { editor.add("n", 10); }));
  CHECK(store.snapshot(id)->get<int>("n") == 11);
}

TEST_CASE_FIXTURE(Fixture, "a session that was moved from crashed whoever asked it anything") {
  Session session = store.lock(id).value();
  const Session other = std::move(session);
  // NOLINTBEGIN(bugprone-use-after-move): that is the question
  CHECK_THROWS_AS(static_cast<void>(session.key()), UsageError);
  CHECK_THROWS_AS(static_cast<void>(session.id()), UsageError);
  CHECK_THROWS_AS(static_cast<void>(session.facts()), UsageError);
  CHECK_THROWS_AS(static_cast<void>(session.commit()), UsageError);
  CHECK_THROWS_AS(session.rollback(), UsageError);
  CHECK_FALSE(session.get<int>("n"));
  CHECK(session.values().empty());
  session.set("n", 5);
  session.release();
  // NOLINTEND(bugprone-use-after-move)
  CHECK(other.get<int>("n") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a commit through a temp file left a spare that it did not come from") {
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 2); }));
  // The spare holds a commit that was killed, and a stale waiter holds the spare's lock.
  const int directory = system->open(sys::working_directory, "/srv/store/shards", sys::OpenMode::directory);
  const int waiter = system->open(directory, spare_file(id).c_str(), sys::OpenMode::read_write);
  REQUIRE(system->try_lock(waiter) == 0);
  system->clear_log();
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 3); }));
  const auto log = system->log();
  const auto unlinked = std::ranges::find_if(
      log, [&](const LoggedCall& call) { return call.call == Call::unlink && call.path.ends_with(spare_file(id)); });
  const auto exchanged = std::ranges::find(log, Call::rename, &LoggedCall::call);
  REQUIRE(unlinked != log.end());
  CHECK(unlinked < exchanged);
  system->close(waiter);
  system->close(directory);
}

TEST_CASE_FIXTURE(Fixture, "a commit beside a busy spare repeated the generation that the spare holds") {
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 2); }));
  // A writer that was killed before its exchange: generation 3 in the spare, generation 2 current.
  Session killed = store.lock(id).value();
  system->fail(Call::rename, 1, EIO, Repeat::for_good);
  system->fail(Call::truncate, 1, EIO, Repeat::for_good);
  system->fail(Call::unlink, 1, EIO, Repeat::for_good);
  killed.set("n", 3);
  CHECK_THROWS_AS(static_cast<void>(killed.commit()), IoError);
  system->clear_faults();
  killed.release();
  const int directory = system->open(sys::working_directory, "/srv/store/shards", sys::OpenMode::directory);
  const int waiter = system->open(directory, spare_file(id).c_str(), sys::OpenMode::read_write);
  REQUIRE(system->try_lock(waiter) == 0);
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 4); }));
  CHECK(store.snapshot(id)->facts().generation == 4);
  system->close(waiter);
  system->close(directory);
}

TEST_CASE_FIXTURE(Fixture, "a rename that took effect and answered an error emptied the current record") {
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 2); }));
  Session session = store.lock(id).value();
  session.set("n", 3);
  system->fail(
      Fault{.call = Call::rename, .nth = 1, .error = EIO, .repeat = Repeat::once, .path = {}, .executed = true});
  CHECK(session.commit() == Outcome::durability_unknown);
  CHECK(store.snapshot(id)->get<int>("n") == 3);
  CHECK(store.lock(id, {milliseconds(0)}).outcome() == Outcome::busy);
}

TEST_CASE_FIXTURE(Fixture, "durations near the end of 64 bits overflowed") {
  constexpr auto endless = milliseconds::max();
  const auto open = [&](const StoreOptions& options) { return open_store(system, "/srv/store", options); };
  CHECK_THROWS_AS(open({.idle_timeout = endless}), UsageError);
  CHECK_THROWS_AS(open({.lifetime = endless}), UsageError);
  CHECK_THROWS_AS(open({.lock_timeout = endless}), UsageError);
  CHECK_THROWS_AS(store.create({.lifetime = endless}), UsageError);
  CHECK_THROWS_AS(Changes(store.snapshot(id).value()).set_lifetime(endless), UsageError);
  CHECK_THROWS_AS(GcThread(store, {.interval = milliseconds(0)}), UsageError);
}

TEST_CASE_FIXTURE(Fixture, "a request that had read a NaN conflicted for ever") {
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("x", std::numeric_limits<double>::quiet_NaN()); }));
  Changes changes = store.snapshot(id)->edit();
  CHECK(changes.get<double>("x"));
  changes.set("y", 1);
  CHECK(store.merge(changes).ok());
}

TEST_CASE_FIXTURE(Fixture, "an error of a sweep's own file hid what the sweep had done") {
  system->advance(hours(24));
  system->fail(Fault{
      .call = Call::write, .nth = 1, .error = EIO, .repeat = Repeat::once, .path = "store/gc", .executed = false});
  const GcReport report = store.gc();
  CHECK(report.expired == 1);
  CHECK(report.errors == 1);
}

TEST_CASE_FIXTURE(Fixture, "a full disk was reported by the spare's name although there is no spare") {
  system->limit_space(0, 0);
  try {
    static_cast<void>(store.update(id, [](Editor& editor) { editor.set("n", 2); }));
    FAIL("the commit succeeded");
  } catch (const IoError& error) {
    CHECK(error.error_number() == ENOSPC);
    CHECK(error.path().find(".temp") != std::string::npos);
  }
  CHECK(store.snapshot(id)->get<int>("n") == 1);
}

}  // namespace
}  // namespace sess::test
