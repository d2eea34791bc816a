// The system calls of each operation in steady state, one by one: the hot path is what it costs.
#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sess::test {
namespace {

struct Fixture {
  std::shared_ptr<FakeSystem> system = std::make_shared<FakeSystem>();
  Store store = open_store(system, "/srv/store", {.idle_timeout = std::chrono::hours(1), .create = true});
  SessionId id = make_session(store, {{"count", 0}, {"user", "ann"}});

  void update() const {
    REQUIRE(store.update(id, [](Editor& editor) { editor.add("count", 1); }));
  }

  /// The names of the calls that an operation makes.
  std::vector<std::string> calls_of(const std::function<void()>& operation) const {
    system->clear_log();
    operation();
    std::vector<std::string> names;
    for (const LoggedCall& call : system->log()) names.push_back(std::string(to_string(call.call)));
    return names;
  }
};

using Calls = std::vector<std::string>;

TEST_CASE_FIXTURE(Fixture, "an update in steady state makes and removes no file") {
  update();
  update();
  const Calls calls = calls_of([&] { update(); });
  CHECK(calls == Calls{"open", "status", "try_lock", "status_at", "read",           // lock
                       "open", "status", "try_lock", "read", "write", "set_times",  // into the spare
                       "rename",                                                    // the commit
                       "unlock", "close", "unlock", "close"});                      // old and new
  for (const LoggedCall& call : system->log()) CHECK(call.path.find(".temp") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a shorter version costs one call more: the rest is cut off") {
  update();
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("text", std::string(100, 't')); }));
  update();
  const Calls calls = calls_of([&] { REQUIRE(store.update(id, [](Editor& editor) { editor.erase("text"); })); });
  CHECK(std::ranges::count(calls, "truncate") == 1);
  CHECK(calls.size() == 17);
}

TEST_CASE_FIXTURE(Fixture, "a durable update syncs the data before the exchange and the directory after it") {
  update();
  update();
  const Calls calls = calls_of([&] {
    REQUIRE(store.update(id, [](Editor& editor) { editor.add("count", 1); }, {.durability = Durability::durable}));
  });
  const auto at = [&](const char* name) { return std::ranges::find(calls, name) - calls.begin(); };
  CHECK(at("sync_data") < at("rename"));
  CHECK(at("rename") < at("sync"));
  CHECK(std::ranges::count(calls, "sync_data") == 1);
  CHECK(std::ranges::count(calls, "sync") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a removal syncs its directory, on btrfs the whole file system, by as many calls") {
  const auto count = [](const Calls& calls, const char* name) { return std::ranges::count(calls, name); };
  const auto btrfs = std::make_shared<FakeSystem>(system->image(), FakeOptions{.file_system_type = btrfs_type});
  const auto same_disk = std::make_shared<FakeSystem>(system->image());
  std::vector<std::size_t> lengths;
  for (const auto& machine : {same_disk, btrfs}) {
    const int whole = machine == btrfs ? 1 : 0;
    system = machine;
    store = open_store(system, "/srv/store", {.durability = Durability::durable});
    const SessionId other = make_session(store, {{"count", 0}});
    const Calls changed = calls_of([&] { update(); });
    CHECK(count(changed, "sync") == 1);
    CHECK(count(changed, "sync_file_system") == 0);
    const std::vector<Calls> removals = {calls_of([&] { CHECK(store.lock(other)->destroy()); }),
                                         calls_of([&] { CHECK(store.destroy(id)); }),
                                         calls_of([&] { CHECK(store.destroy(id) == Outcome::absent); })};
    // What is superseded must not come back as what it was.
    const SessionId replaced = make_session(store, {{"count", 0}});
    const Calls superseded = calls_of([&] { CHECK(store.lock(replaced)->supersede()); });
    CHECK(count(superseded, "sync") == 1 - whole);
    CHECK(count(superseded, "sync_file_system") == whole);
    for (const Calls& calls : removals) {
      CHECK(count(calls, "sync") == 1 - whole);
      CHECK(count(calls, "sync_file_system") == whole);
      lengths.push_back(calls.size());
    }
  }
  CHECK(std::vector(lengths.begin(), lengths.begin() + 3) == std::vector(lengths.begin() + 3, lengths.end()));
}

TEST_CASE_FIXTURE(Fixture, "early writeback costs one call for each new file at relaxed, and none in steady state") {
  const auto starts_of = [&](const Store& by, const CommitOptions& options) {
    std::vector<std::ptrdiff_t> starts;
    std::optional<SessionKey> key;
    const auto note = [&](const std::function<void()>& operation) {
      starts.push_back(std::ranges::count(calls_of(operation), "start_writeback"));
    };
    note([&] {
      Session session = by.create();
      session.set("count", 0);
      REQUIRE(session.commit(options));
      key = session.key();
    });
    for (int i = 0; i < 3; ++i)
      note([&] {
        REQUIRE(by.update(
            *key, [](Editor& editor) { editor.add("count", 1); }, options));
      });
    return starts;
  };
  using Starts = std::vector<std::ptrdiff_t>;
  const Store early = open_store(system, "/srv/store", {.early_writeback = true});
  CHECK(starts_of(early, {}) == Starts{1, 1, 0, 0});
  CHECK(starts_of(early, {.durability = Durability::durable}) == Starts{0, 0, 0, 0});
  CHECK(starts_of(store, {}) == Starts{0, 0, 0, 0});
}

TEST_CASE_FIXTURE(Fixture, "a merge costs what an update costs") {
  update();
  update();
  const Calls by_update = calls_of([&] { update(); });
  Changes changes = store.snapshot(id)->edit();
  changes.add("count", 1);
  CHECK(calls_of([&] { REQUIRE(store.merge(changes)); }) == by_update);
}

TEST_CASE_FIXTURE(Fixture, "who listens to events costs no call") {
  // Nor without: the other cases of this file have no listener.
  const Store told = open_store(system, "/srv/store", {.on_event = [](const Event&) {}});
  const auto calls_by = [&](const Store& by) {
    const std::optional<SessionId> made = make_session(by, {{"count", 0}});
    return calls_of([&] {
      Session first = by.create();
      first.set("count", 0);
      REQUIRE(first.commit());
      REQUIRE(by.update(*made, [](Editor& editor) { editor.add("count", 1); }));
      CHECK_FALSE(by.parse("none"));
      REQUIRE(by.lock(*made)->regenerate()->destroy());
      REQUIRE(first.destroy());
    });
  };
  CHECK(calls_by(told) == calls_by(store));
  CHECK(calls_of([&] { REQUIRE(told.gc().complete); }) == calls_of([&] { REQUIRE(store.gc().complete); }));
}

TEST_CASE_FIXTURE(Fixture, "a snapshot takes five calls") {
  CHECK(calls_of([&] { REQUIRE(store.snapshot(id)); }) == Calls{"open", "status", "read", "status_at", "close"});
}

TEST_CASE_FIXTURE(Fixture, "a touch that is not due costs a snapshot") {
  CHECK(calls_of([&] { REQUIRE(store.touch(id)); }).size() == 5);
  system->advance(std::chrono::minutes(30));
  const Calls calls = calls_of([&] { REQUIRE(store.touch(id)); });
  CHECK(std::ranges::count(calls, "set_times") == 1);
  CHECK(std::ranges::count(calls, "write") == 0);
}

TEST_CASE_FIXTURE(Fixture, "what changes nothing writes nothing") {
  for (const auto& work : {+[](Editor&) {}, +[](Editor& editor) { editor.set("user", "ann"); }}) {
    const Calls calls = calls_of([&] { REQUIRE(store.update(id, work)); });
    for (const char* call : {"write", "rename", "set_times", "unlink", "truncate"})
      CHECK(std::ranges::count(calls, call) == 0);
  }
}

TEST_CASE_FIXTURE(Fixture, "an ID that was never issued here costs no call") {
  std::string forged = id.reveal();
  forged[30] = forged[30] == 'a' ? 'b' : 'a';
  CHECK(calls_of([&] { CHECK_FALSE(store.parse(forged)); }).empty());
  CHECK(calls_of([&] { CHECK(store.parse(id.reveal())); }).empty());
}

TEST_CASE_FIXTURE(Fixture, "a sweep of a store in which nothing has expired writes only its own file") {
  const Calls calls = calls_of([&] { CHECK(store.gc().complete); });
  CHECK(std::ranges::count(calls, "write") == 1);
  for (const char* call : {"rename", "set_times", "unlink", "truncate", "sync", "sync_data"})
    CHECK(std::ranges::count(calls, call) == 0);
}

}  // namespace
}  // namespace sess::test
