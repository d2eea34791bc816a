// Power cuts in what is done around sessions: sweeps, the making of a store, the rotation of its keys.
#include "cutting.hpp"

#include "store/core.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

void sweep(Machine& machine) {
  if (!machine.store->gc().status.ok()) throw Stopped{};
}

/// Of two settled sessions one expires. The other one is changed once more.
void expire_and_sweep(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, 200);
  machine.settle();
  Session other = machine.store->create({.idle_timeout = 1min});
  other.set("n", 1);
  if (!other.commit().ok()) throw Stopped{};
  machine.also = [key = other.key()](FakeSystem&, Store& store) { return !store.snapshot(key); };
  // As if it had been settled; what it holds is of no interest.
  machine.system->settle();
  machine.system->advance(2min);
  machine.commit(session, 300);
  session.release();
  sweep(machine);
}

/// The spares of sessions that nobody has used for long go: the first has been changed once since it was on the disk,
/// and of the kernel nothing is assumed.
void drop_spares(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, {200, 300});
  machine.settle();
  machine.commit(session, 250);
  session.release();
  machine.system->advance(2h);
  sweep(machine);
}

void rotate_keys(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, 100);
  machine.settle();
  session.release();
  unsigned answered = 0;
  const auto holds = [&machine, id = machine.id->reveal()](unsigned number) {
    return [&machine, id, number](FakeSystem& system, Store& store) {
      system.advance(1min);  // no two rotations within seconds
      const auto parsed = store.parse(id);
      return parsed && parsed->key() == *machine.key && store.rotate_keys().number > number;
    };
  };
  machine.also = holds(answered);
  machine.system->advance(1min);
  answered = machine.store->rotate_keys().number;
  machine.also = holds(answered);
}

void init(Machine& machine) { machine.store = open_store(machine.system, store_path, {.create = true}); }

void judge_store(const DiskImage& image, const Machine& machine, Counts& counts) {
  try {
    const auto system = std::make_shared<FakeSystem>(image);
    // What was answered is there; what was not can be made.
    const Store store = open_store(system, store_path, {.create = !machine.store});
    Session session = store.create();
    session.set("n", 1);
    if (!session.commit({.durability = Durability::durable}) || !store.snapshot(session.key())) ++counts.wrong;
  } catch (const Error& error) {
    MESSAGE(image.description, ": ", error.what());
    ++counts.wrong;
  }
}

TEST_CASE("a power cut in a sweep leaves what lives, and nothing of what has expired") {
  check_everywhere({.name = "sweep of an expired session", .program = expire_and_sweep}, 240);
}

TEST_CASE("a power cut in a sweep that drops spares leaves the session as it was or before its last change") {
  check_everywhere(
      {.name = "sweep of spares", .program = drop_spares, .options = {.idle_timeout = 10h, .lifetime = 100h}}, 400);
}

TEST_CASE("a power cut in a rotation of the keys leaves the old keyring or the new one, and logs nobody out") {
  check_everywhere({.name = "rotation of the keys", .program = rotate_keys}, 28);
}

TEST_CASE("a power cut while a store is made leaves a store, or what one can be made of") {
  check_everywhere(
      {.name = "init", .program = init, .judge = judge_store, .makes_store = false, .stride = 29, .disks = 40}, 300);
}

}  // namespace
}  // namespace sess::test
