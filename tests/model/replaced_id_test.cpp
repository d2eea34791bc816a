// A session whose ID is replaced beside other requests with the old ID, through the orders of their system calls: what
// they write is in the session or is refused, and a logout ends it under whatever ID.
#include "shared_store.hpp"
#include "support/store_world.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr milliseconds grace{1000};

/// A session with n = 2 and a spare, under the last of `keys`; it was regenerated as often as there are others.
struct Living : SharedStore {
  std::vector<SessionKey> keys;
  std::optional<SessionId> id;  // of the last
  std::optional<SessionId> next;
  Status replaced = Outcome::busy;  // what who replaces the ID is answered
  Status written = Outcome::busy;   // what who writes is
  std::vector<Status> destroyed;

  Living(World& world, std::size_t earlier, CommitMethod method, Breakage breakage)
      : SharedStore({.idle_timeout = hours(1), .grace = grace, .commit_method = method}) {
    Session session = plain->create();
    for (int n = 1; n <= 2; ++n) {
      session.set("n", n);
      if (!session.commit()) throw std::runtime_error("set-up");
      if (n == 1) {
        keys.push_back(session.key());
        while (keys.size() <= earlier) {
          session = session.regenerate().value();
          keys.push_back(session.key());
        }
      }
    }
    id = session.id();
    session.release();
    fake->advance(std::chrono::minutes(30));  // so that a renewal is due
    sweep_begins_with(key());
    hand_to_actors(world, breakage);
  }

  const SessionKey& key() const { return keys.back(); }

  std::size_t live_sessions() const {
    std::size_t count = 0;
    plain->list([&](const SessionEntry&) { return ++count > 0; });
    return count;
  }

  void check_files(std::vector<std::string> expected) const {
    std::ranges::sort(expected);
    const std::vector<std::string> found = session_files();
    std::string list;
    for (const std::string& name : found) list += " " + name;
    expect(found == expected, "these files are there:" + list);
    check_nothing_is_left_open();
  }

  /// Of an ID that was replaced: it can be read, as it was, until the grace time is over.
  void check_frozen(const SessionKey& old) const {
    const auto snapshot = plain->snapshot(old);
    expect(snapshot.outcome() == Outcome::superseded && snapshot->get<int>("n") == 2, "the old ID is not superseded");
    const auto left = snapshot->facts().deadline.time_since_epoch() - milliseconds(fake->wall_clock());
    expect(left <= grace, "the old ID lives on");
    expect(plain->lock(old, {.timeout = milliseconds(0)}).outcome() == Outcome::superseded, "the old ID can be locked");
  }
};

using Act = std::function<void(Living&)>;
using Acts = std::vector<std::pair<std::string, Act>>;

void by_supersede(Living& living) {
  Result<Session> session = living.store->lock(living.key());
  living.replaced = session ? session->supersede() : session.status();
}

void by_regenerate(Living& living) {
  Result<Session> session = living.store->lock(living.key());
  if (!session) {
    living.replaced = session.status();
    return;
  }
  session->set("regenerated", true);
  const Result<Session> next = session->regenerate();
  if (!living.scheduled->alive()) return;
  living.replaced = next.status();
  living.next = next ? next->id() : std::nullopt;
}

void by_update(Living& living) {
  living.written = living.store->update(living.key(), [](Editor& editor) { editor.set("late", 1); });
}

void by_merge(Living& living) {
  const auto snapshot = living.store->snapshot(living.key());
  expect(snapshot.has_value(), "there is nothing to read");
  if (snapshot.outcome() == Outcome::superseded) {
    living.written = Outcome::superseded;
    return;
  }
  Changes changes = snapshot->edit();
  changes.set("late", 1);
  living.written = living.store->merge(changes);
}

void by_succeed(Living& living) {
  Editor editor;
  editor.set("late", 1);
  const auto to = living.store->succeed(*living.id, editor);
  if (to) expect(*to == *living.id, "a live session has a successor");
  living.written = to.status();
}

void by_touch(Living& living) { living.written = living.store->touch(living.key()); }
void by_sweep(Living& living) { living.sweep(); }

void by_two_snapshots(Living& living) {
  Outcome last = Outcome::ok;
  for (int i = 0; i < 2; ++i) {
    const auto snapshot = living.store->snapshot(living.key());
    expect(snapshot && snapshot->get<int>("n") == 2, "a snapshot is a mixture");
    expect(last != Outcome::superseded || snapshot.outcome() == last, "a superseded session is live again");
    last = snapshot.outcome();
  }
}

/// With this of the session's keys.
Act destroying(std::size_t index) {
  return [index](Living& living) {
    const Status status = living.store->destroy(living.keys.at(index));
    if (!living.scheduled->alive()) return;
    living.destroyed.push_back(status);
    // Whoever is told so may rely on it at once. What others do next must not be taken for what they did before.
    living.scheduled->step("the logout is answered");
    if (status.ok() || status == Outcome::absent)
      expect(living.plain->snapshot(living.key()).outcome() != Outcome::ok, "a logout was answered too early");
  };
}

Scenario scenario(const Acts& acts, const Act& check, std::size_t earlier, CommitMethod method,
                  Breakage breakage = Breakage::none) {
  return [=](World& world) {
    const auto living = std::make_shared<Living>(world, earlier, method, breakage);
    for (const auto& [name, act] : acts) world.actor(name, [living, act = act] { act(*living); });
    world.check([living, check] { check(*living); });
  };
}

/// Some minutes for the longest of these pairs.
ExploreOptions every_order_of_a_long_run() { return long_run() ? every_order : preemptions(2, 3); }

void check_all(const Acts& acts, const Act& check, std::size_t earlier = 0,
               const ExploreOptions& options = preemptions(2, 3)) {
  for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only})
    check_clean(scenario(acts, check, earlier, method), options);
}

void is_frozen_with_what_was_written(Living& living) {
  expect(living.replaced.ok(), "the session is not superseded");
  expect(living.written.ok() || living.written == Outcome::superseded, "the other one is not answered");
  // First, as whoever locks it removes a spare that a killed one has left.
  living.check_files({record_file(living.key())});
  living.check_frozen(living.key());
  expect(living.plain->snapshot(living.key())->has("late") == living.written.ok(), "a write was lost, or came later");
}

TEST_CASE("a write beside the end of its ID is in the frozen version, or refused") {
  for (const Act& write : {Act(by_update), Act(by_merge), Act(by_succeed)})
    check_all({{"supersede", by_supersede}, {"write", write}}, is_frozen_with_what_was_written, 0,
              every_order_of_a_long_run());
}

TEST_CASE("a touch, a sweep or a reader beside the end of an ID leaves it superseded, for the grace time") {
  const auto check = [](Living& living) {
    expect(living.replaced.ok(), "the session is not superseded");
    living.check_files({record_file(living.key())});
    living.check_frozen(living.key());
  };
  for (const Act& other : {Act(by_touch), Act(by_sweep), Act(by_two_snapshots)})
    check_all({{"supersede", by_supersede}, {"other", other}}, check, 0, every_order_of_a_long_run());
}

TEST_CASE("a session that is superseded beside a sweep at its deadline can be read, or has expired before") {
  const auto check = [](Living& living) {
    if (living.replaced.ok()) {
      living.check_frozen(living.key());
    } else {
      expect(living.replaced == Outcome::expired || living.replaced == Outcome::absent, "it is not answered");
      expect(!living.plain->snapshot(living.key()), "it can be read");
    }
    living.check_nothing_is_left_open();
  };
  const Act clock = [](Living& living) {
    living.fake->advance(std::chrono::minutes(30) - milliseconds(1));
    living.scheduled->step("the deadline passes");
    living.fake->advance(milliseconds(2));
  };
  check_all({{"clock", clock}, {"supersede", by_supersede}, {"sweep", by_sweep}}, check);
}

TEST_CASE("a write with the old ID beside a regeneration is in the new session, or refused") {
  const auto check = [](Living& living) {
    expect(living.replaced.ok(), "the session is not regenerated");
    expect(living.written.ok() || living.written == Outcome::superseded, "the write is not answered");
    living.check_files({record_file(living.key()), record_file(*living.next)});
    living.check_frozen(living.key());
    const auto snapshot = living.plain->snapshot(*living.next);
    expect(snapshot.outcome() == Outcome::ok && snapshot->get<int>("n") == 2 && snapshot->has("regenerated"),
           "the new session is not whole");
    expect(snapshot->has("late") == living.written.ok(), "a write was lost, or came later");
    expect(living.live_sessions() == 1, "there is more than one session");
  };
  for (const Act& write : {Act(by_update), Act(by_merge), Act(by_succeed)})
    check_all({{"regenerate", by_regenerate}, {"write", write}}, check);
}

TEST_CASE("of two regenerations one makes the session that there is") {
  const auto check = [](Living& living) {
    expect(living.next && living.live_sessions() == 1, "there is not one session");
    expect(living.plain->snapshot(*living.next).outcome() == Outcome::ok, "the new session is not there");
    living.check_files({record_file(living.key()), record_file(*living.next)});
  };
  const Act other = [](Living& living) {
    Result<Session> session = living.store->lock(living.key());
    if (!session) return expect(session.outcome() == Outcome::superseded, "the session is not superseded");
    living.next = session->regenerate()->id();
  };
  check_all({{"first", other}, {"second", other}}, check);
}

void nothing_lives(Living& living) {
  bool ended = false;
  for (const Status& status : living.destroyed) {
    expect(status.ok() || status == Outcome::absent, "a logout is not answered");
    ended = ended || status.ok();
  }
  expect(ended, "nobody has ended the session");
  expect(living.live_sessions() == 0, "a session lives after its logout");
  for (const SessionKey& key : living.keys) expect(!living.plain->lock(key), "the session came back");
  if (living.next) expect(!living.plain->snapshot(*living.next), "the new session came back");
}

void nothing_is_there(Living& living) {
  nothing_lives(living);
  living.check_files({});
}

TEST_CASE("a logout with the old ID beside a regeneration leaves no session under either ID") {
  check_all({{"regenerate", by_regenerate}, {"logout", destroying(0)}}, nothing_is_there);
}

TEST_CASE("a logout with an ID before the old one beside a regeneration leaves no session under any ID") {
  check_all({{"regenerate", by_regenerate}, {"logout", destroying(0)}}, nothing_is_there, 1);
  check_all({{"regenerate", by_regenerate}, {"logout", destroying(0)}}, nothing_is_there, 2);
}

TEST_CASE("a logout beside a regeneration and a write leaves no session") {
  check_all({{"regenerate", by_regenerate}, {"write", by_update}, {"logout", destroying(0)}}, nothing_is_there, 0,
            preemptions(1, 2));
}

TEST_CASE("a logout beside two regenerations, one after the other, leaves no session") {
  const Act twice = [](Living& living) {
    std::optional<SessionKey> at = living.key();
    for (int i = 0; i < 2 && at; ++i) {
      Result<Session> session = living.store->lock(*at);
      if (!session) return;
      const Result<Session> next = session->regenerate();
      living.next = next->id();
      at = next->key();
    }
  };
  check_all({{"regenerate", twice}, {"logout", destroying(0)}}, nothing_is_there);
}

TEST_CASE("two logouts with two IDs of a session that was regenerated leave nothing of it") {
  check_all({{"first", destroying(0)}, {"second", destroying(0)}}, nothing_is_there, 2);
  check_all({{"first", destroying(0)}, {"second", destroying(1)}}, nothing_lives, 2);
  check_all({{"first", destroying(0)}, {"second", destroying(2)}}, nothing_is_there, 2);
}

TEST_CASE("a logout beside a regeneration that is killed anywhere ends whatever anybody has been told of") {
  const auto check = [](Living& living) {
    for (const Status& status : living.destroyed) {
      expect(status.ok() || status == Outcome::absent, "the logout is not answered");
      expect(!living.plain->lock(living.key()), "the session came back");
      if (living.next) expect(!living.plain->snapshot(*living.next), "the new session lives on");
      // One that nobody has been told of, whoever was killed before it took the old one's place.
      expect(living.live_sessions() <= (living.next ? 0U : 1U), "a session lives on");
    }
    // Who is killed before the answer logs out again.
    static_cast<void>(living.plain->destroy(living.key()));
    expect(!living.plain->snapshot(living.key()), "the session came back");
    if (living.next) expect(!living.plain->snapshot(*living.next), "the new session lives on");
    living.fake->advance(hours(3));
    expect(living.plain->gc().errors == 0, "the sweep fails");
    for (const std::string& name : living.session_files()) expect(false, "this does not expire: " + name);
  };
  for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
    const Report report = explore_with_kills(
        scenario({{"regenerate", by_regenerate}, {"logout", destroying(0)}}, check, 0, method), preemptions(1, 2));
    MESSAGE(report.to_string());
    CHECK(report.ok());
    CHECK(report.kills > 50);
  }
}

TEST_CASE("the tests of replaced IDs notice what is broken on purpose") {
  const auto notices = [](const Acts& acts, const Act& check, Breakage breakage) {
    CHECK_FALSE(explore(scenario(acts, check, 0, CommitMethod::automatic, breakage), preemptions(2, 3)).ok());
  };
  for (const Breakage breakage : {Breakage::no_lock, Breakage::blind_status}) {
    notices({{"supersede", by_supersede}, {"write", by_update}}, is_frozen_with_what_was_written, breakage);
    notices({{"regenerate", by_regenerate}, {"logout", destroying(0)}}, nothing_is_there, breakage);
  }
}

}  // namespace
}  // namespace sess::test
