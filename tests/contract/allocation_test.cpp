// Memory that runs out: each allocation of an operation fails once. The operators new of this test program are replaced
// for it (support/failing_memory.hpp).
#include "store/core.hpp"
#include "support/failing_memory.hpp"
#include "support/fake_system.hpp"
#include "support/forwarding_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sess::test {
namespace {

using std::chrono::hours;

constexpr const char* path = "/srv/store";

// The fake system's allocations are not the library's either.
template <class Call>
auto spared(Call&& call) {
  const Suspended suspended;
  return call();
}

/// A system whose own allocations do not fail, but for the one that the real one makes when it announces a lock.
class SparedSystem final : public ForwardingSystem {
 public:
  using ForwardingSystem::ForwardingSystem;
  using Base = ForwardingSystem;

  int open(int at, const char* name, sys::OpenMode mode) override {
    return spared([&] { return Base::open(at, name, mode); });
  }
  int close(int file) override {
    return spared([&] { return Base::close(file); });
  }
  int try_lock(int file) override {
    return spared([&] { return Base::try_lock(file); });
  }
  int unlock(int file) override {
    return spared([&] { return Base::unlock(file); });
  }
  int status(int file, sys::FileStatus& status) override {
    return spared([&] { return Base::status(file, status); });
  }
  int status_at(int at, const char* name, sys::FileStatus& status) override {
    return spared([&] { return Base::status_at(at, name, status); });
  }
  std::int64_t read(int file, std::span<std::byte> buffer, std::uint64_t offset) override {
    return spared([&] { return Base::read(file, buffer, offset); });
  }
  std::int64_t write(int file, std::span<const std::byte> data, std::uint64_t offset) override {
    return spared([&] { return Base::write(file, data, offset); });
  }
  int truncate(int file, std::uint64_t size) override {
    return spared([&] { return Base::truncate(file, size); });
  }
  int sync_data(int file) override {
    return spared([&] { return Base::sync_data(file); });
  }
  int start_writeback(int file) override {
    return spared([&] { return Base::start_writeback(file); });
  }
  int sync(int file) override {
    return spared([&] { return Base::sync(file); });
  }
  int sync_file_system(int file) override {
    return spared([&] { return Base::sync_file_system(file); });
  }
  int set_times(int file, sys::FileTime time) override {
    return spared([&] { return Base::set_times(file, time); });
  }
  int rename(int at, const char* from, int to_at, const char* to, sys::RenameMode mode) override {
    return spared([&] { return Base::rename(at, from, to_at, to, mode); });
  }
  int link(int at, const char* from, int to_at, const char* to) override {
    return spared([&] { return Base::link(at, from, to_at, to); });
  }
  int unlink(int at, const char* name) override {
    return spared([&] { return Base::unlink(at, name); });
  }
  int random(std::span<std::byte> buffer) override {
    return spared([&] { return Base::random(buffer); });
  }
  bool announce_lock(int file, sys::FileIdentity identity, std::uint64_t forks) override {
    if (allocation_fails()) throw std::bad_alloc();
    return spared([&] { return Base::announce_lock(file, identity, forks); });
  }
  bool withdraw_lock(int file) override {
    return spared([&] { return Base::withdraw_lock(file); });
  }
  bool locked_by_this_thread(sys::FileIdentity identity, int other_than) override {
    return spared([&] { return Base::locked_by_this_thread(identity, other_than); });
  }
};

/// What a look without a lock finds.
struct Sight {
  std::optional<std::int64_t> n = {};  // empty: the session is not there
  std::uint64_t generation = 0;
  std::chrono::system_clock::time_point deadline = {};
  bool made = false;  // the session that the operation has made is there
  friend bool operator==(const Sight&, const Sight&) = default;
};

/// A session with n = 2, and n = 1 in its spare.
struct Machine {
  explicit Machine(CommitMethod method, bool is_damaged) : damaged(is_damaged) {
    const StoreOptions options{
        .idle_timeout = hours(48), .lifetime = hours(1000), .create = true, .commit_method = method};
    plain = open_store(fake, path, options);
    store = open_store(std::make_shared<SparedSystem>(fake), path, options);
    key = make_session(*plain, {{"n", 1}, {"text", std::string(100, 'x')}});
    REQUIRE(plain->update(key, [](Editor& editor) { editor.set("n", 2); }));
    if (damaged) fake->set_content(std::string(path) + "/shards/" + record_file(key), {});
    descriptors = fake->leaks().descriptors.size();
  }

  Sight look() const {
    Sight sight;
    if (const auto snapshot = plain->snapshot(key)) {
      sight.n = snapshot->get<std::int64_t>("n");
      sight.generation = snapshot->facts().generation;
      sight.deadline = snapshot->facts().deadline;
    }
    sight.made = made && plain->snapshot(*made);
    return sight;
  }

  void check_nothing_is_left() {
    session.reset();
    const auto leaks = fake->leaks();
    CHECK(leaks.descriptors.size() == descriptors);
    CHECK(leaks.locks.empty());
    CHECK(leaks.announced == 0);

    fake->advance(hours(1));
    const GcReport swept = plain->gc();
    CHECK(swept.complete);
    CHECK(swept.errors == 0);
    std::vector<std::string> strays = fake->names_below(std::string(path) + "/shards");
    std::erase_if(strays, [](const std::string& name) { return name.ends_with('/'); });
    for (const auto& owner : {std::optional(key), made})
      if (owner && plain->snapshot(*owner))
        std::erase_if(
            strays, [&](const std::string& name) { return name == record_file(*owner) || name == spare_file(*owner); });
    CHECK(strays == std::vector<std::string>{});
  }

  std::shared_ptr<FakeSystem> fake = std::make_shared<FakeSystem>();
  std::optional<Store> plain;  // for the checks
  std::optional<Store> store;  // of the operation
  SessionKey key;
  std::optional<SessionKey> made;
  std::optional<Session> session;
  std::size_t descriptors = 0;  // that the two handles keep open
  bool damaged;
};

struct Operation {
  std::string name;
  /// False if it has answered that it did nothing.
  std::function<bool(Machine&)> run;
  /// What is to be seen when it has not thrown.
  std::function<bool(const Sight& before, const Sight& after)> done;
  std::function<void(Machine&)> prepare = [](Machine&) {};
  bool damaged = false;  // the record does not verify, and its spare does
};

bool has_two(const Sight&, const Sight& after) { return after.n == 2; }
bool has_three(const Sight&, const Sight& after) { return after.n == 3; }
bool has_one(const Sight&, const Sight& after) { return after.n == 1; }
bool is_gone(const Sight&, const Sight& after) { return !after.n; }
bool is_made(const Sight&, const Sight& after) { return after.made; }

std::function<bool(Machine&)> update(const CommitOptions& options) {
  return [options](Machine& machine) {
    return machine.store
        ->update(
            machine.key, [](Editor& editor) { editor.set("n", 3); }, options)
        .took_effect();
  };
}

std::function<bool(Machine&)> create(const CommitOptions& options) {
  return [options](Machine& machine) {
    Session session = machine.store->create();
    machine.made = session.key();
    session.set("n", 7);
    return session.commit(options).took_effect();
  };
}

std::function<bool(Machine&)> merge(const CommitOptions& options) {
  return [options](Machine& machine) {
    Changes changes = machine.store->snapshot(machine.key)->edit();
    changes.add("n", 1);
    return machine.store->merge(changes, options).took_effect();
  };
}

std::function<bool(Machine&)> commit(const CommitOptions& options) {
  return [options](Machine& machine) { return machine.session->commit(options).took_effect(); };
}

bool lock(Machine& machine) { return machine.store->lock(machine.key).has_value(); }
bool snapshot(Machine& machine) { return machine.store->snapshot(machine.key).has_value(); }
bool destroy(Machine& machine) { return machine.store->destroy(machine.key).took_effect(); }
bool destroy_locked(Machine& machine) { return machine.session->destroy().took_effect(); }
bool touch(Machine& machine) { return machine.store->touch(machine.key).ok(); }

void change_locked(Machine& machine) {
  machine.session = machine.store->lock(machine.key).value();
  machine.session->set("n", 3);
}

std::vector<Operation> operations() {
  const CommitOptions relaxed;
  const CommitOptions durable{.durability = Durability::durable};
  const CommitOptions scrub{.scrub = true};
  return {{"update", update(relaxed), has_three},
          {"update, durable", update(durable), has_three},
          {"update, scrub", update(scrub), has_three},
          {"update of a damaged record", update(relaxed), has_three, {}, true},
          {"merge", merge(relaxed), has_three},
          {"merge, durable", merge(durable), has_three},
          {"commit", commit(relaxed), has_three, change_locked},
          {"commit, durable", commit(durable), has_three, change_locked},
          {"create", create(relaxed), is_made},
          {"create, durable", create(durable), is_made},
          {"destroy", destroy, is_gone},
          {"destroy of a damaged record", destroy, is_gone, {}, true},
          {"destroy of a locked session", destroy_locked, is_gone, change_locked},
          {"touch", touch, [](const Sight& before, const Sight& after) { return after.deadline > before.deadline; },
           [](Machine& machine) { machine.fake->advance(hours(20)); }},
          {"snapshot", snapshot, has_two},
          {"snapshot of a damaged record", snapshot, has_one, {}, true},
          {"lock", lock, has_two},
          {"lock of a damaged record", lock, has_one, {}, true}};
}

/// Fails this allocation of an operation. False if it makes fewer.
bool fail_allocation(const Operation& operation, CommitMethod method, std::uint64_t number) {
  Machine machine(method, operation.damaged);
  if (operation.prepare) operation.prepare(machine);
  const Sight before = machine.damaged ? Sight{.n = 1} : machine.look();
  // No assertion in here: it would allocate.
  bool threw = false;
  bool answered = false;
  std::optional<Error> wrong;
  const bool failed = run_without(number, [&] {
    try {
      answered = operation.run(machine);
    } catch (const std::bad_alloc&) {
      threw = true;
    } catch (const Error& error) {
      wrong = error;
    }
  });
  CAPTURE(operation.name);
  CAPTURE(number);
  if (wrong) FAIL_CHECK(wrong->what());
  const Sight after = machine.look();
  if (threw && machine.damaged) {
    CHECK(after.n == 1);
  } else if (threw) {
    CHECK(after == before);
  } else {
    CHECK(answered);
    CHECK(operation.done(before, after));
  }
  if (threw && machine.session) {
    // The changes are still there.
    CHECK(operation.run(machine));
    CHECK(operation.done(before, machine.look()));
  }
  machine.check_nothing_is_left();
  if (after.n && machine.plain->snapshot(machine.key))
    CHECK(machine.plain->update(machine.key, [](Editor& editor) { editor.add("n", 1); }));
  return failed;
}

TEST_CASE("an allocation that failed left half an operation, a lock or a file behind") {
  std::uint64_t points = 0;
  for (const Operation& operation : operations()) {
    for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
      if (operation.damaged && method == CommitMethod::rename_only) continue;  // there is no spare
      std::uint64_t number = 0;
      while (fail_allocation(operation, method, number)) ++number;
      CHECK(number > 0);
      points += number;
    }
  }
  MESSAGE(points, " allocations failed");
  CHECK(points > 500);
}

}  // namespace
}  // namespace sess::test
