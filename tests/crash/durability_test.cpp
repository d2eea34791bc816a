// Power cuts: the commit's calls are stopped one after the other, and from each point every disk that the cut may leave
// (within a bound: support/power_cut.hpp says which) is started from again.
#include "store/core.hpp"
#include "support/broken_system.hpp"
#include "support/fake_system.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

constexpr const char* path = "/srv/store";

/// What is known of a session at the moment of the cut.
struct History {
  std::map<std::int64_t, std::size_t> versions;  // value of "n" -> size of "text", of each that was tried
  std::int64_t acknowledged = 0;                 // the newest that was answered with ok; 0: none
  bool destroy_acknowledged = false;
  bool destroy_tried = false;
};

struct Counts {
  std::uint64_t cuts = 0;    // points between two calls
  std::uint64_t images = 0;  // disks started from
  std::uint64_t old = 0;     // of them, with an earlier version than the acknowledged one
  std::uint64_t gone = 0;    // of them, without the session though it was acknowledged
  std::uint64_t wrong = 0;   // of them, with anything else: torn, mixed, never written, unreadable
  std::uint64_t back = 0;    // of them, with a session whose end was acknowledged
};

/// A program that runs until the machine stops: it writes down what it was answered.
struct Machine {
  Store store;
  FakeSystem& system;
  std::optional<SessionKey> key = {};
  History history = {};
};
using Program = std::function<void(Machine&)>;

void write(Editor& editor, History& history, std::int64_t number, std::size_t size) {
  history.versions[number] = size;
  editor.set("n", number);
  editor.set("text", std::string(size, static_cast<char>('a' + number % 26)));
}

void judge(const DiskImage& image, const std::optional<SessionKey>& key, const History& history, Counts& counts) {
  ++counts.images;
  if (!key) return;
  try {
    const auto system = std::make_shared<FakeSystem>(image);
    const Store store = open_store(system, path, {});
    const auto snapshot = store.snapshot(*key);
    if (!snapshot) {
      if (history.acknowledged > 0 && !history.destroy_tried) ++counts.gone;
      return;
    }
    if (history.destroy_acknowledged) ++counts.back;
    const auto number = snapshot->get<std::int64_t>("n").value_or(0);
    const auto version = history.versions.find(number);
    const auto text = snapshot->get<std::string>("text").value_or("");
    if (version == history.versions.end() || text != std::string(version->second, static_cast<char>('a' + number % 26)))
      ++counts.wrong;
    if (number < history.acknowledged) ++counts.old;
    // What came back can be worked with, and ends like any other.
    const auto generation = snapshot->facts().generation;
    if (!store.update(*key, [](Editor& editor) { editor.add("after", 1); }) ||
        store.snapshot(*key)->facts().generation <= generation)
      ++counts.wrong;
    if (!store.destroy(*key) || store.snapshot(*key)) ++counts.wrong;
  } catch (const Error& error) {
    MESSAGE(image.description, ": ", error.what());
    ++counts.wrong;
  }
}

Counts cut_everywhere(const Program& program, const StoreOptions& options, Breakage breakage = Breakage::none) {
  Counts counts;
  for (std::uint64_t call = 1;; ++call) {
    const auto fake = std::make_shared<FakeSystem>();
    StoreOptions creating = options;
    creating.create = true;
    Machine machine{open_store(std::make_shared<BrokenSystem>(fake, breakage), path, creating), *fake};
    fake->settle();
    // From this call on nothing happens any more, as if the machine had stopped before it.
    fake->fail_any(call, EIO, Repeat::for_good);
    const std::uint64_t before = fake->calls();
    try {
      program(machine);
    } catch (const Error&) {
    }
    const bool ran_to_the_end = fake->calls() - before < call;
    ++counts.cuts;
    fake->power_cut_states({.limit = long_run() ? 20'000U : 150U, .seed = call},
                           [&](const DiskImage& image) { judge(image, machine.key, machine.history, counts); });
    if (ran_to_the_end) return counts;
  }
}

/// Commits texts of these sizes, one after the other.
Session create_and_change(Machine& machine, const std::vector<std::size_t>& sizes) {
  Session session = machine.store.create();
  machine.key = session.key();
  for (const std::size_t size : sizes) {
    const auto number = static_cast<std::int64_t>(machine.history.versions.size()) + 1;
    write(session, machine.history, number, size);
    if (session.commit().ok()) machine.history.acknowledged = number;
  }
  return session;
}

void change(Machine& machine) {
  // Smaller and larger than a sector, than the version before, and than a page.
  create_and_change(machine, {100, 700, 90, 9000, 5000});
}

void destroy(Machine& machine, Session session) {
  machine.history.destroy_tried = true;
  machine.history.destroy_acknowledged = session.destroy().ok();
}

void change_and_destroy(Machine& machine) { destroy(machine, create_and_change(machine, {100, 700, 200})); }

/// The session reaches the disk by itself, as it does after half a minute.
void settle_and_destroy(Machine& machine) {
  Session session = create_and_change(machine, {100, 700, 200});
  machine.system.settle();
  destroy(machine, std::move(session));
}

/// The first change of a session that has been on the disk for long: its version before must not be lost with it.
void change_what_was_settled(Machine& machine) {
  Session session = create_and_change(machine, {700});
  machine.history.acknowledged = 0;  // by now
  machine.system.settle();
  machine.history.acknowledged = 1;
  write(session, machine.history, 2, 900);
  static_cast<void>(session.commit());
}

void report(const std::string& what, const Counts& counts) {
  MESSAGE(what, ": ", counts.cuts, " cuts, ", counts.images, " disks, ", counts.old, " older, ", counts.gone, " gone");
  CHECK(counts.cuts > 20);
  CHECK(counts.images > 150);
  CHECK(counts.wrong == 0);
  CHECK(counts.back == 0);
}

TEST_CASE("a power cut at durability durable leaves the last acknowledged version") {
  for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
    const Counts counts = cut_everywhere(change, {.durability = Durability::durable, .commit_method = method});
    report("durable", counts);
    CHECK(counts.old == 0);
    CHECK(counts.gone == 0);
  }
}

TEST_CASE("a power cut at durability relaxed leaves an earlier version or none, never a wrong one") {
  for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
    const Counts counts = cut_everywhere(change, {.durability = Durability::relaxed, .commit_method = method});
    report("relaxed", counts);
    CHECK(counts.old > 0);  // or the bound leaves out what the test is about
  }
}

TEST_CASE("a power cut in the first change of a settled session leaves one of its two versions, at both levels") {
  Counts counts;
  for (const Durability durability : {Durability::relaxed, Durability::durable}) {
    const Counts more = cut_everywhere(change_what_was_settled, {.durability = durability});
    counts.cuts += more.cuts;
    counts.images += more.images;
    counts.gone += more.gone;
    counts.wrong += more.wrong;
  }
  report("first change", counts);
  CHECK(counts.gone == 0);
}

TEST_CASE("logout is final across a power cut, at both durability levels") {
  for (const Durability durability : {Durability::relaxed, Durability::durable})
    for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only})
      for (const Program& program : {Program(change_and_destroy), Program(settle_and_destroy)})
        report("destroy", cut_everywhere(program, {.durability = durability, .commit_method = method}));
}

TEST_CASE("the tests above notice syncs that do nothing") {
  const Counts changed = cut_everywhere(change, {.durability = Durability::durable}, Breakage::no_sync);
  CHECK(changed.old + changed.gone > 0);
  const Counts destroyed = cut_everywhere(settle_and_destroy, {}, Breakage::no_sync);
  CHECK(destroyed.back > 0);
}

}  // namespace
}  // namespace sess::test
