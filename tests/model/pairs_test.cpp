// Two or three operations on one session, through the orders of their system calls: the real code of the store over the
// fake file system. Each actor stops at every call.
#include "shared_store.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

using std::chrono::milliseconds;

/// A session with the values n = generation, with a spare, in a store that every actor shares.
struct Setting : SharedStore {
  SessionKey key;
  int commits = 0;  // that were answered with ok
  std::optional<Outcome> destroyed;
  std::set<std::string> acknowledged;

  explicit Setting(World& world, Breakage breakage, CommitMethod method)
      : SharedStore({.idle_timeout = milliseconds(1000), .commit_method = method}) {
    Session session = plain->create();
    for (int n = 1; n <= 2; ++n) {
      session.set("n", n);
      if (!session.commit()) throw std::runtime_error("set-up");
    }
    key = session.key();
    session.release();
    hand_to_actors(world, breakage);
  }

  std::int64_t value() const {
    const auto snapshot = plain->snapshot(key);
    return snapshot ? snapshot->get<std::int64_t>("n").value_or(0) : 0;
  }
};

using SettingPtr = std::shared_ptr<Setting>;
using Act = std::function<void(Setting&)>;
using Check = std::function<void(Setting&)>;

void by_update(Setting& setting) {
  const Status status =
      setting.store->update(setting.key, [](Editor& editor) { editor.set("n", editor.get<int>("n").value() + 1); });
  if (status.ok()) ++setting.commits;
}

void by_locked_session(Setting& setting) {
  Result<Session> session = setting.store->lock(setting.key);
  if (!session) return;
  for (int i = 0; i < 2; ++i) {
    session->set("n", session->get<int>("n").value() + 1);
    if (session->commit()) ++setting.commits;
  }
}

void by_merge(Setting& setting) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto snapshot = setting.store->snapshot(setting.key);
    if (!snapshot) return;
    Changes changes = snapshot->edit();
    changes.set("n", changes.get<int>("n").value() + 1);
    const Status status = setting.store->merge(changes);
    if (status.ok()) ++setting.commits;
    if (status != Outcome::conflict) return;
  }
}

void by_two_snapshots(Setting& setting) {
  std::uint64_t last = 0;
  for (int i = 0; i < 2; ++i) {
    const auto snapshot = setting.store->snapshot(setting.key);
    if (!snapshot) return;
    expect(snapshot->facts().generation >= last, "a snapshot went backwards");
    expect(snapshot->get<std::uint64_t>("n") == snapshot->facts().generation, "a snapshot is a mixture");
    last = snapshot->facts().generation;
  }
}

void by_destroy(Setting& setting) { setting.destroyed = setting.store->destroy(setting.key).outcome(); }

void no_update_is_lost(Setting& setting) {
  expect(setting.value() == 2 + setting.commits, "an update was lost");
  setting.check_nothing_is_left_open();
}

void is_gone(Setting& setting) {
  expect(setting.destroyed == Outcome::ok, "destroy was not ok");
  expect(!setting.plain->snapshot(setting.key), "the session came back");
  for (const std::string& name : setting.session_files()) expect(false, "a file was left: " + name);
}

Scenario scenario(const std::vector<std::pair<std::string, Act>>& acts, const Check& check,
                  Breakage breakage = Breakage::none, CommitMethod method = CommitMethod::automatic) {
  return [=](World& world) {
    const auto setting = std::make_shared<Setting>(world, breakage, method);
    for (const auto& [name, act] : acts) world.actor(name, [setting, act = act] { act(*setting); });
    world.check([setting, check] { check(*setting); });
  };
}

void check_clean(const std::vector<std::pair<std::string, Act>>& acts, const Check& check,
                 const ExploreOptions& options = every_order) {
  for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only})
    check_clean(scenario(acts, check, Breakage::none, method), options);
}

void check_noticed(const std::vector<std::pair<std::string, Act>>& acts, const Check& check, Breakage breakage) {
  CHECK_FALSE(explore(scenario(acts, check, breakage), few_preemptions()).ok());
}

void by_two_updates(Setting& setting) {
  by_update(setting);
  by_update(setting);
}

TEST_CASE("two updates, in every order of their calls, are both there") {
  check_clean({{"first", by_update}, {"second", by_update}}, no_update_is_lost);
}

TEST_CASE("an update and a merge that is run again on conflict are both there") {
  check_clean({{"update", by_update}, {"merge", by_merge}}, no_update_is_lost);
}

TEST_CASE("a reader beside an update sees whole versions in ascending order") {
  check_clean({{"update", by_update}, {"reader", by_two_snapshots}}, no_update_is_lost);
}

TEST_CASE("a session that is destroyed beside an update is gone") {
  check_clean({{"update", by_update}, {"destroy", by_destroy}}, is_gone);
}

TEST_CASE("a session that is destroyed beside a merge is gone") {
  check_clean({{"merge", by_merge}, {"destroy", by_destroy}}, is_gone);
}

TEST_CASE("three updates, in every order of their calls, are all there") {
  check_clean({{"first", by_update}, {"second", by_update}, {"third", by_update}}, no_update_is_lost,
              few_preemptions());
}

TEST_CASE("a session that commits twice under one lock beside an update loses none of the three") {
  check_clean({{"locked", by_locked_session}, {"update", by_update}}, no_update_is_lost, few_preemptions());
}

TEST_CASE("a reader beside two updates sees whole versions in ascending order") {
  check_clean({{"updates", by_two_updates}, {"reader", by_two_snapshots}}, no_update_is_lost, few_preemptions());
}

/// Kills one actor before each of its calls in turn: what the other one does must come out all the same.
TEST_CASE("an update beside one that is killed anywhere is there, and the session is whole") {
  for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
    const Report report = explore_with_kills(
        [=](World& world) {
          const auto setting = std::make_shared<Setting>(world, Breakage::none, method);
          const auto add = [setting](const char* name) {
            return [setting, name] {
              const Status status = setting->store->update(setting->key, [&](Editor& editor) { editor.set(name, 1); });
              if (status.ok() && setting->scheduled->alive()) setting->acknowledged.insert(name);
            };
          };
          world.actor("first", add("first"));
          world.actor("second", add("second"));
          world.check([setting] {
            const auto snapshot = setting->plain->snapshot(setting->key);
            expect(snapshot.has_value(), "the session is gone");
            for (const std::string& name : setting->acknowledged)
              expect(snapshot->has(name), "an acknowledged update is not there: " + name);
            expect(snapshot->get<int>("n") == 2, "the session is not whole");
            expect(setting->plain->lock(setting->key, {milliseconds(0)}).has_value(), "a lock was left");
          });
        },
        {.most_orders = 100'000, .most_preemptions = long_run() ? 3U : 1U});
    MESSAGE(report.to_string());
    CHECK(report.ok());
    CHECK(report.kills > 30);
  }
}

// The clock passes the deadline somewhere between the calls of the others.
void by_clock(Setting& setting) { setting.fake->advance(milliseconds(2)); }

void by_touch(Setting& setting) {
  if (setting.store->touch(setting.key).ok()) ++setting.commits;
}

void by_sweep(Setting& setting) { setting.sweep(); }

/// The sweep begins with the session's shard, one millisecond before its deadline.
void before_the_deadline(Setting& setting) {
  setting.sweep_begins_with(setting.key);
  setting.fake->advance(milliseconds(999));
}

void renewed_means_there(Setting& setting) {
  if (setting.commits > 0) expect(setting.plain->snapshot(setting.key).has_value(), "a renewed session was swept");
  setting.check_nothing_is_left_open();
}

Scenario at_the_deadline(const Act& act, Breakage breakage) {
  return [=](World& world) {
    const auto setting = std::make_shared<Setting>(world, breakage, CommitMethod::automatic);
    before_the_deadline(*setting);
    world.actor("use", [setting, act] { act(*setting); });
    world.actor("sweep", [setting] { by_sweep(*setting); });
    world.actor("clock", [setting] {
      setting->scheduled->step("the deadline passes");
      by_clock(*setting);
    });
    world.check([setting] { renewed_means_there(*setting); });
  };
}

TEST_CASE("a touch beside a sweep at the deadline: renewed means not swept") {
  check_clean(at_the_deadline(by_touch, Breakage::none), few_preemptions());
}

TEST_CASE("an update beside a sweep at the deadline: renewed means not swept") {
  check_clean(at_the_deadline(by_update, Breakage::none), few_preemptions());
}

TEST_CASE("the explorer notices what is broken on purpose") {
  check_noticed({{"first", by_update}, {"second", by_update}}, no_update_is_lost, Breakage::no_lock);
  check_noticed({{"first", by_update}, {"second", by_update}}, no_update_is_lost, Breakage::blind_status);
  check_noticed({{"updates", by_two_updates}, {"reader", by_two_snapshots}}, no_update_is_lost, Breakage::blind_status);
  CHECK_FALSE(explore(at_the_deadline(by_touch, Breakage::no_lock), few_preemptions()).ok());
}

}  // namespace
}  // namespace sess::test
