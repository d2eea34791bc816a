// Sessions that go from one store to another.
#include "fake_store.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

Values some_values() {
  return {{"user", "ann"}, {"visits", 3}, {"price", 2.5}, {"cart", Value::Array{Value("tea"), Value()}}};
}

/// A copy of a session of this store under a key that no session has.
SessionCopy elsewhere(const Store& store, const SessionKey& key) {
  SessionCopy copy = copy_of(store, key).value();
  SessionKey::Bytes bytes = copy.key.bytes();
  bytes.back() ^= 0xFF;
  copy.key = SessionKey(bytes);
  return copy;
}

SessionId logged_in(const Store& store) {
  Session session = store.create({.kind = SessionKind::authenticated, .principal = "ann"});
  session.set("user", "ann");
  REQUIRE(session.commit());
  return *session.id();
}

TEST_CASE("a copy that is restored is the same session: key, generation, times and values") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, some_values(), {.idle_timeout = 10min, .lifetime = 2h});
    for (int i = 0; i < 41; ++i) CHECK(store.update(id, [](Editor& editor) { editor.add("visits", 1); }));
    world.advance(5min);
    CHECK(store.touch(id));
    const SessionCopy copy = copy_of(store, id).value();
    CHECK(copy.generation == 42);
    CHECK(copy.idle_timeout == 10min);
    CHECK(copy.absolute_deadline - copy.created == 2h);
    CHECK(copy.deadline >= copy.created + 15min);
    CHECK(store.destroy(id));

    const Restoration into(store);
    CHECK(into.restore(copy) == Restored::made);
    into.finish();
    CHECK(copy_of(store, id).value() == copy);
    CHECK(store.snapshot(id)->get<int>("visits") == 44);
    CHECK(into.restore(copy) == Restored::unchanged);

    // It goes on as any other: renewed, written to, ended.
    CHECK(store.update(id, [](Editor& editor) { editor.add("visits", 1); }));
    CHECK(store.snapshot(id)->facts().generation == 43);
    CHECK(into.restore(copy) == Restored::kept);
    CHECK(store.snapshot(id)->get<int>("visits") == 45);
    CHECK(store.destroy(id));
    CHECK(store.snapshot(id).outcome() == Outcome::absent);
  });
}

TEST_CASE_FIXTURE(FakeStore, "a sealed session is restored as it is, and opens by its ID alone") {
  StoreOptions options;
  options.sealed = true;
  const Store sealing = open_store(system, path, options);
  const SessionId id = make_session(sealing, some_values());
  const SessionCopy copy = copy_of(store, id).value();
  CHECK(copy.values.empty());
  REQUIRE(copy.sealed);
  CHECK(store.destroy(id));
  CHECK(Restoration(store).restore(copy) == Restored::made);
  CHECK(store.snapshot(id)->values() == some_values());
  CHECK_THROWS_AS(static_cast<void>(store.snapshot(id.key())), SealedRecord);
  CHECK(copy_of(store, id).value() == copy);
}

TEST_CASE_FIXTURE(FakeStore, "a restored session of a principal is listed once, and ends with all others") {
  const SessionId id = logged_in(store);
  const SessionCopy copy = copy_of(store, id).value();
  CHECK(copy.principal);
  CHECK(store.destroy_principal("ann").ok());
  const Restoration into(store);
  CHECK(into.restore(copy) == Restored::made);
  CHECK(into.restore(copy) == Restored::unchanged);
  REQUIRE(store.sessions_of("ann")->size() == 1);
  // As after a kill between the entry and the session.
  CHECK(system->unlink(sys::working_directory, record(id.key()).c_str()) == 0);
  CHECK(into.restore(copy) == Restored::made);
  REQUIRE(store.sessions_of("ann")->size() == 1);
  CHECK(store.sessions_of("ann")->front().key == id.key());
  CHECK(store.destroy_principal("ann").ok());
  CHECK(store.snapshot(id).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(FakeStore, "what is under the key already stays, whatever it is") {
  const SessionId id = make_session(store, some_values());
  SessionCopy copy = copy_of(store, id).value();
  const Restoration into(store);
  SUBCASE("an older version") {
    CHECK(store.update(id, [](Editor& editor) { editor.set("visits", 9); }));
  }
  SUBCASE("a newer one, which the copy may have lost") { copy.generation = 7; }
  SUBCASE("other values") { copy.values["user"] = "eve"; }
  SUBCASE("a session that was regenerated") { CHECK(store.lock(id)->regenerate()); }
  SUBCASE("one that has expired and not been swept") {
    system->advance(2h);
    copy.created += 2h;
    copy.deadline += 3h;
    copy.absolute_deadline += 3h;
  }
  const auto before = system->content(record(id.key()));
  CHECK(into.restore(copy) == Restored::kept);
  CHECK(system->content(record(id.key())) == before);
}

TEST_CASE_FIXTURE(FakeStore, "a copy that has expired is not restored") {
  const SessionId id = make_session(store, some_values(), {.idle_timeout = 1min});
  const SessionCopy copy = copy_of(store, id).value();
  CHECK(store.destroy(id));
  system->advance(2min);
  CHECK(Restoration(store).restore(copy) == Restored::expired);
  CHECK(store.snapshot(id).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(FakeStore,
                  "a restored generation left no room for the next, so that the session's first commit was damage") {
  const SessionId id = make_session(store, some_values());
  SessionCopy copy = copy_of(store, id).value();
  REQUIRE(store.destroy(id));
  copy.generation = (std::uint64_t{1} << 48) + 1;
  CHECK_THROWS_AS(Restoration(store).restore(copy), UsageError);
  copy.generation = std::uint64_t{1} << 48;
  CHECK(Restoration(store).restore(copy) == Restored::made);
  CHECK(store.update(id, [](Editor& editor) { editor.add("visits", 1); }));
  CHECK(store.snapshot(id)->facts().generation == copy.generation + 1);
}

TEST_CASE("restored sessions were listed as they came, so that a limit ended the youngest of them") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open({.sessions_per_principal = 3});
    std::vector<SessionId> ids;
    std::vector<SessionCopy> copies;
    for (int i = 0; i < 3; ++i) {
      ids.push_back(logged_in(store));
      copies.push_back(copy_of(store, ids.back()).value());
      world.advance(1min);
    }
    for (const SessionId& id : ids) CHECK(store.destroy(id));
    for (const std::size_t i : {1U, 2U, 0U}) CHECK(Restoration(store).restore(copies[i]) == Restored::made);
    const SessionId next = logged_in(store);
    CHECK(store.snapshot(ids[0]).outcome() == Outcome::absent);
    CHECK(store.snapshot(ids[1]));
    CHECK(store.snapshot(ids[2]));
    CHECK(store.snapshot(next));
  });
}

TEST_CASE_FIXTURE(FakeStore, "a copy that is of no session is refused, and nothing is made") {
  const SessionId id = logged_in(store);
  const SessionCopy good = elsewhere(store, id);
  const auto refused = [&](auto&& change) {
    SessionCopy copy = good;
    change(copy);
    CHECK_THROWS_AS(Restoration(store).restore(copy), UsageError);
  };
  refused([](SessionCopy& copy) { copy.key = SessionKey(); });
  refused([](SessionCopy& copy) { copy.generation = 0; });
  refused([](SessionCopy& copy) { copy.generation = std::numeric_limits<std::uint64_t>::max(); });
  refused([](SessionCopy& copy) { copy.idle_timeout = 0ms; });
  refused([](SessionCopy& copy) { copy.absolute_deadline = copy.deadline - 1ms; });
  refused([](SessionCopy& copy) { copy.created = copy.deadline + 1ms; });
  refused([](SessionCopy& copy) { copy.kind = SessionKind::anonymous; });
  refused([](SessionCopy& copy) { copy.principal = SessionKey(); });
  refused([](SessionCopy& copy) { copy.sealed = Value::Bytes(100); });
  refused([](SessionCopy& copy) { std::exchange(copy.values, {}), copy.sealed = Value::Bytes(39); });
  refused([](SessionCopy& copy) {
    Value nested;
    for (int i = 0; i < 70; ++i) nested = Value::Array{nested};
    copy.values["deep"] = nested;
  });
  CHECK(files_in("shards").size() == 1);
  CHECK(Restoration(store).restore(good) == Restored::made);
}

TEST_CASE_FIXTURE(FakeStore, "a copy is made of what is live, and making it changes nothing on disk") {
  const SessionId id = make_session(store, some_values());
  system->advance(20min);  // a renewal would be due
  const auto before = system->names_below(path);
  system->clear_log();
  CHECK(copy_of(store, id));
  CHECK(system->names_below(path) == before);
  CHECK(store.snapshot(id)->facts().deadline == copy_of(store, id)->deadline);
  CHECK(copy_of(store, id)->deadline - copy_of(store, id)->created == 24min);

  const Result<Session> next = store.lock(id)->regenerate();
  CHECK(copy_of(store, id).outcome() == Outcome::superseded);
  CHECK_FALSE(copy_of(store, id));
  CHECK(copy_of(store, elsewhere(store, next->key()).key).outcome() == Outcome::absent);
  system->advance(30min);
  CHECK(copy_of(store, next->key()).outcome() == Outcome::expired);

  const SessionId damaged = make_session(store, some_values());
  system->set_content(record(damaged.key()), {});
  CHECK_THROWS_AS(static_cast<void>(copy_of(store, damaged)), CorruptRecord);
  CHECK(system->content(record(damaged.key())).empty());
}

TEST_CASE_FIXTURE(FakeStore, "what a power cut has left of a restoration is made again") {
  const SessionId id = make_session(store, some_values());
  const SessionCopy copy = copy_of(store, id).value();
  system->set_content(record(id.key()), {});  // a name without a version
  CHECK(Restoration(store).restore(copy) == Restored::made);
  CHECK(store.snapshot(id)->values() == some_values());
}

TEST_CASE_FIXTURE(FakeStore, "a full disk ends a restoration with an error, and nothing is half made") {
  const SessionId id = logged_in(store);
  const SessionCopy copy = elsewhere(store, id);
  const auto full = system->names_below(path);
  for (const char* where : {"shards/", "principals/"}) {
    CAPTURE(where);
    system->fail({.call = Call::write, .nth = 1, .error = ENOSPC, .repeat = Repeat::for_good, .path = where});
    CHECK_THROWS_AS(Restoration(store).restore(copy), IoError);
    CHECK(store.snapshot(copy.key).outcome() == Outcome::absent);
    system->clear_faults();
  }
  CHECK(Restoration(store).restore(copy) == Restored::made);
}

TEST_CASE_FIXTURE(FakeStore, "a restoration whose sync fails says so") {
  const SessionId id = make_session(store, some_values());
  const Restoration into(store);
  CHECK(into.restore(elsewhere(store, id)) == Restored::made);
  system->fail(Call::sync_file_system, 1, EIO);
  CHECK_THROWS_AS(into.finish(), IoError);
  into.finish();
}

TEST_CASE("the marks of a keyring are those of its secrets: a rotation adds one") {
  const FakeStore one;
  const std::vector<std::string> before = keyring_marks(one.store);
  REQUIRE(before.size() == 2);
  for (const std::string& mark : before) CHECK(mark.size() == 16);
  one.system->advance(1min);
  static_cast<void>(one.store.rotate_keys());
  const std::vector<std::string> after = keyring_marks(one.store);
  REQUIRE(after.size() == 3);
  CHECK(std::equal(before.begin(), before.end(), after.begin()));
  CHECK(keyring_marks(open_store(one.system, FakeStore::path, {})) == after);
}

TEST_CASE("sessions are listed in the order of their keys") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    std::set<std::string> keys;
    for (int i = 0; i < 600; ++i) keys.insert(make_session(store, {}).key().to_string());
    std::string before;
    std::size_t seen = 0;
    store.list([&](const SessionEntry& entry) {
      CHECK(before < entry.key.to_string());
      before = entry.key.to_string();
      return ++seen > 0;
    });
    CHECK(seen == keys.size());
  });
}

}  // namespace
}  // namespace sess::test
