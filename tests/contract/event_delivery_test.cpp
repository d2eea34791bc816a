// Events, of whatever kind: told of what has happened alone, by who has done it, once, and never with an ID.
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

TEST_CASE("what has failed is not told") {
  const auto system = std::make_shared<FakeSystem>();
  ToldEvents told;
  const Store store = open_store(system, "/srv/store", {.create = true, .on_event = told.listener()});
  const SessionId id = logged_in(store, "ann");
  told.take();
  const auto fail = [&](Call call) { system->fail(call, 1, EIO); };
  Session session = store.create();
  CHECK_THROWS_AS((fail(Call::write), static_cast<void>(session.commit())), IoError);
  // The new session has been made, and ended again: nobody knows its ID.
  system->fail(Call::write, 3, EIO);
  CHECK_THROWS_AS(static_cast<void>(store.lock(id)->regenerate()), IoError);
  CHECK_THROWS_AS((fail(Call::unlink), static_cast<void>(store.destroy(id))), IoError);
  CHECK(store.snapshot(id));
  CHECK(told.take().empty());
}

TEST_CASE("a listener that throws changes no outcome and loses nothing") {
  in_each_world([](StoreWorld& world) {
    int calls = 0;
    const Store store = world.open({.idle_timeout = 10min, .on_event = [&](const Event&) {
                                      ++calls;
                                      throw std::runtime_error("a listener must not throw");
                                    }});
    const SessionId id = make_session(store, {{"n", 1}});
    CHECK(store.snapshot(id)->get<int>("n") == 1);
    const SessionId next = store.lock(id)->regenerate()->id().value();
    CHECK(store.snapshot(next)->get<int>("n") == 1);
    CHECK_FALSE(store.parse("x"));
    const SessionId other = make_session(store, {});
    CHECK(store.destroy(next) == Outcome::ok);
    world.advance(11min);
    CHECK(store.gc().expired == 2);
    CHECK(store.snapshot(other).outcome() == Outcome::absent);
    CHECK(calls == 6);
  });
}

TEST_CASE("of several processes that end one session at once, or succeed it, one tells") {
  for (const std::string& below : file_systems()) {
    const TemporaryDirectory directory(below);
    SharedCounter destroyed, expired, created;
    const auto listener = [&](const Event& event) {
      if (event.kind == Kind::destroyed) destroyed.add();
      if (event.kind == Kind::expired) expired.add();
      if (event.kind == Kind::created) created.add();
    };
    const Store store = Store::open(directory / "store", {.idle_timeout = 1h, .create = true, .on_event = listener});
    constexpr int rounds = 25;
    std::vector<SessionId> destroyable, expirable;
    for (int i = 0; i < rounds; ++i) {
      destroyable.push_back(make_session(store, {}));
      expirable.push_back(make_session(store, {}, {.idle_timeout = 1ms}));
    }
    REQUIRE(created.value() == 2 * rounds);
    // Past their deadline before anybody starts: the next session begins in a later millisecond.
    while (store.snapshot(expirable.back()).outcome() != Outcome::expired) {
    }
    const int failed = run_processes(4, [&](int number) {
      for (int i = 0; i < rounds; ++i) {
        static_cast<void>(store.destroy(destroyable[i]));
        if (number == 0) store.gc();
        Editor changes;
        changes.set("n", number);
        if (!store.succeed(expirable[i], changes)) throw std::runtime_error("not succeeded");
      }
    });
    CHECK(failed == 0);
    CHECK(destroyed.value() == rounds);
    CHECK(expired.value() == rounds);
    CHECK(created.value() == 3 * rounds);
  }
}

TEST_CASE("no event holds an ID, whatever happens") {
  in_each_world([](StoreWorld& world) {
    Listening in(world, {.idle_timeout = 10min, .sessions_per_principal = 2, .lock_timeout = 1ms});
    const Store& store = in.store;
    std::vector<std::string> revealed;
    const auto note = [&](const SessionId& id) { revealed.push_back(id.reveal()); };
    const SessionId anonymous = make_session(store, {{"n", 1}});
    note(anonymous);
    note(logged_in(store, "ann"));
    note(logged_in(store, "ann"));
    const SessionId login = logged_in(store, "ann");
    note(login);
    const SessionId next = store.lock(login)->regenerate()->id().value();
    note(next);
    REQUIRE(store.lock(next)->supersede());
    const SessionId damaged = make_session(store, {{"n", 1}});
    note(damaged);
    REQUIRE(store.update(damaged, [](Editor& editor) { editor.add("n", 1); }));
    for (const std::string& file : {record_file(damaged), spare_file(damaged)}) {
      if (std::ranges::count(world.session_files(), file) == 0) continue;
      world.overwrite(file, {});
      static_cast<void>(store.snapshot(damaged));
    }
    const SessionId locked = make_session(store, {});
    note(locked);
    {
      const Session held = store.lock(locked).value();
      std::thread([&] { CHECK(store.destroy(locked) == Outcome::busy); }).join();
    }
    REQUIRE(store.destroy(locked));
    CHECK_FALSE(store.parse(anonymous.reveal() + "x"));
    world.advance(11min);
    Editor changes;
    changes.set("n", 1);
    note(store.succeed(anonymous, changes).value());
    store.gc();
    REQUIRE(store.destroy_principal("ann"));

    const auto events = in.told.take();
    CHECK(events.size() >= 16);
    for (const Event& event : events) {
      const std::string text = text_of(event);
      for (const std::string& id : revealed) {
        CHECK(text.find(id) == std::string::npos);
        CHECK(text.find(id.substr(10, 20)) == std::string::npos);
      }
      CHECK(text.find("ann") == std::string::npos);
    }
  });
}

}  // namespace
}  // namespace sess::test
