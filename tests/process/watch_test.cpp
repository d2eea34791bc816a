// Whoever watches a store is told what happens to its sessions, also by other processes, and in which order.
#include "format/names.hpp"
#include "store/core.hpp"
#include "support/event_overflow.hpp"
#include "support/processes.hpp"
#include "support/shared_clock_system.hpp"
#include "support/store_world.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>
#include <sess/watch.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;
using Kind = Change::Kind;
using Kinds = std::vector<Kind>;

struct WatchedStore {
  explicit WatchedStore(StoreOptions options = {}) : store(opened(std::move(options))) {}
  Store opened(StoreOptions options) const {
    options.create = true;
    options.idle_timeout = 10min;
    return open_store(std::make_shared<SharedClockSystem>(clock, Breakage::none), path, options);
  }

  /// The kernel has queued an event when the call that it is about has returned.
  std::vector<Change> changes(Watch& watch) const {
    std::vector<Change> all;
    CHECK(watch.wait(0ms, [&](const Change& change) { all.push_back(change); }));
    return all;
  }
  static Kinds kinds_of(const std::vector<Change>& changes, const SessionKey& key) {
    Kinds kinds;
    for (const Change& change : changes)
      if (change.key == key) kinds.push_back(change.kind);
    return kinds;
  }
  std::string record(const SessionKey& key) const { return path + "/shards/" + record_file(key); }

  TemporaryDirectory directory;
  std::string path = directory / "store";
  SharedCounter clock;  // of 1970: any time will do
  Store store;
};

TEST_CASE("each change of a session is told once, by its kind, with the session as it was just after") {
  for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
    CAPTURE(static_cast<int>(method));
    WatchedStore world({.commit_method = method});
    Watch watch(world.store);
    CHECK(world.changes(watch).empty());

    const SessionKey key = make_session(world.store, {{"n", 1}}).key();
    std::vector<Change> found = world.changes(watch);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == Kind::created);
    CHECK(found[0].key == key);
    REQUIRE(found[0].entry);
    CHECK(found[0].entry->facts.generation == 1);

    for (int i = 0; i < 3; ++i) {
      REQUIRE(world.store.update(key, [](Editor& editor) { editor.add("n", 1); }));
      found = world.changes(watch);
      REQUIRE(found.size() == 1);
      CHECK(found[0].kind == Kind::committed);
      CHECK(found[0].entry->facts.generation == static_cast<std::uint64_t>(i) + 2);
    }
    world.clock.add(5 * 60 * 1000);
    REQUIRE(world.store.touch(key).ok());
    found = world.changes(watch);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == Kind::renewed);
    CHECK(found[0].entry->facts.deadline == world.store.snapshot(key)->facts().deadline);
    // A snapshot is no change.
    CHECK(world.store.snapshot(key));
    CHECK(world.changes(watch).empty());

    REQUIRE(world.store.destroy(key).ok());
    found = world.changes(watch);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == Kind::ended);
    CHECK(found[0].key == key);
    CHECK_FALSE(found[0].entry);
  }
}

TEST_CASE("a damaged record that is restored from its previous version is told as committed, and once") {
  for (const bool is_known : {false, true}) {
    CAPTURE(is_known);
    WatchedStore world;
    const SessionKey key = make_session(world.store, {{"n", 1}}).key();
    const auto commit = [&] { REQUIRE(world.store.update(key, [](Editor& editor) { editor.add("n", 1); })); };
    commit();
    Watch watch(world.store);
    if (is_known) commit();
    static_cast<void>(world.changes(watch));
    const auto times = std::filesystem::last_write_time(world.record(key));
    std::filesystem::resize_file(world.record(key), 40);
    std::filesystem::last_write_time(world.record(key), times);
    CHECK(world.changes(watch).empty());
    const auto snapshot = world.store.snapshot(key);
    REQUIRE(snapshot);
    const auto restored = world.changes(watch);
    CHECK(WatchedStore::kinds_of(restored, key) == Kinds{Kind::committed});
    REQUIRE(restored.size() == 1);
    CHECK(restored[0].entry->facts.generation == snapshot->facts().generation);
    CHECK(restored[0].entry->problem.empty());
    commit();
    CHECK(WatchedStore::kinds_of(world.changes(watch), key) == Kinds{Kind::committed});
    world.clock.add(5 * 60 * 1000);
    REQUIRE(world.store.touch(key).ok());
    CHECK(WatchedStore::kinds_of(world.changes(watch), key) == Kinds{Kind::renewed});
  }
}

TEST_CASE("a commit and a touch of one session that are seen together are told once each") {
  WatchedStore world;
  const SessionKey key = make_session(world.store, {{"n", 1}}).key();
  Watch watch(world.store);
  REQUIRE(world.store.touch(key).ok());
  world.clock.add(5 * 60 * 1000);
  REQUIRE(world.store.touch(key).ok());
  for (int i = 0; i < 3; ++i) REQUIRE(world.store.update(key, [](Editor& editor) { editor.add("n", 1); }));
  const Kinds kinds = WatchedStore::kinds_of(world.changes(watch), key);
  CHECK(std::ranges::count(kinds, Kind::committed) == 3);
}

TEST_CASE("a session that was there before the watch is known to it") {
  WatchedStore world;
  const SessionKey changed = make_session(world.store, {{"n", 1}}).key();
  const SessionKey swept = make_session(world.store, {{"n", 1}}).key();
  Watch watch(world.store);
  REQUIRE(world.store.update(changed, [](Editor& editor) { editor.add("n", 1); }));
  CHECK(WatchedStore::kinds_of(world.changes(watch), changed) == Kinds{Kind::committed});
  world.clock.add(11 * 60 * 1000);
  REQUIRE(world.store.gc({.clock_hold = 0ms}).expired == 2);
  const auto found = world.changes(watch);
  CHECK(found.size() == 2);
  for (const SessionKey& key : {changed, swept}) CHECK(WatchedStore::kinds_of(found, key) == Kinds{Kind::expired});
}

TEST_CASE("a session that gets a new ID is told as replaced, and created under that") {
  WatchedStore world;
  const SessionKey before = make_session(world.store, {{"n", 1}}).key();
  Watch watch(world.store);
  auto session = world.store.lock(before);
  auto next = session->regenerate();
  REQUIRE(next);
  const SessionKey after = next->key();
  REQUIRE(next->commit().ok());
  const auto found = world.changes(watch);
  CHECK(WatchedStore::kinds_of(found, before) == Kinds{Kind::replaced});
  REQUIRE_FALSE(WatchedStore::kinds_of(found, after).empty());
  CHECK(WatchedStore::kinds_of(found, after).front() == Kind::created);
}

TEST_CASE("a new ID that follows at once hides no creation, and is told once") {
  WatchedStore world;
  const SessionKey known = make_session(world.store, {{"n", 1}}).key();
  Watch watch(world.store);
  const SessionKey made = make_session(world.store, {{"n", 1}}).key();
  REQUIRE(world.store.update(known, [](Editor& editor) { editor.add("n", 1); }));
  for (const SessionKey& key : {made, known}) REQUIRE(world.store.lock(key)->regenerate());
  const auto found = world.changes(watch);
  CHECK(WatchedStore::kinds_of(found, made) == Kinds{Kind::created, Kind::replaced});
  CHECK(WatchedStore::kinds_of(found, known) == Kinds{Kind::replaced});
  // What the ID leaves for a while is no session, and its removal tells nothing.
  world.clock.add(60 * 1000);
  static_cast<void>(world.store.gc({.clock_hold = 0ms}));
  CHECK(world.store.find(made.to_string(), 1).empty());
  for (const SessionKey& key : {made, known}) CHECK(WatchedStore::kinds_of(world.changes(watch), key).empty());
  CHECK(watch.records() == 2);
}

TEST_CASE("a name that is read before its session's creation is told is told as created all the same") {
  const unsigned most = most_queued_events();
  if (most == 0) return;
  WatchedStore world;
  Watch watch(world.store);
  overflow_events(world.path + "/shards/00", most);
  // That changes are lost is told before the names are read again, and what happens then is told after it.
  std::optional<SessionKey> made;
  Kinds kinds;
  CHECK(watch.wait(0ms, [&](const Change& change) {
    kinds.push_back(change.kind);
    if (change.kind == Kind::lost) made = make_session(world.store, {{"n", 1}}).key();
  }));
  CHECK(kinds == Kinds{Kind::lost});
  REQUIRE(made);
  CHECK(watch.records() == 1);
  CHECK(WatchedStore::kinds_of(world.changes(watch), *made) == Kinds{Kind::created});
  REQUIRE(world.store.update(*made, [](Editor& editor) { editor.add("n", 1); }));
  CHECK(WatchedStore::kinds_of(world.changes(watch), *made) == Kinds{Kind::committed});
}

TEST_CASE("by the deadline that a session has, its end is told as an end or as an expiry") {
  WatchedStore world;
  Watch watch(world.store);
  const SessionKey touched = make_session(world.store, {{"n", 1}}).key();
  const SessionKey left = make_session(world.store, {{"n", 1}}).key();
  CHECK(world.changes(watch).size() == 2);
  world.clock.add(6 * 60 * 1000);
  REQUIRE(world.store.touch(touched).ok());
  CHECK(WatchedStore::kinds_of(world.changes(watch), touched) == Kinds{Kind::renewed});
  world.clock.add(6 * 60 * 1000);
  REQUIRE(world.store.destroy(touched).ok());
  REQUIRE(world.store.gc({.clock_hold = 0ms}).expired == 1);
  const auto found = world.changes(watch);
  CHECK(WatchedStore::kinds_of(found, touched) == Kinds{Kind::ended});
  CHECK(WatchedStore::kinds_of(found, left) == Kinds{Kind::expired});
}

TEST_CASE("what has ended is forgotten, however long the watch goes on") {
  WatchedStore world;
  Watch watch(world.store);
  for (int i = 0; i < 50; ++i) {
    const SessionKey key = make_session(world.store, {{"n", 1}}).key();
    if (i % 2 == 0) REQUIRE(world.store.destroy(key).ok());
    CHECK_FALSE(world.changes(watch).empty());
  }
  CHECK(watch.records() == 25);
  world.clock.add(11 * 60 * 1000);
  REQUIRE(world.store.gc({.clock_hold = 0ms}).expired == 25);
  CHECK(world.changes(watch).size() == 25);
  CHECK(watch.records() == 0);
}

TEST_CASE("a directory that is made again is watched again, and it is told that changes may be missing") {
  WatchedStore world;
  const SessionKey before = make_session(world.store, {{"n", 1}}).key();
  Watch watch(world.store);
  const auto shard_of = [](const SessionKey& key) { return key.to_string().substr(0, 2); };
  const std::string shard = world.path + "/shards/" + shard_of(before);
  for (const bool is_moved : {false, true}) {
    CAPTURE(is_moved);
    if (is_moved)
      std::filesystem::rename(shard, world.path + "/moved");
    else
      std::filesystem::remove_all(shard);
    static_cast<void>(world.changes(watch));
    CHECK(watch.records() == 0);
    static_cast<void>(repair(world.store, {}, [](const Repaired&) {}));
    REQUIRE(std::filesystem::exists(shard));
    const auto found = world.changes(watch);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == Kind::lost);
    SessionKey after = make_session(world.store, {{"n", 1}}).key();
    while (shard_of(after) != shard_of(before)) {
      REQUIRE(world.store.destroy(after).ok());
      after = make_session(world.store, {{"n", 1}}).key();
    }
    CHECK(WatchedStore::kinds_of(world.changes(watch), after).front() == Kind::created);
    REQUIRE(world.store.destroy(after).ok());
    CHECK(WatchedStore::kinds_of(world.changes(watch), after) == Kinds{Kind::ended});
  }
}

TEST_CASE("who makes changes as fast as they are told does not hold the watch up") {
  WatchedStore world;
  Watch watch(world.store);
  make_session(world.store, {{"n", 1}});
  unsigned told = 0;
  // Each change makes the next one.
  CHECK(watch.wait(0ms, [&](const Change&) {
    if (++told < 1000) make_session(world.store, {{"n", 1}});
  }));
  CHECK(told == 1);
}

TEST_CASE("names that are nobody's are no changes") {
  WatchedStore world;
  const SessionKey key = make_session(world.store, {{"n", 1}}).key();
  Watch watch(world.store);
  const std::string digits = key.to_string();
  for (const auto& name : std::vector<std::string>{"shards/" + digits.substr(0, 2) + "/x\x1b[2J",
                                                   "shards/" + digits.substr(0, 2) + "/" + digits + "~",
                                                   "quarantine/" + digits + "+.1", "quarantine/x"}) {
    std::ofstream(world.path + "/" + name) << "x";
    std::filesystem::remove(world.path + "/" + name);
  }
  CHECK(world.changes(watch).empty());
}

TEST_CASE("a record that is moved to quarantine is told as that") {
  WatchedStore world;
  const SessionKey key = make_session(world.store, {{"n", 1}}).key();
  Watch watch(world.store);
  std::filesystem::resize_file(world.record(key), 50);
  CHECK(world.store.snapshot(key).outcome() == Outcome::absent);
  CHECK(WatchedStore::kinds_of(world.changes(watch), key) == Kinds{Kind::quarantined});
}

TEST_CASE("what other processes do is told in their order, and none of it is missing") {
  WatchedStore world;
  constexpr int processes = 3;
  constexpr int rounds = 40;
  Watch watch(world.store);
  const auto require = [](const Status& status) {
    if (!status.ok()) throw std::runtime_error("an operation failed");
  };
  const int failed = run_processes(processes, [&](int) {
    const Store store = world.opened({});
    for (int round = 0; round < rounds; ++round) {
      const SessionKey key = make_session(store, {{"n", 0}}).key();
      for (int n = 0; n < 2; ++n) require(store.update(key, [](Editor& editor) { editor.add("n", 1); }));
      require(store.destroy(key));
    }
  });
  CHECK(failed == 0);
  std::map<std::string, Kinds> sessions;
  for (const Change& change : world.changes(watch)) sessions[change.key.to_string()].push_back(change.kind);
  CHECK(sessions.size() == processes * rounds);
  const auto is_whole = [](const auto& session) {
    return session.second == Kinds{Kind::created, Kind::committed, Kind::committed, Kind::ended};
  };
  CHECK(std::ranges::count_if(sessions, is_whole) == processes * rounds);
}

TEST_CASE("where more happens than the kernel keeps it is told that changes are lost, and it goes on") {
  const unsigned most = most_queued_events();
  if (most == 0) return;
  WatchedStore world;
  const SessionKey key = make_session(world.store, {{"n", 1}}).key();
  Watch watch(world.store);
  overflow_events(world.path + "/shards/00", most);
  REQUIRE(world.store.destroy(key).ok());
  const auto found = world.changes(watch);
  REQUIRE_FALSE(found.empty());
  CHECK(found.back().kind == Kind::lost);
  const SessionKey next = make_session(world.store, {{"n", 1}}).key();
  CHECK(WatchedStore::kinds_of(world.changes(watch), next) == Kinds{Kind::created});
}

TEST_CASE("a watch ends when the store is removed") {
  WatchedStore world;
  Watch watch(world.store);
  std::filesystem::remove_all(world.path);
  CHECK_FALSE(watch.wait(0ms, [](const Change&) {}));
}

}  // namespace
}  // namespace sess::test
