// Logins, regenerations and the end of all sessions of a principal beside each other, through the orders of their
// system calls: what is live is listed, what was to be ended has ended, and the limit holds.
#include "shared_store.hpp"
#include "store/core.hpp"
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

constexpr const char* ann = "ann";

struct Settings {
  std::size_t sessions = 1;  // that there are before
  std::size_t limit = 0;
  bool refuse = false;
  bool decided = false;     // the logins are decided before anything else begins
  bool index_lost = false;  // somebody has removed it
};

/// A principal, and what was answered about it.
struct Owned : SharedStore {
  std::vector<SessionKey> keys;  // of the sessions that there were, the oldest first
  std::vector<Session> decided;
  std::optional<Store> other;
  struct Login {
    SessionKey key;
    Status status;
  };
  std::vector<Login> logins;
  std::vector<Status> ends;
  std::optional<Status> regenerated;
  std::optional<SessionKey> next;

  Owned(World& world, const Settings& settings, Breakage breakage)
      : SharedStore({.sessions_per_principal = settings.limit, .refuse_beyond_limit = settings.refuse}) {
    for (std::size_t i = 0; i < settings.sessions; ++i) {
      Session session = login(*plain);
      if (!session.commit()) throw std::runtime_error("set-up");
      keys.push_back(session.key());
    }
    static_cast<void>(plain->sessions_of(ann));
    hand_to_actors(world, breakage);
    open_index();
    if (settings.index_lost) other = open_store(world.system(), store_path, {});
    if (settings.decided)
      for (int i = 0; i < 2; ++i) decided.push_back(login(*store));
    if (settings.index_lost) {
      const std::string index = std::string(store_path) + "/principals";
      fake->rename(sys::working_directory, index.c_str(), sys::working_directory, "/srv/lost",
                   sys::RenameMode::replace);
      fake->settle();
    }
  }

  static Session login(const Store& store) {
    Session session = store.create({.kind = SessionKind::authenticated, .principal = ann});
    session.set("n", 1);
    return session;
  }

  std::vector<SessionKey> live() const {
    std::vector<SessionKey> found;
    plain->list([&](const SessionEntry& entry) {
      expect(entry.problem.empty(), "a record does not verify");
      found.push_back(entry.key);
      return true;
    });
    return found;
  }
  bool is_live(const SessionKey& key) const { return plain->snapshot(key).outcome() == Outcome::ok; }

  /// What holds after anything.
  void check_listed() const {
    const auto sessions = plain->sessions_of(ann);
    expect(sessions.has_value(), "the list is busy");
    for (const SessionKey& key : live())
      expect(std::ranges::find(*sessions, key, &SessionEntry::key) != sessions->end(), "a live session is not listed");
    expect(!fake->exists(std::string(store_path) + "/principals.new"), "half an index is left");
  }
  /// And that all of it can be ended yet.
  void check_ends() const {
    expect(plain->destroy_principal(ann).ok(), "the end of all sessions is not answered");
    expect(live().empty(), "a session lives after the end of all");
  }
};

using Act = std::function<void(Owned&)>;
using Acts = std::vector<std::pair<std::string, Act>>;

void commit(Owned& owned, Session session) {
  const SessionKey key = session.key();
  const Status status = session.commit();
  session.release();
  if (owned.scheduled->alive()) owned.logins.push_back({key, status});
}

void by_login(Owned& owned) { commit(owned, Owned::login(*owned.store)); }

/// One that was decided before.
Act by_commit(std::size_t index) {
  return [index](Owned& owned) { commit(owned, std::move(owned.decided.at(index))); };
}

void by_regenerate(Owned& owned) {
  Result<Session> session = owned.store->lock(owned.keys.front());
  if (!session) {
    owned.regenerated = session.status();
    return;
  }
  const Result<Session> next = session->regenerate();
  if (!owned.scheduled->alive()) return;
  owned.regenerated = next.status();
  if (next) owned.next = next->key();
}

/// Of all but this one of the sessions that there were.
Act ending(std::optional<std::size_t> except = {}) {
  return [except](Owned& owned) {
    // Who has been told that it is logged in, before.
    std::vector<SessionKey> before = owned.keys;
    for (const Owned::Login& login : owned.logins)
      if (login.status.took_effect()) before.push_back(login.key);
    std::optional<SessionKey> kept;
    if (except) kept = owned.keys.at(*except);
    const Status status = owned.store->destroy_principal(ann, kept);
    if (!owned.scheduled->alive()) return;
    owned.ends.push_back(status);
    // Whoever is told so may rely on it at once.
    owned.scheduled->step("the end is answered");
    if (!status.ok()) return;
    for (const SessionKey& key : before)
      expect(key == kept || !owned.is_live(key), "the end of a session was answered too early");
  };
}

Scenario scenario(const Acts& acts, const Act& check, const Settings& settings, Breakage breakage = Breakage::none) {
  return [=](World& world) {
    const auto owned = std::make_shared<Owned>(world, settings, breakage);
    for (const auto& [name, act] : acts) world.actor(name, [owned, act = act] { act(*owned); });
    world.check([owned, check, settings] {
      owned->decided.clear();
      owned->check_listed();
      if (!settings.index_lost) owned->check_nothing_is_left_open();  // who finds another index opens it as well
      check(*owned);
      owned->check_ends();
    });
  };
}

void check_all(const Acts& acts, const Act& check, const Settings& settings = {},
               const ExploreOptions& options = preemptions(2, 3)) {
  check_clean(scenario(acts, check, settings), options);
}

void no_session_of_before_lives(Owned& owned) {
  for (const Status& status : owned.ends) expect(status.ok(), "the end is not answered");
  for (const SessionKey& key : owned.keys) expect(!owned.is_live(key), "a session lives after its end");
}

TEST_CASE("a login beside the end of all sessions is whole and listed, or refused") {
  const auto check = [](Owned& owned) {
    no_session_of_before_lives(owned);
    const Owned::Login& login = owned.logins.at(0);
    expect(login.status.ok() || login.status == Outcome::gone, "the login is not answered");
    if (!login.status.ok()) expect(!owned.is_live(login.key), "a login that was refused is there");
    expect(owned.live().size() <= (login.status.ok() ? 1 : 0), "there is another session");
  };
  check_all({{"login", by_login}, {"end", ending()}}, check);
  // Nothing is known of the principal yet.
  check_all({{"login", by_login}, {"end", ending()}}, check, {.sessions = 0});
}

TEST_CASE("a login that was decided before the end of all sessions is refused, or ended") {
  const auto check = [](Owned& owned) {
    no_session_of_before_lives(owned);
    const Status& status = owned.logins.at(0).status;
    expect(status.ok() || status == Outcome::gone, "the login is not answered");
    expect(owned.live().empty(), "a login that was decided before the end is in");
  };
  check_all({{"login", by_commit(0)}, {"end", ending()}}, check, {.decided = true});
  check_all({{"login", by_commit(0)}, {"end", ending()}}, check, {.sessions = 0, .decided = true});
  check_all({{"login", by_commit(0)}, {"other", by_commit(1)}, {"end", ending()}}, check,
            {.sessions = 0, .decided = true}, preemptions(1, 2));
}

TEST_CASE("a session that is regenerated beside the end of all does not get away") {
  const auto check = [](Owned& owned) {
    no_session_of_before_lives(owned);
    expect(owned.regenerated.has_value(), "the regeneration is not answered");
    expect(owned.live().empty(), "a session lives under its new ID");
  };
  check_all({{"regenerate", by_regenerate}, {"end", ending()}}, check);
}

TEST_CASE("the session for whose sake the others are ended lives, also under a new ID") {
  const auto check = [](Owned& owned) {
    const Status& end = owned.ends.at(0);
    expect(end.ok() || end == Outcome::superseded, "the end is not answered");
    expect(owned.regenerated && owned.regenerated->ok(), "the regeneration is refused");
    expect(owned.is_live(*owned.next), "the session was ended under its new ID");
    expect(owned.is_live(owned.keys.at(1)) == (end == Outcome::superseded), "the other one lives");
    expect(owned.live().size() == (end.ok() ? 1U : 2U), "there is another session");
  };
  check_all({{"regenerate", by_regenerate}, {"end", ending(0)}}, check, {.sessions = 2});
}

TEST_CASE("of two ends with two exceptions each leaves nothing but its own") {
  const auto check = [](Owned& owned) {
    std::size_t answered = 0;
    for (const Status& status : owned.ends) {
      expect(status.ok() || status == Outcome::gone, "an end is not answered");
      answered += status.ok() ? 1 : 0;
    }
    expect(answered > 0, "nobody has ended anything");
    expect(!owned.is_live(owned.keys.at(2)), "a session lives that nobody has excepted");
    expect(owned.live().size() <= 2 - answered, "an exception lives after the other end");
  };
  check_all({{"first", ending(0)}, {"second", ending(1)}}, check, {.sessions = 3});
  check_all({{"first", ending()}, {"second", ending(0)}},
            [](Owned& owned) {
              expect(owned.ends.size() == 2 && owned.live().empty(), "a session lives after the end of all");
            },
            {.sessions = 2});
}

TEST_CASE("of two logins where there is room for one the other is refused") {
  const auto check = [](Owned& owned) {
    std::vector<Outcome> answers;
    for (const Owned::Login& login : owned.logins) {
      answers.push_back(login.status.outcome());
      expect(owned.is_live(login.key) == login.status.ok(), "a login is not what it was answered");
    }
    std::ranges::sort(answers);
    expect(answers == std::vector{Outcome::ok, Outcome::limit_reached}, "not one of the two is refused");
    expect(owned.live().size() == 2, "there are not as many sessions as there may be");
  };
  const Settings settings{.sessions = 1, .limit = 2, .refuse = true};
  check_all({{"first", by_login}, {"second", by_login}}, check, settings);
}

TEST_CASE("two logins at the limit end the two oldest sessions") {
  const auto check = [](Owned& owned) {
    for (const Owned::Login& login : owned.logins)
      expect(login.status.ok() && owned.is_live(login.key), "a login is not in");
    expect(owned.live().size() == 2, "there are not as many sessions as there may be");
  };
  check_all({{"first", by_login}, {"second", by_login}}, check, {.sessions = 2, .limit = 2});
}

/// Two preemptions in a rebuilding, which looks into every shard, are too many.
ExploreOptions within_a_rebuilding() { return preemptions(1, 1); }

/// By a program of its own, or by another: what it has opened is nobody else's.
Act looking(std::optional<Store> Owned::*store) {
  return [store](Owned& owned) {
    const auto sessions = (owned.*store)->sessions_of(ann);
    if (owned.scheduled->alive()) expect(sessions && sessions->size() == 2, "a list lacks a session");
  };
}

TEST_CASE("two programs that miss the index make it once, and neither works with half of it") {
  check_all(
      {{"first", looking(&Owned::store)}, {"second", looking(&Owned::other)}}, [](Owned&) {},
      {.sessions = 2, .index_lost = true}, within_a_rebuilding());
}

void check_with_kills(const Acts& acts, const Act& check, const Settings& settings, const ExploreOptions& options) {
  const Report report = explore_with_kills(scenario(acts, check, settings), options);
  MESSAGE(report.to_string());
  CHECK(report.ok());
  CHECK(report.kills > 50);
}

TEST_CASE("a login, a regeneration or an end that is killed anywhere leaves no live session that is not listed") {
  const auto check = [](Owned& owned) {
    if (!owned.ends.empty() && owned.ends.front().ok()) no_session_of_before_lives(owned);
  };
  check_with_kills({{"login", by_login}, {"end", ending()}}, check, {}, preemptions(1, 2));
  check_with_kills({{"regenerate", by_regenerate}, {"end", ending()}}, check, {}, preemptions(1, 2));
  check_with_kills({{"login", by_login}, {"other", by_login}}, check, {.sessions = 2, .limit = 2}, preemptions(1, 2));
  check_with_kills(
      {{"first", ending(0)}, {"second", ending(1)}}, [](Owned&) {}, {.sessions = 2}, preemptions(0, 1));
}

TEST_CASE("a rebuilding that is killed anywhere is done again by the other") {
  check_with_kills(
      {{"first", looking(&Owned::store)}, {"second", looking(&Owned::other)}}, [](Owned&) {},
      {.sessions = 2, .index_lost = true}, preemptions(0, 0));
}

TEST_CASE("the tests of principals notice what is broken on purpose") {
  const auto notices = [](const Acts& acts, const Act& check, const Settings& settings, Breakage breakage) {
    CHECK_FALSE(explore(scenario(acts, check, settings, breakage), preemptions(2, 3)).ok());
  };
  notices(
      {{"login", by_commit(0)}, {"end", ending()}},
      [](Owned& owned) { expect(owned.live().empty(), "a login that was decided before the end is in"); },
      {.decided = true}, Breakage::no_lock);
  notices(
      {{"first", by_login}, {"second", by_login}},
      [](Owned& owned) { expect(owned.live().size() == 2, "the limit does not hold"); },
      {.sessions = 1, .limit = 2, .refuse = true}, Breakage::no_lock);
}

}  // namespace
}  // namespace sess::test
