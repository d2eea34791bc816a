// No lost update: many processes and threads change one session, in every mode.
#include "store/core.hpp"
#include "support/broken_system.hpp"
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace sess::test {
namespace {

using Increment = std::function<void(const Store&, const SessionKey&)>;

void require(const Status& status) {
  if (!status.took_effect()) throw std::runtime_error("outcome " + std::string(to_string(status.outcome())));
}

void by_lock(const Store& store, const SessionKey& key) {
  Result<Session> session = store.lock(key);
  require(session.status());
  session->set("count", session->get<int>("count").value_or(0) + 1);
  require(session->commit());
}

void by_update(const Store& store, const SessionKey& key) {
  require(store.update(key, [](Editor& editor) { editor.set("count", editor.get<int>("count").value_or(0) + 1); }));
}

void by_merge_with_add(const Store& store, const SessionKey& key) {
  Changes changes = store.snapshot(key).value().edit();
  changes.add("count", 1);
  require(store.merge(changes));
}

void by_merge_with_get_and_set(const Store& store, const SessionKey& key) {
  for (;;) {
    Changes changes = store.snapshot(key).value().edit();
    changes.set("count", changes.get<int>("count").value_or(0) + 1);
    const Status status = store.merge(changes);
    if (status == Outcome::conflict) continue;  // somebody else got in between; run again on what is there now
    return require(status);
  }
}

struct Totals {
  int expected;
  std::int64_t found;
  std::uint64_t generation;
  int failed_processes;
};

struct Scenario {
  int processes = 6;
  int threads = 1;
  int increments = 400;
  StoreOptions options = {};
  Breakage breakage = Breakage::none;
};

Totals run(const std::string& below, const Scenario& scenario, const Increment& increment) {
  const TemporaryDirectory directory(below);
  StoreOptions options = scenario.options;
  Store::init(directory / "store");  // by a sound system: a broken one is refused
  options.lock_timeout = std::chrono::minutes(5);
  const auto open = [&] {
    if (scenario.breakage == Breakage::none) return Store::open(directory / "store", options);
    return open_store(std::make_shared<BrokenSystem>(scenario.breakage), directory / "store", options);
  };
  Session session = open().create();
  session.set("count", 0);
  require(session.commit());
  const SessionKey key = session.key();
  session.release();
  const int failed = run_processes(scenario.processes, [&](int) {
    const Store store = open();
    std::vector<std::jthread> threads;
    for (int i = 0; i < scenario.threads; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < scenario.increments; ++n) increment(store, key);
      });
  });
  const auto snapshot = Store::open(directory / "store").snapshot(key);
  const int expected = scenario.processes * scenario.threads * scenario.increments;
  if (!snapshot) return {expected, 0, 0, failed};
  return {expected, snapshot->get<std::int64_t>("count").value_or(0), snapshot->facts().generation, failed};
}

void check_exact(const Scenario& scenario, const Increment& increment) {
  for (const std::string& below : file_systems()) {
    CAPTURE(below);
    const Totals totals = run(below, scenario, increment);
    CHECK(totals.failed_processes == 0);
    CHECK(totals.found == totals.expected);
    CHECK(totals.generation >= static_cast<std::uint64_t>(totals.expected) + 1);
  }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int many = 500;  // a sanitizer looks at every access; the order of calls is what it is
#else
constexpr int many = 10'000;
#endif
const Scenario sixteen{.processes = 16, .increments = many};

TEST_CASE("increments of many processes under the session's lock are all there") { check_exact(sixteen, by_lock); }

TEST_CASE("increments of many processes by update are all there") { check_exact(sixteen, by_update); }

TEST_CASE("increments of many processes by merge with add are all there") { check_exact(sixteen, by_merge_with_add); }

TEST_CASE("increments by merge with get and set, run again on conflict, are all there") {
  check_exact(sixteen, by_merge_with_get_and_set);
}

TEST_CASE("increments are all there where the file system cannot exchange names") {
  check_exact({.options = {.commit_method = CommitMethod::rename_only}}, by_update);
}

TEST_CASE("increments are all there where some programs exchange and some rename") {
  check_exact({}, [](const Store& store, const SessionKey& key) {
    thread_local int turn = 0;
    thread_local const Store renaming = Store::open(
        store.facts().path, {.lock_timeout = std::chrono::minutes(5), .commit_method = CommitMethod::rename_only});
    by_update(++turn % 2 == 0 ? store : renaming, key);
  });
}

TEST_CASE("increments of threads and processes together are all there") {
  check_exact({.processes = 3, .threads = 4, .increments = 150}, by_update);
  check_exact({.processes = 3, .threads = 4, .increments = 150}, by_merge_with_get_and_set);
}

TEST_CASE("increments at durability durable are all there") {
  const Scenario scenario{.processes = 4, .increments = 50, .options = {.durability = Durability::durable}};
  const Totals totals = run("/tmp", scenario, by_update);
  CHECK(totals.failed_processes == 0);
  CHECK(totals.found == totals.expected);
}

TEST_CASE("the tests above notice a lock that locks nothing") {
  const Totals totals = run("/tmp", {.breakage = Breakage::no_lock}, by_update);
  CHECK((totals.found != totals.expected || totals.failed_processes > 0));
}

TEST_CASE("the tests above notice a lock that is not checked against the name") {
  const Totals totals = run("/tmp", {.increments = 2000, .breakage = Breakage::blind_status}, by_update);
  CHECK((totals.found != totals.expected || totals.failed_processes > 0));
}

TEST_CASE("the tests above notice merges that do not look for conflicts") {
  const Totals totals = run("/tmp", {}, [](const Store& store, const SessionKey& key) {
    const int count = store.snapshot(key).value().get<int>("count").value_or(0);
    require(store.update(key, [&](Editor& editor) { editor.set("count", count + 1); }));
  });
  CHECK(totals.found != totals.expected);
}

}  // namespace
}  // namespace sess::test
