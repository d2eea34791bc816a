// Expiry and read-modify-write never interleave: a sweeper against processes that renew, change or end the sessions
// that it is about to sweep.
#include "store/core.hpp"
#include "support/processes.hpp"
#include "support/shared_clock_system.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sess::test {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t idle_timeout = 1000;  // milliseconds

struct Tally {
  std::int64_t renewed = 0;   // the actor was told that the session lives
  std::int64_t ended = 0;     // the actor was told that it does not
  std::int64_t lost = 0;      // told that it lives, and it is gone
  std::int64_t returned = 0;  // told that it is gone, and it is there
  std::int64_t files = 0;     // left when everything had expired and was swept
  int failed_processes = 0;
};

/// Counts itself off at the end, also when the process fails: the others must not wait for it.
class AtWork {
 public:
  AtWork(SharedCounter& count, bool counts) : count_(count), counts_(counts) {}
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;
  ~AtWork() {
    if (counts_) count_.add(-1);
  }

 private:
  SharedCounter& count_;
  bool counts_;
};

/// What the actor does with each session; true if it was told that the session lives and is renewed.
using Act = std::function<bool(const Store&, const SessionKey&)>;

/// Each round a batch of sessions is made and three processes are let go at once: the actor goes over the batch, the
/// sweeper sweeps, and the third moves the clock to and fro across the deadline all the while, so that one may judge
/// the session alive while the other judges it expired. Whoever has its lock decides about it.
Tally race(const std::string& below, Breakage breakage, const Act& act) {
  const TemporaryDirectory directory(below);
  const std::string path = directory / "store";
  SharedCounter clock, at_work;
  clock.set(1'700'000'000'000);
  const auto open = [&](Breakage how) {
    return open_store(std::make_shared<SharedClockSystem>(clock, how), path,
                      {.idle_timeout = milliseconds(idle_timeout), .create = true});
  };
  const Store store = open(Breakage::none);
  const int rounds = long_run() ? 400 : 40;
  constexpr std::size_t batch = 100;
  std::vector<std::unique_ptr<SharedCounter>> told_alive;  // by the order of the keys: 1 or 0
  for (std::size_t i = 0; i < batch; ++i) told_alive.push_back(std::make_unique<SharedCounter>());
  Tally tally;
  for (int round = 0; round < rounds; ++round) {
    std::vector<SessionKey> keys;
    const std::int64_t made = clock.value();
    for (std::size_t i = 0; i < batch; ++i) {
      Session session = store.create();
      session.set("a", 1);
      REQUIRE(session.commit());
      session.set("a", 2);
      REQUIRE(session.commit());  // a second version, so that there is a spare
      keys.push_back(session.key());
    }
    std::ranges::sort(keys);  // the order in which a sweep meets them
    clock.set(made + idle_timeout - 1);
    at_work.set(2);
    tally.failed_processes += run_processes(3, [&](int number) {
      const AtWork work(at_work, number < 2);
      const Store own = open(breakage);
      if (number == 0) {
        for (std::size_t i = 0; i < batch; ++i) told_alive[i]->set(act(own, keys[i]) ? 1 : 0);
      } else if (number == 1) {
        for (int sweeps = 0; sweeps < 3; ++sweeps) static_cast<void>(own.gc());
      } else {
        while (at_work.value() > 0) clock.set(made + idle_timeout * 2 - 1 - clock.value() + made);
      }
    });
    clock.set(made + idle_timeout);
    // The deadline of all has passed, but for those that were renewed: these must be there, and no others.
    for (std::size_t i = 0; i < batch; ++i) {
      const bool is_there = store.snapshot(keys[i]).has_value();
      const bool lives = told_alive[i]->value() == 1;
      ++(lives ? tally.renewed : tally.ended);
      if (lives && !is_there) ++tally.lost;
      if (!lives && is_there) ++tally.returned;
    }
    clock.set(made + 10 * idle_timeout);
    static_cast<void>(store.gc());
  }
  tally.files = static_cast<std::int64_t>(files_below(path + "/shards").size());
  return tally;
}

bool by_touch(const Store& store, const SessionKey& key) { return store.touch(key).ok(); }

bool by_update(const Store& store, const SessionKey& key) {
  return store.update(key, [](Editor& editor) { editor.add("a", 1); }).ok();
}

bool by_merge(const Store& store, const SessionKey& key) {
  const auto snapshot = store.snapshot(key);
  if (!snapshot) return false;
  Changes changes = snapshot->edit();
  changes.add("a", 1);
  return store.merge(changes).ok();
}

bool by_lock_and_commit(const Store& store, const SessionKey& key) {
  auto session = store.lock(key);
  if (!session) return false;
  session->add("a", 1);
  return session->commit().ok();
}

bool by_destroy(const Store& store, const SessionKey& key) {
  static_cast<void>(store.destroy(key));
  return false;
}

void check_clean(const Act& act) {
  for (const std::string& below : file_systems()) {
    CAPTURE(below);
    const Tally tally = race(below, Breakage::none, act);
    CHECK(tally.failed_processes == 0);
    CHECK(tally.lost == 0);
    CHECK(tally.returned == 0);
    CHECK(tally.files == 0);
    CHECK(tally.renewed + tally.ended > 0);
  }
}

TEST_CASE("a session that was renewed by touch is never swept") { check_clean(by_touch); }
TEST_CASE("a session that was renewed by update is never swept") { check_clean(by_update); }
TEST_CASE("a session that was renewed by merge is never swept") { check_clean(by_merge); }
TEST_CASE("a session that is locked is never swept") { check_clean(by_lock_and_commit); }
TEST_CASE("a session that is destroyed beside a sweep leaves no file") { check_clean(by_destroy); }

TEST_CASE("the tests above notice a lock that locks nothing") {
  // The interleaving has to happen: it does in most runs of forty rounds, so within these at the latest.
  std::int64_t lost = 0;
  for (int run = 0; run < 25 && lost == 0; ++run) lost = race("/tmp", Breakage::no_lock, by_touch).lost;
  CHECK(lost > 0);
}

TEST_CASE("the tests above notice a touch that does not move the deadline") {
  const Tally tally = race("/tmp", Breakage::no_times, by_touch);
  CHECK(tally.lost > 0);
}

}  // namespace
}  // namespace sess::test
