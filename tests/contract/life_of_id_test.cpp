// The life of an ID in the store: superseded, regenerated, succeeded.
#include "fake_store.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

struct Fixture : FakeStore {
  Session lock(const SessionKey& key) const {
    auto locked = store.lock(key);
    REQUIRE(locked);
    return *std::move(locked);
  }
  /// Changes of a request that found no session.
  static Editor changes(const std::string& name, int value) {
    Editor editor;
    editor.set(name, value);
    return editor;
  }
};

TEST_CASE("a superseded session can be read for the grace time, as it was, and by nobody be changed") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open({.grace = 1h});
    const SessionId id = make_session(store, {{"a", 1}});
    {
      auto locked = store.lock(id);
      locked->set("a", 2);
      CHECK(locked->supersede().ok());
      CHECK_THROWS_AS(static_cast<void>(locked->commit()), UsageError);
    }
    const auto snapshot = store.snapshot(id);
    CHECK(snapshot.outcome() == Outcome::superseded);
    REQUIRE(snapshot);
    CHECK(snapshot->get<int>("a") == 1);  // what was not committed is forgotten
    CHECK(store.lock(id).outcome() == Outcome::superseded);
    CHECK(store.touch(id) == Outcome::superseded);
    CHECK(store.update(id, [](Editor& editor) { editor.set("a", 4); }) == Outcome::superseded);
    auto changes = snapshot->edit();
    changes.set("a", 5);
    CHECK(store.merge(changes) == Outcome::superseded);
    CHECK(store.successor(id).outcome() == Outcome::ok);  // itself: it can be read
    int listed = 0;
    store.list([&](const SessionEntry&) { return ++listed > 0; });
    CHECK(listed == 0);
    CHECK(store.snapshot(id)->get<int>("a") == 1);
    CHECK(world.session_files() == std::vector<std::string>{record_file(id)});  // no spare
  });
}

TEST_CASE_FIXTURE(Fixture, "a superseded session expires with the grace time, and is swept") {
  const SessionId id = make_session(store, {{"a", 1}});
  CHECK(lock(id).supersede().ok());
  system->advance(29s);
  CHECK(store.snapshot(id));
  CHECK(store.gc().expired == 0);
  system->advance(2s);
  CHECK(store.snapshot(id).outcome() == Outcome::expired);
  CHECK(store.gc().expired == 1);
  CHECK(store.snapshot(id).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(Fixture, "the grace time does not outlast the session's absolute deadline") {
  Session session = store.create({.lifetime = 10s});
  session.set("a", 1);
  REQUIRE(session.commit());
  const SessionKey key = session.key();
  CHECK(session.supersede().ok());
  system->advance(11s);
  CHECK(store.snapshot(key).outcome() == Outcome::expired);
}

TEST_CASE_FIXTURE(Fixture, "a superseded session does not come back from its spare or over a power cut") {
  for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
    const Store with_method = open_store(system, path, {.commit_method = method});
    const SessionId id = make_session(with_method, {{"a", 1}});
    REQUIRE(with_method.update(id, [](Editor& editor) { editor.add("a", 1); }));
    CHECK(with_method.lock(id)->supersede().ok());
    std::uint64_t disks = 0;
    system->power_cut_states({.limit = 2000}, [&](const DiskImage& image) {
      ++disks;
      const Store after = open_store(std::make_shared<FakeSystem>(image), path, {});
      CHECK(after.snapshot(id).outcome() == Outcome::superseded);
      CHECK(after.lock(id).outcome() == Outcome::superseded);
    });
    CHECK(disks > 2);
  }
}

TEST_CASE("regenerating gives a session a new ID and keeps what it is") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open({.idle_timeout = 1h, .lifetime = 5h});
    Session session = store.create({.kind = SessionKind::authenticated, .idle_timeout = 7min, .lifetime = 3h});
    session.set("a", 1);
    REQUIRE(session.commit());
    const SessionFacts before = session.facts();
    const SessionId old = *session.id();
    session.set("b", 2);
    auto next = session.regenerate();
    REQUIRE(next);
    CHECK(next.status().ok());
    CHECK_THROWS_AS(static_cast<void>(session.commit()), UsageError);
    const SessionId id = *next->id();
    CHECK(id.kind() == SessionKind::authenticated);
    CHECK_FALSE(id == old);
    CHECK(next->get<int>("a") == 1);
    CHECK(next->get<int>("b") == 2);
    CHECK(next->facts().created == before.created);
    CHECK(next->facts().absolute_deadline == before.absolute_deadline);
    CHECK(next->facts().idle_timeout == before.idle_timeout);
    CHECK(store.lock(id, {.timeout = 0ms}).outcome() == Outcome::busy);  // held
    next->release();
    CHECK(store.snapshot(id)->get<int>("b") == 2);
    const auto frozen = store.snapshot(old);
    CHECK(frozen.outcome() == Outcome::superseded);
    CHECK(frozen->get<int>("a") == 1);
    CHECK_FALSE(frozen->has("b"));
  });
}

TEST_CASE_FIXTURE(Fixture, "logout under an ID before ends what the session has become, and no other") {
  const SessionId other = make_session(store, {{"a", 1}});
  std::vector<SessionId> ids{make_session(store, {{"a", 1}})};
  for (int i = 0; i < 3; ++i) {
    auto next = lock(ids.back()).regenerate();
    REQUIRE(next);
    ids.push_back(*next->id());
  }
  CHECK(store.destroy(ids[1]).ok());
  CHECK(store.snapshot(ids[0]).outcome() == Outcome::superseded);  // of an ID before that: nobody can change it
  for (std::size_t i = 1; i < ids.size(); ++i) CHECK(store.snapshot(ids[i]).outcome() == Outcome::absent);
  CHECK(store.destroy(ids[0]).ok());
  CHECK(store.destroy(ids[0]) == Outcome::absent);
  CHECK(store.snapshot(other));
  CHECK(files_in("shards").size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a logout that gave up on the way to the session said that it was ended") {
  std::vector<SessionId> ids{make_session(store, {{"a", 1}})};
  while (ids.size() < 66) ids.push_back(*lock(ids.back()).regenerate()->id());
  CHECK(store.destroy(ids[0]) == Outcome::busy);
  CHECK(store.snapshot(ids.back()).outcome() == Outcome::ok);
  CHECK(store.snapshot(ids[0]).outcome() == Outcome::superseded);
  CHECK(store.destroy(ids[2]).ok());
  CHECK(store.snapshot(ids.back()).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(Fixture, "a login that supersedes a session is not ended by the end of that one") {
  const SessionId anonymous = make_session(store, {{"cart", 1}});
  const SessionId login = make_session(store, {{"user", "ann"}});
  CHECK(lock(anonymous).supersede().ok());
  CHECK(store.destroy(anonymous).ok());
  CHECK(store.snapshot(login));
}

TEST_CASE_FIXTURE(Fixture, "an expired anonymous session has one successor, whoever writes first") {
  for (const bool swept : {false, true}) {
    CAPTURE(swept);
    const SessionId old = make_session(store, {{"cart", 1}});
    system->advance(1h);
    if (swept) CHECK(store.gc().expired > 0);
    CHECK(store.successor(old).outcome() == Outcome::absent);
    const auto first = store.succeed(old, changes("a", 1));
    REQUIRE(first);
    CHECK(first.status().ok());
    const auto second = store.succeed(old, changes("b", 2));
    REQUIRE(second);
    CHECK(*first == *second);
    CHECK(first->kind() == SessionKind::anonymous);
    CHECK(store.successor(old).value() == *first);
    const auto snapshot = store.snapshot(*first);
    CHECK(snapshot->get<int>("a") == 1);
    CHECK(snapshot->get<int>("b") == 2);
    CHECK_FALSE(snapshot->has("cart"));
    CHECK(store.snapshot(old).outcome() == Outcome::expired);
    CHECK(store.lock(old).outcome() == Outcome::expired);
    CHECK(store.parse(first->reveal()).value() == *first);
  }
}

TEST_CASE_FIXTURE(Fixture, "what was read as empty and is not any more is a conflict with the successor") {
  const SessionId old = make_session(store, {{"cart", 1}});
  system->advance(1h);
  REQUIRE(store.succeed(old, changes("a", 1)));
  Editor late;
  CHECK_FALSE(late.get<int>("a"));
  late.set("a", 7);
  CHECK(store.succeed(old, late).outcome() == Outcome::conflict);
  CHECK(store.snapshot(*store.successor(old))->get<int>("a") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a successor that has ended is followed by another one, and never comes back") {
  const SessionId old = make_session(store, {{"cart", 1}});
  system->advance(1h);
  const SessionId first = store.succeed(old, changes("a", 1)).value();
  auto in_flight = store.snapshot(first)->edit();
  in_flight.set("a", 2);
  SUBCASE("destroyed") { CHECK(store.destroy(first).ok()); }
  SUBCASE("expired") {
    // Its forward record is used for as long: both have the same idle timeout.
    system->advance(1h);
    CHECK(store.successor(old).outcome() == Outcome::absent);
  }
  const SessionId second = store.succeed(old, changes("b", 1)).value();
  CHECK_FALSE(second == first);
  CHECK_FALSE(store.snapshot(second)->has("a"));
  CHECK(store.merge(in_flight) == Outcome::gone);
  CHECK(store.successor(old).value() == second);
}

TEST_CASE_FIXTURE(Fixture, "a successor is for anonymous IDs that are not too old, and for no session that is live") {
  Session session = store.create({.kind = SessionKind::authenticated});
  session.set("user", "ann");
  REQUIRE(session.commit());
  const SessionId login = *session.id();
  session.release();
  const SessionId live = make_session(store, {{"a", 1}});
  const std::size_t before = files_in("shards").size();
  const auto joined = store.succeed(live, changes("b", 1));
  CHECK(joined.value() == live);
  CHECK(store.snapshot(live)->get<int>("a") == 1);
  CHECK(store.destroy(login).ok());
  CHECK(store.succeed(login, changes("b", 1)).outcome() == Outcome::absent);
  CHECK(store.successor(login).outcome() == Outcome::absent);

  const Store strict = open_store(system, path, {.succession_age = 2h});
  system->advance(1h);
  CHECK(strict.succeed(live, changes("c", 1)));
  system->advance(90min);
  CHECK(strict.succeed(live, changes("c", 1)).outcome() == Outcome::absent);
  CHECK(strict.successor(live).outcome() == Outcome::absent);
  CHECK(files_in("shards").size() <= before + 2);
}

TEST_CASE_FIXTURE(Fixture, "nothing on disk tells the ID of a successor") {
  const SessionId old = make_session(store, {{"cart", 1}});
  system->advance(1h);
  const SessionId next = store.succeed(old, changes("a", 1)).value();
  const std::string id = next.reveal();
  for (const std::string& file : files_in("")) {
    const std::string text = system->text(file);
    CHECK(file.find(id) == std::string::npos);
    CHECK(text.find(id) == std::string::npos);
    CHECK(text.find(old.reveal()) == std::string::npos);
  }
  // Another old ID with the same forward record has another successor.
  CHECK_FALSE(store.succeed(make_session(store, {}), changes("a", 1)).value() == next);
}

TEST_CASE_FIXTURE(Fixture, "a forward record of a secret that was given up is as good as none") {
  const SessionId old = make_session(store, {{"cart", 1}});
  system->advance(1h);
  const SessionId first = store.succeed(old, changes("a", 1)).value();
  system->advance(1min);
  store.rotate_keys({.keep = 0s});
  CHECK_FALSE(store.parse(old.reveal()));  // so nobody comes with it; but a program may hold it
  CHECK(store.successor(old).outcome() == Outcome::absent);
  const SessionId second = store.succeed(old, changes("b", 1)).value();
  CHECK_FALSE(second == first);
  CHECK(store.parse(second.reveal()));
}

TEST_CASE_FIXTURE(Fixture, "a forward record and a superseded one do not come back as what they were") {
  const SessionId old = make_session(store, {{"cart", 1}});
  REQUIRE(store.update(old, [](Editor& editor) { editor.add("cart", 1); }));
  system->advance(1h);
  const SessionId next = store.succeed(old, changes("a", 1)).value();
  CHECK_FALSE(system->exists(spare(old)));
  system->power_cut_states({.limit = 2000}, [&](const DiskImage& image) {
    const Store after = open_store(std::make_shared<FakeSystem>(image), path, {});
    CHECK(after.snapshot(old).outcome() == Outcome::expired);
    // At relaxed the successor may be lost. Then there is another one.
    const auto again = after.succeed(old, changes("b", 1));
    REQUIRE(again);
    CHECK(after.snapshot(*again)->get<int>("b") == 1);
    if (*again == next) CHECK(after.snapshot(next)->get<int>("a") == 1);
  });
}

}  // namespace
}  // namespace sess::test
