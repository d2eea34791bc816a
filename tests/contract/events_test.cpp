// Events: what is told of what has happened to sessions, principals and the store, and with which fields.
#include "listening.hpp"
#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;
using Kind = Event::Kind;

TEST_CASE("a session's making and its end are told, what happens in between is not") {
  in_each_world([](StoreWorld& world) {
    Listening in(world);
    const SessionId id = make_session(in.store, {{"n", 1}});
    const Event made = in.told.only();
    CHECK(made.kind == Kind::created);
    CHECK(made.key == id.key());
    CHECK_FALSE(made.replaced);
    CHECK_FALSE(made.principal);
    REQUIRE(in.store.update(id, [](Editor& editor) { editor.add("n", 1); }));
    REQUIRE(in.store.snapshot(id));
    world.advance(10min);
    REQUIRE(in.store.touch(id));
    REQUIRE(in.store.gc().complete);
    REQUIRE(in.store.parse(id.reveal()));
    CHECK(in.told.take().empty());

    REQUIRE(in.store.destroy(id));
    const Event ended = in.told.only();
    CHECK(ended.kind == Kind::destroyed);
    CHECK(ended.key == id.key());
    CHECK(in.store.destroy(id) == Outcome::absent);
    CHECK(in.told.take().empty());

    const SessionId other = make_session(in.store, {});
    REQUIRE(in.store.lock(other)->destroy());
    CHECK(kinds_of(in.told.take()) == std::vector{Kind::created, Kind::destroyed});
    // One that was never committed has not been.
    REQUIRE(in.store.create().destroy());
    CHECK(in.told.take().empty());
  });
}

TEST_CASE("the time of an event is that of the store's clock") {
  in_each_world([](StoreWorld& world) {
    Listening in(world);
    const auto first = (make_session(in.store, {}), in.told.only().time);
    world.advance(1h);
    make_session(in.store, {});
    const auto later = in.told.only().time - first;
    CHECK(later >= 1h);
    CHECK(later < 2h);
  });
}

TEST_CASE("a login is told with its principal and the session whose place it takes") {
  in_each_world([](StoreWorld& world) {
    Listening in(world, {.grace = 30s});
    const SessionId old = make_session(in.store, {{"cart", 1}});
    in.told.take();
    Session session = in.store.create({.kind = SessionKind::authenticated, .principal = "ann", .replaces = old});
    CHECK(in.told.take().empty());
    REQUIRE(session.commit());
    const SessionId id = session.id().value();
    const Event login = in.told.only();
    CHECK(login.kind == Kind::authenticated);
    CHECK(login.key == id.key());
    CHECK(login.replaced == old.key());
    REQUIRE(login.principal);
    session.release();

    REQUIRE(in.store.lock(old)->supersede());
    const Event superseded = in.told.only();
    CHECK(superseded.kind == Kind::superseded);
    CHECK(superseded.key == old.key());
    // Its end has been told, whoever removes what is left.
    world.advance(31s);
    CHECK(in.store.gc().expired == 1);
    CHECK(in.told.take().empty());

    const Event again = (logged_in(in.store, "ann"), in.told.only());
    CHECK(again.principal == login.principal);
    CHECK((logged_in(in.store, "bob"), in.told.only()).principal != login.principal);
    // Of nobody: no login that could be counted for somebody.
    make_session(in.store, {}, {.kind = SessionKind::authenticated});
    CHECK(in.told.only().kind == Kind::created);
  });
}

TEST_CASE("a regeneration is told with the key before and the key after, as one event") {
  in_each_world([](StoreWorld& world) {
    Listening in(world);
    const SessionId old = logged_in(in.store, "ann");
    const Event login = in.told.only();
    const SessionId id = in.store.lock(old)->regenerate()->id().value();
    const Event regenerated = in.told.only();
    CHECK(regenerated.kind == Kind::regenerated);
    CHECK(regenerated.key == id.key());
    CHECK(regenerated.replaced == old.key());
    CHECK(regenerated.principal == login.principal);
    // By the old ID: the session that there is has ended, and nothing else.
    REQUIRE(in.store.destroy(old));
    const Event ended = in.told.only();
    CHECK(ended.kind == Kind::destroyed);
    CHECK(ended.key == id.key());
  });
}

TEST_CASE("expiry is told by the sweep that removes the session") {
  in_each_world([](StoreWorld& world) {
    Listening in(world, {.idle_timeout = 10min});
    const SessionId id = logged_in(in.store, "ann");
    const Event login = in.told.only();
    world.advance(11min);
    CHECK(in.store.snapshot(id).outcome() == Outcome::expired);
    CHECK(in.store.gc({.dry_run = true}).expired == 1);
    CHECK(in.told.take().empty());
    CHECK(in.store.gc().expired == 1);
    const Event expired = in.told.only();
    CHECK(expired.kind == Kind::expired);
    CHECK(expired.key == id.key());
    CHECK(expired.principal == login.principal);
    CHECK(in.store.gc().expired == 0);
    // The record of the principal goes some day, and is no session.
    world.advance(24h * 30);
    REQUIRE(in.store.gc({.clock_hold = 0ms}).complete);
    CHECK(in.told.take().empty());
  });
}

TEST_CASE("a successor is told with the key of the session that it succeeds, and the expiry of that one once") {
  in_each_world([](StoreWorld& world) {
    for (const bool swept : {false, true}) {
      Listening in(world, {.idle_timeout = 10min});
      const SessionId old = make_session(in.store, {});
      world.advance(11min);
      if (swept) in.store.gc();
      Editor changes;
      changes.set("n", 1);
      const SessionId next = in.store.succeed(old, changes).value();
      Editor more;
      more.set("m", 1);
      REQUIRE(in.store.succeed(old, more).value() == next);
      const auto events = in.told.take();
      REQUIRE(kinds_of(events) == std::vector{Kind::created, Kind::expired, Kind::created});
      CHECK(events[1].key == old.key());
      CHECK(events[2].key == next.key());
      CHECK(events[2].replaced == old.key());
      // What is left of the old one is no session.
      REQUIRE(in.store.destroy(next));
      REQUIRE(in.store.destroy(old));
      CHECK(in.told.only().key == next.key());
    }
  });
}

TEST_CASE("a refused ID is told as a mark that counts attempts and says nothing else") {
  in_each_world([](StoreWorld& world) {
    Listening in(world);
    const SessionId id = make_session(in.store, {});
    in.told.take();
    std::string forged = id.reveal();
    forged[30] = forged[30] == 'a' ? 'b' : 'a';
    CHECK_FALSE(in.store.parse(forged));
    const Event first = in.told.only();
    CHECK(first.kind == Kind::refused_id);
    CHECK_FALSE(first.key);
    CHECK(first.sent.size() == 16);
    CHECK(first.sent.find_first_not_of("0123456789abcdef") == std::string::npos);
    // Counted across rotations and programs, told apart from others, and no longer for longer texts.
    static_cast<void>(in.store.rotate_keys());
    Listening other(world);
    CHECK_FALSE(other.store.parse(forged));
    CHECK(other.told.only().sent == first.sent);
    for (const std::string& text : {std::string(), std::string("x"), std::string(100'000, 'x'), id.reveal() + "="}) {
      CHECK_FALSE(other.store.parse(text));
      const Event event = other.told.only();
      CHECK(event.sent.size() == 16);
      CHECK(event.sent != first.sent);
    }
    // Not the hash under which principals are kept: a name that is tried as an ID would tell who it is.
    CHECK_FALSE(other.store.parse("ann"));
    const std::string mark = other.told.only().sent;
    logged_in(other.store, "ann");
    CHECK_FALSE(other.told.only().principal.value().to_string().starts_with(mark));
  });
}

TEST_CASE("a recovery and a quarantine are told with the record and the reason") {
  in_each_world([](StoreWorld& world) {
    Listening in(world);
    const SessionId id = logged_in(in.store, "ann");
    const Event login = in.told.only();
    for (const std::string& file : world.session_files()) world.overwrite(file, {});
    CHECK(in.store.snapshot(id).outcome() == Outcome::absent);
    const Event event = in.told.only();
    CHECK(event.kind == Kind::quarantined);
    CHECK(event.key == id.key());
    CHECK_FALSE(event.detail.empty());
    CHECK(login.principal != id.key());
  });
}

TEST_CASE("what happens to the record of a principal is told as the principal's") {
  const auto system = std::make_shared<FakeSystem>();
  ToldEvents told;
  const Store store = open_store(system, "/srv/store", {.create = true, .on_event = told.listener()});
  logged_in(store, "ann");
  const Event login = told.only();
  logged_in(store, "ann");
  told.take();
  const std::string name = login.principal.value().to_string();
  system->set_content("/srv/store/principals/" + name.substr(0, 2) + "/" + name, {});
  CHECK(store.sessions_of("ann")->size() == 2);
  const Event event = told.only();
  CHECK(event.kind == Kind::recovered);
  CHECK_FALSE(event.key);
  CHECK(event.principal == login.principal);
}

TEST_CASE("a jump of the clock is told when it is found, and once") {
  const auto system = std::make_shared<FakeSystem>();
  ToldEvents told;
  const Store store = open_store(system, "/srv/store", {.create = true, .on_event = told.listener()});
  REQUIRE(store.gc().complete);
  const auto step = [&] { system->set_wall_clock(std::chrono::milliseconds(system->wall_clock()) + 48h); };
  step();
  CHECK_FALSE(store.gc({.dry_run = true}).complete);
  CHECK(told.take().empty());
  CHECK_FALSE(store.gc().complete);
  const Event event = told.only();
  CHECK(event.kind == Kind::clock_jump);
  CHECK(event.clock_jump == 48h);
  CHECK(event.held_for == 1h);
  system->advance(1min);
  CHECK_FALSE(store.gc().complete);
  CHECK(told.take().empty());
  step();
  CHECK_FALSE(store.gc().complete);
  CHECK(told.only().clock_jump == 96h);
  CHECK(store.gc({.clock_hold = 0ms}).complete);
  CHECK(told.take().empty());
}

TEST_CASE("a wait for a lock that ends without it is told; a look at it is not") {
  in_each_world([](StoreWorld& world) {
    Listening in(world, {.lock_timeout = 5ms});
    const SessionId id = make_session(in.store, {});
    in.told.take();
    const Session held = in.store.lock(id).value();
    std::thread([&] {
      CHECK(in.store.update(id, [](Editor&) {}) == Outcome::busy);
      const Event event = in.told.only();
      CHECK(event.kind == Kind::lock_timeout);
      CHECK(event.key == id.key());
      CHECK(in.store.destroy(id) == Outcome::busy);
      CHECK(in.told.only().kind == Kind::lock_timeout);
      CHECK(in.store.lock(id, {.timeout = 0ms}).outcome() == Outcome::busy);
      CHECK(in.told.take().empty());
      world.advance(10min);
      CHECK(in.store.touch(id) == Outcome::not_renewed);
      CHECK(in.told.only().kind == Kind::lock_timeout);
    }).join();
  });
}

TEST_CASE("a lock timeout names the process that has the lock") {
  const TemporaryDirectory directory;
  ToldEvents told;
  const Store store =
      Store::open(directory / "store", {.lock_timeout = 5ms, .create = true, .on_event = told.listener()});
  const SessionId id = make_session(store, {});
  told.take();
  Gate locked, done;
  Child holder([&] {
    const Session session = store.lock(id).value();
    locked.signal();
    done.wait();
  });
  REQUIRE(locked.wait());
  const Result<Session> refused = store.lock(id);
  CHECK(refused.outcome() == Outcome::busy);
  CHECK(told.only().holder == refused.status().holder());
  done.signal();
  CHECK(holder.wait() == 0);
}

TEST_CASE("the end of a principal's sessions is told before that of each of them") {
  in_each_world([](StoreWorld& world) {
    Listening in(world);
    const SessionId first = logged_in(in.store, "ann");
    const SessionId second = logged_in(in.store, "ann");
    const SessionId other = logged_in(in.store, "bob");
    const auto logins = in.told.take();
    REQUIRE(in.store.destroy_principal("ann", second));
    const auto events = in.told.take();
    REQUIRE(kinds_of(events) == std::vector{Kind::principal_ended, Kind::destroyed});
    CHECK_FALSE(events[0].key);
    CHECK(events[0].principal == logins[0].principal);
    CHECK(events[1].key == first.key());
    CHECK(events[1].principal == logins[0].principal);
    // Where nothing is ended nothing is told.
    CHECK(in.store.destroy_principal("ann", first) == Outcome::gone);
    CHECK(in.told.take().empty());
  });
}

TEST_CASE("a limit on sessions is told: a login that it refuses, or the session that it ends") {
  in_each_world([](StoreWorld& world) {
    Listening in(world, {.sessions_per_principal = 1, .refuse_beyond_limit = true});
    const SessionId first = logged_in(in.store, "ann");
    const Event login = in.told.only();
    Session session = in.store.create({.kind = SessionKind::authenticated, .principal = "ann"});
    CHECK(session.commit() == Outcome::limit_reached);
    const Event refused = in.told.only();
    CHECK(refused.kind == Kind::limit_reached);
    CHECK_FALSE(refused.key);
    CHECK(refused.principal == login.principal);

    Listening ends(world, {.sessions_per_principal = 1});
    const SessionId second = logged_in(ends.store, "ann");
    auto events = ends.told.take();
    REQUIRE(kinds_of(events) == std::vector{Kind::destroyed, Kind::authenticated});
    CHECK(events[0].key == first.key());
    CHECK(events[1].key == second.key());
  });
}

}  // namespace
}  // namespace sess::test
