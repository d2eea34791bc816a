// Requests that come with one expired anonymous ID, through the orders of their system calls: all that are answered go
// on in one session.
#include "shared_store.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
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

enum class End : std::uint8_t { expired, swept };

/// A session of two versions that has ended; its record is there still, with a spare, or is not.
struct Ended : SharedStore {
  std::optional<SessionId> id;
  std::map<std::string, SessionId> went_on;  // who was answered, and with which ID
  std::optional<Status> destroyed;

  Ended(World& world, End end, CommitMethod method, Breakage breakage = Breakage::none)
      : SharedStore({.idle_timeout = hours(1), .commit_method = method}) {
    Session session = plain->create();
    for (int n = 1; n <= 2; ++n) {
      session.set("n", n);
      if (!session.commit()) throw std::runtime_error("set-up");
    }
    id = session.id();
    session.release();
    // As a sweep leaves it.
    if (end == End::swept && !plain->destroy(*id)) throw std::runtime_error("set-up");
    fake->advance(hours(2));
    sweep_begins_with(*id);
    hand_to_actors(world, breakage);
  }

  void write(const std::string& name) {
    Editor editor;
    editor.set(name, 1);
    const auto next = store->succeed(*id, editor);
    if (!scheduled->alive()) return;
    expect(next.has_value() && next.status().ok(), "a request is not answered");
    went_on.emplace(name, *next);
  }

  std::size_t live_sessions() const {
    std::size_t count = 0;
    plain->list([&](const SessionEntry&) { return ++count > 0; });
    return count;
  }

  /// All who were answered are in one session, which the old ID leads to.
  void check_one_successor() const {
    for (const auto& [name, next] : went_on) {
      expect(next == went_on.begin()->second, "two requests go on in two sessions");
      const auto snapshot = plain->snapshot(next);
      expect(snapshot && snapshot->has(name), "what a request has written is not there: " + name);
      expect(!snapshot->has("n"), "the successor has the values of the session that has expired");
      const auto leads_to = plain->successor(*id);
      expect(leads_to && *leads_to == next, "the old ID leads elsewhere");
    }
  }

  /// Nothing is there but the successor, and the record that leads to it, without a spare.
  void check_no_stray_file() const {
    std::vector<std::string> names = session_files();
    const SessionKey next = went_on.begin()->second;
    for (const std::string& known : {record_file(*id), record_file(next), spare_file(next)}) std::erase(names, known);
    for (const std::string& name : names) expect(false, "a file was left: " + name);
    check_nothing_is_left_open();
  }
};

using Act = std::function<void(Ended&)>;
using Acts = std::vector<std::pair<std::string, Act>>;

Act writing(const std::string& name) {
  return [name](Ended& ended) { ended.write(name); };
}
void by_sweep(Ended& ended) { ended.sweep(); }
void by_destroy(Ended& ended) { ended.destroyed = ended.store->destroy(*ended.id); }

Scenario scenario(const Acts& acts, const Act& check, End end, CommitMethod method,
                  Breakage breakage = Breakage::none) {
  return [=](World& world) {
    const auto ended = std::make_shared<Ended>(world, end, method, breakage);
    for (const auto& [name, act] : acts) world.actor(name, [ended, act = act] { act(*ended); });
    world.check([ended, check] { check(*ended); });
  };
}

void check_all(const Acts& acts, const Act& check, const std::vector<End>& ends, const ExploreOptions& options) {
  for (const End end : ends)
    for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only})
      check_clean(scenario(acts, check, end, method), options);
}

void all_are_in_one(Ended& ended) {
  ended.check_one_successor();
  expect(ended.live_sessions() == 1, "there is more than one session");
  ended.check_no_stray_file();
}

TEST_CASE("two requests with one ID that has expired go on in one session") {
  check_all({{"first", writing("a")}, {"second", writing("b")}}, all_are_in_one, {End::expired, End::swept},
            preemptions(2, 3));
}

TEST_CASE("three requests with one ID that has expired go on in one session") {
  check_all({{"first", writing("a")}, {"second", writing("b")}, {"third", writing("c")}}, all_are_in_one,
            {End::expired, End::swept}, preemptions(1, 2));
}

TEST_CASE("a request with an expired ID beside a sweep goes on in a session that is not swept") {
  check_all({{"request", writing("a")}, {"sweep", by_sweep}}, all_are_in_one, {End::expired}, preemptions(2, 3));
}

TEST_CASE("two requests with an expired ID beside a sweep go on in one session") {
  check_all({{"first", writing("a")}, {"second", writing("b")}, {"sweep", by_sweep}}, all_are_in_one, {End::expired},
            preemptions(1, 2));
}

TEST_CASE("a request with an expired ID beside its destroy keeps the session that it was answered") {
  const auto check = [](Ended& ended) {
    expect(ended.destroyed->ok() || *ended.destroyed == Outcome::absent, "the destroy is not answered");
    const SessionId next = ended.went_on.at("a");
    const auto snapshot = ended.plain->snapshot(next);
    expect(snapshot && snapshot->has("a") && !snapshot->has("n"), "what the request has written is not there");
    expect(ended.live_sessions() == 1, "there is more than one session");
    ended.check_no_stray_file();
  };
  check_all({{"request", writing("a")}, {"destroy", by_destroy}}, check, {End::expired, End::swept}, preemptions(2, 3));
}

TEST_CASE("a request beside one that is killed anywhere goes on in the one session, and the rest expires") {
  const auto check = [](Ended& ended) {
    ended.check_one_successor();
    // Whoever comes later goes on where the others are.
    Editor editor;
    editor.set("later", 1);
    const auto later = ended.plain->succeed(*ended.id, editor, {});
    expect(later && later.status().ok(), "a later request is not answered");
    ended.went_on.emplace("later", *later);
    ended.check_one_successor();
    // The killed one has made a session, perhaps, and nothing that leads to it.
    expect(ended.live_sessions() <= 2, "more is left than one orphan");
    ended.fake->advance(hours(3));
    expect(ended.plain->gc().errors == 0, "the sweep fails");
    for (const std::string& name : ended.session_files()) expect(false, "this does not expire: " + name);
  };
  for (const End end : {End::expired, End::swept})
    for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
      const Report report = explore_with_kills(
          scenario({{"first", writing("a")}, {"second", writing("b")}}, check, end, method), preemptions(1, 2));
      MESSAGE(report.to_string());
      CHECK(report.ok());
      CHECK(report.kills > 50);
    }
}

TEST_CASE("the tests of succession notice what is broken on purpose") {
  // Where the record has been swept the name of the forward record decides and no lock: tests/planted breaks that.
  const auto broken = scenario({{"first", writing("a")}, {"second", writing("b")}}, all_are_in_one, End::expired,
                               CommitMethod::automatic, Breakage::no_lock);
  CHECK_FALSE(explore(broken, preemptions(2, 3)).ok());
}

}  // namespace
}  // namespace sess::test
