// Promises about a power cut that were broken, each by what went wrong: every disk that the cut may leave (within a
// bound: support/power_cut.hpp says which) is started from again.
#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/forwarding_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace sess::test {
namespace {

constexpr const char* path = "/srv/store";
const CommitOptions at_durable{.durability = Durability::durable};

/// What the disks hold.
struct Disks {
  std::uint64_t count = 0;
  std::uint64_t gone = 0;             // of them, without the session
  std::set<std::int64_t> found = {};  // values of "n" in the others
  bool all_hold(std::int64_t n) const { return gone == 0 && found == std::set{n}; }
  void add(const Disks& others) {
    count += others.count;
    gone += others.gone;
    found.insert(others.found.begin(), others.found.end());
  }
};

Disks after_power_cut(const FakeSystem& system, const SessionKey& key, std::uint64_t limit = 2000) {
  Disks disks;
  system.power_cut_states({.limit = limit, .seed = 3}, [&](const DiskImage& image) {
    ++disks.count;
    const Store store = open_store(std::make_shared<FakeSystem>(image), path, {});
    if (const auto snapshot = store.snapshot(key)) {
      disks.found.insert(snapshot->get<std::int64_t>("n").value_or(-1));
    } else {
      ++disks.gone;
    }
  });
  return disks;
}

/// A session with n = 2 on the disk, and n = 1 in its spare.
struct Machine {
  explicit Machine(CommitMethod method = CommitMethod::automatic, std::size_t text_size = 0)
      : store(open_store(system, path, {.create = true, .commit_method = method})) {
    id = make_session(store, {{"n", 1}, {"text", std::string(text_size, 'x')}});
    REQUIRE(store.update(*id, [](Editor& editor) { editor.set("n", 2); }));
    system->settle();
  }
  SessionKey key() const { return id->key(); }
  std::string record() const { return std::string(path) + "/shards/" + record_file(key()); }
  Disks cut(std::uint64_t limit = 2000) const { return after_power_cut(*system, key(), limit); }

  std::shared_ptr<FakeSystem> system = std::make_shared<FakeSystem>();
  Store store;
  std::optional<SessionId> id;
};

void for_each_method(const std::function<void(CommitMethod)>& test) {
  SUBCASE("exchange") { test(CommitMethod::automatic); }
  SUBCASE("rename only") { test(CommitMethod::rename_only); }
}

void set_to_three(Editor& editor) { editor.set("n", 3); }

TEST_CASE("a durable commit that followed durability_unknown answered ok although nothing was on disk") {
  for_each_method([](CommitMethod method) {
    const Machine machine(method);
    Session session = machine.store.lock(machine.key()).value();
    session.set("n", 3);
    machine.system->fail(Call::sync, 1, EIO);
    REQUIRE(session.commit(at_durable) == Outcome::durability_unknown);
    SUBCASE("the same session") { REQUIRE(session.commit(at_durable).ok()); }
    SUBCASE("another handle") {
      session.release();
      REQUIRE(machine.store.update(machine.key(), set_to_three, at_durable).ok());
    }
    CHECK(machine.cut().all_hold(3));
  });
}

TEST_CASE("a durable commit without changes answered ok although the version before it was relaxed") {
  for_each_method([](CommitMethod method) {
    const Machine machine(method);
    Session session = machine.store.lock(machine.key()).value();
    session.set("n", 3);
    REQUIRE(session.commit({.durability = Durability::relaxed}));
    REQUIRE_FALSE(machine.cut().all_hold(3));
    const auto released = [&]() -> const Store& {
      session.release();
      return machine.store;
    };
    SUBCASE("a commit of nothing") { REQUIRE(session.commit(at_durable)); }
    SUBCASE("a commit of the same value") {
      session.set("n", 3);
      REQUIRE(session.commit(at_durable));
    }
    SUBCASE("a commit that does not renew") {
      REQUIRE(session.commit({.durability = Durability::durable, .renew = false}));
    }
    SUBCASE("an update") { REQUIRE(released().update(machine.key(), set_to_three, at_durable)); }
    SUBCASE("an update of nothing") {
      REQUIRE(released().update(
          machine.key(), [](Editor&) {}, at_durable));
    }
    SUBCASE("a merge of nothing") {
      REQUIRE(machine.store.merge(released().snapshot(machine.key())->edit(), at_durable));
    }
    SUBCASE("a merge of the same value") {
      Changes changes = released().snapshot(machine.key())->edit();
      changes.set("n", 3);
      REQUIRE(machine.store.merge(changes, at_durable));
    }
    CHECK(machine.cut().all_hold(3));
  });
}

TEST_CASE("a durable commit of a new session's values answered ok although its creation was relaxed") {
  for_each_method([](CommitMethod method) {
    const auto system = std::make_shared<FakeSystem>();
    const Store store = open_store(system, path, {.create = true, .commit_method = method});
    system->settle();
    Session session = store.create();
    session.set("n", 1);
    REQUIRE(session.commit({.durability = Durability::relaxed}));
    REQUIRE(session.commit(at_durable));
    CHECK(after_power_cut(*system, session.key()).all_hold(1));
  });
}

TEST_CASE("a destroy answered absent although the one before it had not reached the disk") {
  const Machine machine;
  machine.system->fail(Call::sync, 1, EIO);
  REQUIRE(machine.store.destroy(machine.key()) == Outcome::durability_unknown);
  REQUIRE(machine.cut().gone < machine.cut().count);
  SUBCASE("and could be synced now") {
    CHECK(machine.store.destroy(machine.key()) == Outcome::absent);
    const Disks disks = machine.cut();
    CHECK(disks.gone == disks.count);
  }
  SUBCASE("and cannot be synced now either") {
    machine.system->fail(Call::sync, 1, EIO, Repeat::for_good);
    try {
      CHECK(machine.store.destroy(machine.key()) != Outcome::absent);
    } catch (const IoError& error) {
      CHECK(error.error_number() == EIO);
    }
  }
}

TEST_CASE("a durable commit that failed after its sync came back after a power cut") {
  // The spare that it wrote is on disk, and the current version is not: recovery takes the spare.
  const Machine machine(CommitMethod::automatic, 2000);
  REQUIRE(machine.store.update(machine.key(), [](Editor& editor) {
    editor.set("n", 3);
    editor.set("text", std::string(1000, 'y'));
  }));
  SUBCASE("at its times") { machine.system->fail(Call::set_times, 1, EIO); }
  SUBCASE("at its exchange") { machine.system->fail(Call::rename, 1, EIO); }
  const auto commit = [&] {
    return machine.store.update(
        machine.key(), [](Editor& e) { e.set("n", 99); }, at_durable);
  };
  REQUIRE_THROWS_AS(static_cast<void>(commit()), IoError);
  machine.system->clear_faults();
  CHECK(machine.store.snapshot(machine.key())->get<int>("n") == 3);
  CHECK_FALSE(machine.cut(3000).found.contains(99));
}

/// A machine whose record (n = 2) has lost a sector or two; its spare is good (n = 1).
struct DamagedMachine : Machine {
  DamagedMachine() : Machine(CommitMethod::automatic, 2000) {
    std::vector<std::byte> content = system->content(record());
    for (std::size_t i = 200; i < 900; ++i) content.at(i) ^= std::byte{1};
    system->set_content(record(), content);
  }
};

/// Dies after so many calls that change something; its locks and descriptors go with it.
class DyingSystem final : public ForwardingSystem {
 public:
  DyingSystem(const std::shared_ptr<FakeSystem>& inner, std::uint64_t changes)
      : ForwardingSystem(inner), changes_(changes) {}
  std::int64_t write(int file, std::span<const std::byte> data, std::uint64_t offset) override {
    return lives() ? ForwardingSystem::write(file, data, offset) : -EIO;
  }
  int truncate(int file, std::uint64_t size) override {
    return lives() ? ForwardingSystem::truncate(file, size) : -EIO;
  }
  int sync_data(int file) override { return lives() ? ForwardingSystem::sync_data(file) : -EIO; }
  int set_times(int file, sys::FileTime time) override {
    return lives() ? ForwardingSystem::set_times(file, time) : -EIO;
  }
  int unlink(int directory, const char* name) override {
    return lives() ? ForwardingSystem::unlink(directory, name) : -EIO;
  }
  bool is_dead() const { return is_dead_; }

 private:
  bool lives() {
    is_dead_ = is_dead_ || changes_ == 0;
    if (!is_dead_) --changes_;
    return !is_dead_;
  }
  std::uint64_t changes_;
  bool is_dead_ = false;
};

/// Locks the session, so that its record is restored.
using Restore = std::function<void(const DamagedMachine&)>;

/// A durable commit of n = 3 after an interrupted restore, with a power cut before each of its calls and at its end.
Disks commit_with_cuts(const Restore& restore, std::uint64_t limit) {
  Disks disks;
  for (std::uint64_t call = 1;; ++call) {
    const DamagedMachine machine;
    restore(machine);
    machine.system->fail_any(call, EIO, Repeat::for_good);
    const std::uint64_t before = machine.system->calls();
    bool acknowledged = false;
    try {
      acknowledged = machine.store
                         .update(
                             machine.key(),
                             [](Editor& editor) {
                               editor.set("n", 3);
                               editor.set("text", std::string(1500, 'z'));
                             },
                             at_durable)
                         .ok();
    } catch (const IoError&) {
    }
    const bool ran_to_the_end = machine.system->calls() - before < call;
    const Disks now = machine.cut(limit);
    if (acknowledged) CHECK(now.all_hold(3));
    disks.add(now);
    if (!ran_to_the_end) continue;
    CHECK(acknowledged);
    CHECK(call > 10);
    return disks;
  }
}

TEST_CASE("a restore whose sync had failed was trusted by the next commit, and a power cut took both versions") {
  const auto restore = [](const DamagedMachine& machine) {
    machine.system->fail(Call::sync_data, 1, EIO);
    CHECK_THROWS_AS(static_cast<void>(machine.store.lock(machine.key())), IoError);
    machine.system->clear_faults();
  };
  const Disks disks = commit_with_cuts(restore, 500);
  MESSAGE(disks.count, " disks, ", disks.gone, " gone");
  CHECK(disks.gone == 0);
  CHECK(disks.found == std::set<std::int64_t>{1, 3});
}

TEST_CASE(
    "a restore that was killed before its sync was trusted by the next commit, and a power cut took both versions") {
  Disks disks;
  bool was_killed = true;
  std::uint64_t changes = 0;
  for (; was_killed; ++changes) {
    const auto restore = [&](const DamagedMachine& machine) {
      const auto dying = std::make_shared<DyingSystem>(machine.system, changes);
      const Store store = open_store(dying, path, {});
      try {
        static_cast<void>(store.lock(machine.key()));
      } catch (const IoError&) {
      }
      was_killed = dying->is_dead();
    };
    disks.add(commit_with_cuts(restore, 200));
  }
  MESSAGE(changes, " ends of a restore, ", disks.count, " disks, ", disks.gone, " gone");
  CHECK(changes > 4);  // write, truncate, sync, times
  CHECK(disks.gone == 0);
  CHECK(disks.found == std::set<std::int64_t>{1, 3});
}

}  // namespace
}  // namespace sess::test
