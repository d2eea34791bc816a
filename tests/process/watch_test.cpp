// Whoever watches a store is told what happens to its sessions, also by other processes, and in which order.
#include "format/names.hpp"
#include "store/core.hpp"
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
  std::ifstream file("/proc/sys/fs/inotify/max_queued_events");
  unsigned most = 0;
  file >> most;
  REQUIRE(most > 0);
  if (most > 100'000) {
    MESSAGE("not run: this kernel keeps " << most << " events");
    return;
  }
  WatchedStore world;
  const SessionKey key = make_session(world.store, {{"n", 1}}).key();
  Watch watch(world.store);
  // Names that are nobody's: each makes an event, and no two of them are the same.
  const std::string shard = world.path + "/shards/" + key.to_string().substr(0, 2) + "/";
  for (unsigned i = 0; i <= most; ++i) std::ofstream(shard + "x" + std::to_string(i % 2));
  for (unsigned i = 0; i <= most; ++i) {
    std::filesystem::rename(shard + "x0", shard + "x2");
    std::filesystem::rename(shard + "x2", shard + "x0");
    if (i * 4 > most) break;
  }
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
