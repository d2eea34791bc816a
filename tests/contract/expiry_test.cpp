// Idle timeout, lifetime, renewal and the sweep.
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace sess::test {
namespace {

using std::chrono::milliseconds;

const StoreOptions short_times{.idle_timeout = milliseconds(1000), .lifetime = milliseconds(10'000)};

bool is_expired(const Store& store, const SessionKey& key) { return store.snapshot(key).outcome() == Outcome::expired; }

TEST_CASE("a session that is not used expires, swept or not") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    const SessionId id = make_session(store, {{"a", 1}});
    world.advance(milliseconds(999));
    CHECK(store.snapshot(id));
    world.advance(milliseconds(1));
    CHECK(is_expired(store, id));
    CHECK(store.lock(id).outcome() == Outcome::expired);
    CHECK(store.update(id, [](Editor&) {}) == Outcome::expired);
    CHECK(store.touch(id) == Outcome::expired);
    CHECK(world.session_files().size() == 1);
    CHECK(store.gc().expired == 1);
    CHECK(world.session_files().empty());
    CHECK(store.snapshot(id).outcome() == Outcome::absent);
  });
}

TEST_CASE("a session expires at the end of its lifetime, used or not") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    const SessionId id = make_session(store, {{"a", 1}});
    for (int i = 0; i < 19; ++i) {
      world.advance(milliseconds(500));
      REQUIRE(store.update(id, [](Editor& editor) { editor.add("a", 1); }));
    }
    world.advance(milliseconds(499));
    CHECK(store.touch(id) == Outcome::ok);
    world.advance(milliseconds(1));
    CHECK(is_expired(store, id));
  });
}

TEST_CASE("a session has the timeouts that it was made with, whatever the store's are") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    const SessionId id = make_session(store, {{"a", 1}}, {.idle_timeout = milliseconds(5000)});
    const Store other = world.open({.idle_timeout = milliseconds(1)});
    world.advance(milliseconds(4000));
    REQUIRE(other.touch(id));
    world.advance(milliseconds(4000));
    CHECK(other.snapshot(id));
    CHECK(other.snapshot(id)->facts().idle_timeout == milliseconds(5000));
    world.advance(milliseconds(2000));
    CHECK(is_expired(other, id));
  });
}

TEST_CASE("timeouts change with a commit") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    const SessionId id = make_session(store, {{"a", 1}});
    REQUIRE(store.update(id, [](Editor& editor) {
      editor.set_idle_timeout(milliseconds(20'000));
      editor.set_lifetime(milliseconds(30'000));
    }));
    world.advance(milliseconds(19'000));
    CHECK(store.touch(id));
    world.advance(milliseconds(10'999));
    CHECK(store.snapshot(id));
    world.advance(milliseconds(1));
    CHECK(is_expired(store, id));
    const SessionId other = make_session(store, {{"a", 1}});
    Changes changes = store.snapshot(other)->edit();
    changes.set_idle_timeout(milliseconds(10));
    REQUIRE(store.merge(changes));
    world.advance(milliseconds(10));
    CHECK(is_expired(store, other));
  });
}

TEST_CASE("touch, update, merge and commit renew; reading does not") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    const auto lives_after = [&](const auto& use) {
      const SessionId id = make_session(store, {{"a", 1}});
      world.advance(milliseconds(600));
      use(id);
      world.advance(milliseconds(600));
      return store.snapshot(id).has_value();
    };
    CHECK(lives_after([&](const SessionId& id) { REQUIRE(store.touch(id)); }));
    CHECK(lives_after([&](const SessionId& id) { REQUIRE(store.update(id, [](Editor& e) { e.add("a", 1); })); }));
    CHECK(lives_after([&](const SessionId& id) { REQUIRE(store.update(id, [](Editor&) {})); }));
    CHECK(lives_after([&](const SessionId& id) { REQUIRE(store.merge(store.snapshot(id)->edit())); }));
    CHECK(lives_after([&](const SessionId& id) { REQUIRE(store.lock(id)->touch()); }));
    CHECK_FALSE(lives_after([&](const SessionId& id) { REQUIRE(store.snapshot(id)); }));
    CHECK(lives_after([&](const SessionId& id) { REQUIRE(store.lock(id)); }));
    CHECK_FALSE(lives_after([&](const SessionId& id) { REQUIRE(store.lock(id, {.renew = false})); }));
  });
}

TEST_CASE("what is done without renewal leaves the deadline where it is") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    const SessionId id = make_session(store, {{"a", 1}});
    world.advance(milliseconds(600));
    REQUIRE(store.update(id, [](Editor& editor) { editor.add("a", 1); }, {.renew = false}));
    Changes changes = store.snapshot(id)->edit();
    changes.add("a", 1);
    REQUIRE(store.merge(changes, {.renew = false}));
    REQUIRE(store.merge(store.snapshot(id)->edit(), {.renew = false}));
    CHECK(store.snapshot(id)->get<int>("a") == 3);
    world.advance(milliseconds(400));
    CHECK(is_expired(store, id));
  });
}

TEST_CASE("a renewal that gains less than a tenth of the idle timeout is not written") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    const SessionId id = make_session(store, {{"a", 1}});
    const auto deadline = store.snapshot(id)->facts().deadline;
    world.advance(milliseconds(99));
    REQUIRE(store.touch(id));
    CHECK(store.snapshot(id)->facts().deadline == deadline);
    world.advance(milliseconds(1));
    REQUIRE(store.touch(id));
    CHECK(store.snapshot(id)->facts().deadline == deadline + milliseconds(100));
    CHECK(store.snapshot(id)->facts().generation == 1);
  });
}

TEST_CASE("a touch of a session that the same thread holds is refused at once") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    const SessionId id = make_session(store, {{"a", 1}});
    world.advance(milliseconds(500));
    const Store other = world.open(short_times);
    const Session session = store.lock(id, {.renew = false}).value();
    // By this thread, which holds the lock itself: told so at once instead of waiting.
    CHECK_THROWS_AS(static_cast<void>(other.touch(id)), UsageError);
  });
}

TEST_CASE("the idle timeout does not run while a session is locked, the lifetime does") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    const SessionId id = make_session(store, {{"a", 1}});
    Session session = store.lock(id).value();
    world.advance(milliseconds(5000));
    const GcReport report = store.gc();
    CHECK(report.expired == 0);
    CHECK(report.in_use == 1);
    session.set("a", 2);
    CHECK(session.commit());
    world.advance(milliseconds(5000));
    session.set("a", 3);
    CHECK(session.commit() == Outcome::expired);
    CHECK(session.touch() == Outcome::expired);
    session.release();
    CHECK(is_expired(store, id));
  });
}

TEST_CASE("a sweep removes what has expired and nothing else") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    std::vector<SessionId> kept;
    for (int i = 0; i < 20; ++i) make_session(store, {{"a", i}});
    for (int i = 0; i < 10; ++i) kept.push_back(make_session(store, {{"a", i}}, {.idle_timeout = milliseconds(9000)}));
    for (const SessionId& id : kept) REQUIRE(store.update(id, [](Editor& editor) { editor.add("a", 1); }));
    world.advance(milliseconds(1000));
    const GcReport dry = store.gc({.dry_run = true});
    CHECK(dry.expired == 20);
    const GcReport report = store.gc();
    CHECK(report.status.ok());
    CHECK(report.complete);
    CHECK(report.examined == 30);
    CHECK(report.expired == 20);
    CHECK(report.errors == 0);
    for (const SessionId& id : kept) CHECK(store.snapshot(id));
    std::size_t listed = 0;
    store.list([&](const SessionEntry& entry) {
      CHECK(entry.problem.empty());
      ++listed;
      return true;
    });
    CHECK(listed == kept.size());
    world.advance(milliseconds(20'000));
    store.list([](const SessionEntry&) -> bool { throw std::runtime_error("an expired session is listed"); });
    listed = 0;
    const auto count = [&](const SessionEntry& entry) {
      CHECK(entry.outcome == Outcome::expired);
      return ++listed > 0;
    };
    store.list(count, {.show_ended = true});
    CHECK(listed == kept.size());
    CHECK(store.gc().expired == 10);
    CHECK(world.session_files().empty());
  });
}

TEST_CASE("sweeps with a small budget get round") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open(short_times);
    for (int i = 0; i < 50; ++i) make_session(store, {{"a", i}});
    world.advance(milliseconds(1000));
    std::uint64_t expired = 0;
    std::uint32_t shards = 0;
    int sweeps = 0;
    while (expired < 50 && sweeps < 2 * 256) {
      const GcReport report = store.gc({.budget = milliseconds(1)});
      CHECK(report.shards_done > 0);
      expired += report.expired;
      shards += report.shards_done;
      ++sweeps;
    }
    CHECK(expired == 50);
    CHECK(shards >= 1);
    CHECK(world.session_files().empty());
  });
}

TEST_CASE("keys are found by their beginnings") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    std::vector<SessionKey> keys;
    for (int i = 0; i < 30; ++i) keys.push_back(make_session(store, {{"a", i}}).key());
    for (const SessionKey& key : keys) {
      const std::string text = key.to_string();
      CHECK(store.find(text, 2) == std::vector<SessionKey>{key});
      CHECK(store.find(text.substr(0, 12), 2) == std::vector<SessionKey>{key});
    }
    CHECK(store.find("", 10).empty());
    CHECK(store.find("not hexadecimal", 10).empty());
    std::size_t found = 0;
    for (const char digit : std::string("0123456789abcdef")) found += store.find(std::string(1, digit), 100).size();
    CHECK(found == keys.size());
  });
}

}  // namespace
}  // namespace sess::test
