// The access modes: snapshot, update, merge and the locked session.
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

namespace sess::test {
namespace {

using std::chrono::milliseconds;

TEST_CASE("what is committed is read, by its ID and by its key") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"user", "ann"}, {"count", 3}});
    const auto snapshot = store.snapshot(id);
    REQUIRE(snapshot);
    CHECK(snapshot->get<std::string>("user") == "ann");
    CHECK(snapshot->get<int>("count") == 3);
    CHECK(snapshot->get<int>("other") == std::nullopt);
    CHECK(snapshot->facts().generation == 1);
    CHECK(store.parse(id.reveal()) == id);
    if (!store.options().sealed) CHECK(store.snapshot(id.key()));
    CHECK_THROWS_AS(static_cast<void>(snapshot->get<bool>("user")), TypeMismatch);
  });
}

TEST_CASE("a session that nobody made is absent") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionKey key = store.create().key();
    CHECK(store.snapshot(key).outcome() == Outcome::absent);
    CHECK(store.lock(key).outcome() == Outcome::absent);
    CHECK(store.update(key, [](Editor&) {}) == Outcome::absent);
    CHECK(store.touch(key) == Outcome::absent);
    CHECK(store.destroy(key) == Outcome::absent);
  });
}

TEST_CASE("nothing is on disk before the first commit, and the first commit holds the lock") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    Session session = store.create();
    session.set("a", 1);
    CHECK(world.session_files().empty());
    REQUIRE(session.commit());
    CHECK(world.session_files() == std::vector<std::string>{record_file(session.key())});
    CHECK(store.lock(session.key(), {milliseconds(0)}).outcome() == Outcome::busy);
    session.release();
    CHECK(store.lock(*session.id(), {milliseconds(0)}));
  });
}

TEST_CASE("a locked session keeps its lock across commits and frees it at its end") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"a", 1}});
    {
      Session session = store.lock(id).value();
      for (int i = 2; i < 6; ++i) {
        session.set("a", i);
        REQUIRE(session.commit());
        CHECK(session.facts().generation == static_cast<std::uint64_t>(i));
        CHECK(store.lock(id, {milliseconds(0)}).outcome() == Outcome::busy);
        CHECK(store.snapshot(id)->get<int>("a") == i);
      }
    }
    CHECK(store.lock(id, {milliseconds(0)}));
  });
}

TEST_CASE("a session that ends without a commit has changed nothing") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"a", 1}});
    {
      Session session = store.lock(id).value();
      session.set("a", 2);
    }
    CHECK(store.snapshot(id)->get<int>("a") == 1);
    Session session = store.lock(id).value();
    session.set("a", 2);
    session.rollback();
    CHECK(session.get<int>("a") == 1);
    REQUIRE(session.commit());
    CHECK(session.facts().generation == 1);
  });
}

TEST_CASE("a released session refuses everything but its key") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    Session session = store.create();
    session.set("a", 1);
    REQUIRE(session.commit());
    session.release();
    session.release();
    CHECK(store.snapshot(*session.id()));
    CHECK_THROWS_AS(static_cast<void>(session.commit()), UsageError);
    CHECK_THROWS_AS(static_cast<void>(session.touch()), UsageError);
    CHECK_THROWS_AS(static_cast<void>(session.destroy()), UsageError);
    CHECK_THROWS_AS(session.rollback(), UsageError);
  });
}

TEST_CASE("nothing is written when nothing has changed") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"a", 1}});
    REQUIRE(store.update(id, [](Editor&) {}));
    REQUIRE(store.update(id, [](Editor& editor) { editor.set("a", 1); }));
    REQUIRE(store.update(id, [](Editor& editor) {
      editor.set("b", 1);
      editor.erase("b");
    }));
    REQUIRE(store.merge(store.snapshot(id)->edit()));
    CHECK(store.snapshot(id)->facts().generation == 1);
    CHECK(world.session_files().size() == 1);
  });
}

TEST_CASE("an update whose function throws changes nothing and frees the lock") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"a", 1}});
    CHECK_THROWS_WITH(static_cast<void>(store.update(id,
                                                     [](Editor& editor) {
                                                       editor.set("a", 2);
                                                       throw std::runtime_error("no");
                                                     })),
                      "no");
    CHECK(store.snapshot(id)->get<int>("a") == 1);
    CHECK(store.lock(id, {milliseconds(0)}));
  });
}

TEST_CASE("a merge applies its changes to the session as it is now") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"count", 1}, {"list", Value::Array{1}}});
    Changes early = store.snapshot(id)->edit();
    early.add("count", 10);
    early.append("list", 3);
    early.set("captcha", "x7k2");
    early.set_if_absent("seen", "first");
    REQUIRE(store.update(id, [](Editor& editor) {
      editor.add("count", 100);
      editor.append("list", 2);
      editor.set("user", "ann");
      editor.set("seen", "other");
    }));
    REQUIRE(store.merge(early));
    const auto now = store.snapshot(id);
    CHECK(now->get<int>("count") == 111);
    CHECK(now->get<std::vector<int>>("list") == std::vector<int>{1, 2, 3});
    CHECK(now->get<std::string>("captcha") == "x7k2");
    CHECK(now->get<std::string>("user") == "ann");
    CHECK(now->get<std::string>("seen") == "other");
  });
}

TEST_CASE("a merge that was derived from a changed value is a conflict and writes nothing") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"count", 1}});
    Changes changes = store.snapshot(id)->edit();
    changes.set("count", changes.get<int>("count").value() + 1);
    changes.set("other", 1);
    REQUIRE(store.update(id, [](Editor& editor) { editor.add("count", 1); }));
    CHECK(store.merge(changes) == Outcome::conflict);
    CHECK(store.snapshot(id)->get<int>("count") == 2);
    CHECK_FALSE(store.snapshot(id)->has("other"));
  });
}

TEST_CASE("of two requests that take one value, one gets it") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"captcha", "x7k2"}});
    Changes first = store.snapshot(id)->edit();
    Changes second = store.snapshot(id)->edit();
    CHECK(first.take<std::string>("captcha") == "x7k2");
    CHECK(second.take<std::string>("captcha") == "x7k2");
    CHECK(store.merge(first) == Outcome::ok);
    CHECK(store.merge(second) == Outcome::conflict);
    CHECK_FALSE(store.snapshot(id)->has("captcha"));
  });
}

TEST_CASE("what was in flight when a session was destroyed is told that it is gone") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"a", 1}});
    REQUIRE(store.update(id, [](Editor& editor) { editor.set("a", 2); }));
    Changes changes = store.snapshot(id)->edit();
    Changes nothing = store.snapshot(id)->edit();
    changes.set("a", 3);
    REQUIRE(store.destroy(id));
    CHECK(world.session_files().empty());
    CHECK(store.merge(changes) == Outcome::gone);
    CHECK(store.merge(nothing) == Outcome::gone);
    CHECK(world.session_files().empty());
  });
}

TEST_CASE("a session above the size limit is refused, and the committed version stays") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open({.size_limit = 1000});
    const SessionId id = make_session(store, {{"a", 1}});
    const auto grow = [](Editor& editor) { editor.set("b", std::string(2000, 'b')); };
    CHECK_THROWS_AS(static_cast<void>(store.update(id, grow)), TooLarge);
    Changes changes = store.snapshot(id)->edit();
    grow(changes);
    CHECK_THROWS_AS(static_cast<void>(store.merge(changes)), TooLarge);
    CHECK(store.snapshot(id)->values() == Values{{"a", 1}});
    CHECK(store.update(id, [](Editor& editor) { editor.set("b", std::string(900, 'b')); }));
  });
}

TEST_CASE("a record shrinks and grows with its values") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {});
    for (const std::size_t size : {10UL, 9000UL, 20UL, 300UL, 70'000UL, 0UL, 1UL}) {
      REQUIRE(store.update(id, [&](Editor& editor) { editor.set("text", std::string(size, 't')); }));
      CHECK(store.snapshot(id)->get<std::string>("text")->size() == size);
    }
  });
}

TEST_CASE("the size that a session's facts tell is that of its record's file, whoever asks") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    Session session = store.create();
    CHECK(session.facts().size == 0);
    REQUIRE(session.commit().ok());
    const SessionId id = *session.id();
    // What a listing says is what the file system says of the file.
    const auto on_disk = [&] {
      std::uint64_t size = 0;
      store.list([&](const SessionEntry& entry) { return (size = entry.facts.size) == 0; });
      return size;
    };
    for (const std::size_t size : {1000UL, 10UL}) {
      session.set("text", std::string(size, 't'));
      REQUIRE(session.commit().ok());
      CHECK(on_disk() > size);
      CHECK(session.facts().size == on_disk());
      CHECK(store.snapshot(id)->facts().size == on_disk());
      CHECK(store.facts_of(id)->size == on_disk());
    }
    session.release();
    CHECK(store.lock(id)->facts().size == on_disk());
  });
}

TEST_CASE("IDs of another store, and damaged ones, are not parsed") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    std::string text = make_session(store, {{"a", 1}}).reveal();
    CHECK(store.parse(text));
    text[20] = text[20] == 'A' ? 'B' : 'A';
    CHECK_FALSE(store.parse(text));
    CHECK_FALSE(store.parse(""));
    CHECK_FALSE(store.parse("../../../../etc/passwd"));
    CHECK_FALSE(store.parse(std::string(60, 'A')));
  });
}

}  // namespace
}  // namespace sess::test
