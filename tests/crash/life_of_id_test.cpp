// Power cuts while a session's ID is replaced: the calls are stopped one after the other, and from each point every
// disk that the cut may leave (within a bound) is started from again. What has ended does not come back, and what was
// answered is there.
#include "course.hpp"
#include "store/core.hpp"
#include "support/broken_system.hpp"
#include "support/fake_system.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sess::test {
namespace {

using std::chrono::hours;

constexpr const char* path = "/srv/store";
const std::string text(700, 'x');  // more than a sector, so that it can be torn

/// A session whose ID is about to be replaced, and what was answered until the machine stopped.
struct Machine {
  Store store;
  FakeSystem& system;
  std::vector<SessionId> ids;  // of the session, the last is live
  std::optional<SessionId> next = {};
  bool answered = false;
};

struct Course {
  std::string name;
  std::function<void(Machine&)> prepare;  // before the calls that are stopped
  std::function<void(Machine&)> run;
  /// Of a store on a disk that a cut has left; the clock stands where it stood. Throws where something is wrong.
  std::function<void(const Machine&, const Store&, Durability)> judge;
};

SessionId make_session(const Store& store) {
  Session session = store.create();
  session.set("n", 1);
  session.set("text", text);
  expect(session.commit().ok(), "set-up");
  session.set("n", 2);
  expect(session.commit().ok(), "set-up");
  return *session.id();
}

void regenerate(Machine& machine) {
  Result<Session> session = machine.store.lock(machine.ids.back());
  session->set("regenerated", true);
  const Result<Session> next = session->regenerate();
  machine.next = next->id();
  machine.answered = next.status().ok();
}

Editor change() {
  Editor editor;
  editor.set("written", text);
  return editor;
}

void succeed(Machine& machine) {
  const auto next = machine.store.succeed(machine.ids.back(), change());
  if (next) machine.next = *next;
  machine.answered = next && next.status().ok();
}

bool is_whole(const Result<Snapshot>& snapshot) {
  return snapshot && snapshot->get<int>("n") == 2 && snapshot->get<std::string>("text") == text;
}

/// Twice, as a look may put something right.
void expect_not_live(const Store& store, const SessionKey& key) {
  for (int i = 0; i < 2; ++i) {
    expect(store.snapshot(key).outcome() != Outcome::ok, "it is live again");
    const Outcome locked = store.lock(key).outcome();
    expect(locked != Outcome::ok && locked != Outcome::busy, "it can be locked again");
  }
}

/// A superseded session, or before the answer perhaps a live one; whole in any case.
void judge_old(const Machine& machine, const Store& store) {
  const SessionId& old = machine.ids.back();
  const auto snapshot = store.snapshot(old);
  expect(is_whole(snapshot), "the old version is not whole");
  if (machine.answered) expect(snapshot.outcome() == Outcome::superseded, "it is not superseded");
  if (snapshot.outcome() == Outcome::superseded) expect_not_live(store, old);
}

Course superseding() {
  return {"supersede", nullptr,
          [](Machine& machine) { machine.answered = machine.store.lock(machine.ids.back())->supersede().ok(); },
          [](const Machine& machine, const Store& store, Durability) { judge_old(machine, store); }};
}

Course regenerating() {
  return {"regenerate", nullptr, regenerate, [](const Machine& machine, const Store& store, Durability) {
            judge_old(machine, store);
            if (machine.answered) {
              const auto snapshot = store.snapshot(*machine.next);
              expect(snapshot.outcome() == Outcome::ok && is_whole(snapshot) && snapshot->has("regenerated"),
                     "the new session is not there, or not whole");
            }
            // On disk before the old one loses its place: never is there neither.
            expect(!live_sessions(store).empty(), "the session is gone under both IDs");
            expect(store.destroy(machine.ids.back()).ok(), "the logout is not answered");
            // Before the answer the cut may leave both live, of which nobody knows the new ID.
            if (machine.answered) expect(live_sessions(store).empty(), "the logout has left the new session");
          }};
}

Course logging_out() {
  return {"logout under an ID before",
          [](Machine& machine) {
            for (int i = 0; i < 2; ++i) {
              regenerate(machine);
              machine.ids.push_back(*machine.next);
            }
            machine.answered = false;
          },
          [](Machine& machine) { machine.answered = machine.store.destroy(machine.ids.front()).ok(); },
          [](const Machine& machine, const Store& store, Durability) {
            if (machine.answered)
              for (const SessionId& id : machine.ids) expect_not_live(store, id);
            // What was cut short can be done again, with the same ID.
            if (!machine.answered) {
              const Status again = store.destroy(machine.ids.front());
              expect(again.ok() || again == Outcome::absent, "the logout is not answered");
            }
            expect(live_sessions(store).empty(), "the session lives on");
          }};
}

void judge_succession(const Machine& machine, const Store& store, Durability durability) {
  const SessionId& old = machine.ids.back();
  expect_not_live(store, old);
  const auto leads_to = store.successor(old);
  if (machine.answered && durability == Durability::durable) {
    expect(leads_to.has_value() && *leads_to == *machine.next, "the old ID leads elsewhere");
    expect(store.snapshot(*leads_to)->get<std::string>("written") == text, "what was written is not there");
  }
  Editor later;
  later.set("later", 1);
  const auto again = store.succeed(old, later);
  expect(again && again.status().ok(), "a later request is not answered");
  const auto snapshot = store.snapshot(*again);
  expect(snapshot && snapshot->has("later") && !snapshot->has("n"), "the successor has values of the old session");
  expect(snapshot->get<std::string>("written").value_or(text) == text, "the successor is torn");
  if (leads_to) expect(*again == *leads_to, "two requests go on in two sessions");
  if (machine.next && *again == *machine.next && machine.answered)
    expect(snapshot->has("written"), "a successor is used again after it has ended");
  expect_not_live(store, old);
}

Course succeeding(bool swept) {
  return {swept ? "succeed, swept" : "succeed, expired",
          [swept](Machine& machine) {
            if (swept) expect(machine.store.destroy(machine.ids.back()).ok(), "set-up");
            machine.system.advance(hours(1));
          },
          succeed, judge_succession};
}

/// The successor's end was answered: nobody gets into it again, on whatever way.
Course ending_a_successor() {
  return {"destroy of a successor",
          [](Machine& machine) {
            machine.system.advance(hours(1));
            succeed(machine);
          },
          [](Machine& machine) {
            machine.answered = false;
            machine.answered = machine.store.destroy(*machine.next).ok();
          },
          [](const Machine& machine, const Store& store, Durability) {
            expect_not_live(store, machine.ids.back());
            const auto again = store.succeed(machine.ids.back(), change());
            expect(again && again.status().ok(), "a later request is not answered");
            if (!machine.answered) return;
            expect_not_live(store, *machine.next);
            expect(*again != *machine.next, "a successor is used again after it has ended");
          }};
}

std::vector<Course> courses() {
  return {superseding(), regenerating(), logging_out(), succeeding(false), succeeding(true), ending_a_successor()};
}

/// `settled`: what was prepared has reached the disk by itself, not only what the library has synced.
CourseCounts cut_everywhere(const Course& course, const StoreOptions& options, bool settled,
                            Breakage breakage = Breakage::none) {
  const auto prepare = [&](const std::shared_ptr<FakeSystem>& fake) {
    StoreOptions creating = options;
    creating.create = true;
    Machine machine{open_store(std::make_shared<BrokenSystem>(fake, breakage), path, creating), *fake, {}};
    fake->settle();
    machine.ids.push_back(make_session(machine.store));
    if (course.prepare) course.prepare(machine);
    if (settled) fake->settle();
    return machine;
  };
  return cut_course(prepare, course.run, [&](const Machine& machine, const DiskImage& image) {
    course.judge(machine, open_store(std::make_shared<FakeSystem>(image), path, options), options.durability);
  });
}

std::vector<StoreOptions> kinds_of_store() {
  std::vector<StoreOptions> kinds;
  for (const Durability durability : {Durability::relaxed, Durability::durable})
    for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only})
      kinds.push_back({.durability = durability, .commit_method = method});
  return kinds;
}

TEST_CASE("a power cut while an ID is replaced brings nothing back and takes nothing away, at both durability levels") {
  for (const Course& course : courses())
    for (const StoreOptions& options : kinds_of_store())
      // What is relaxed and has not settled may be lost whole, which another test looks at.
      for (const bool settled : {true, false}) {
        if (!settled && options.durability == Durability::relaxed) continue;
        const CourseCounts counts = cut_everywhere(course, options, settled);
        MESSAGE(course.name, ": ", counts.cuts, " cuts, ", counts.disks, " disks");
        CHECK(counts.cuts > 5);
        CHECK(counts.disks > 10);
        CHECK_MESSAGE(counts.wrong == 0, counts.first);
      }
}

TEST_CASE("the test above notices syncs that do nothing") {
  for (const Course& course : courses())
    CHECK_MESSAGE(cut_everywhere(course, {.durability = Durability::durable}, true, Breakage::no_sync).wrong > 0,
                  course.name);
}

}  // namespace
}  // namespace sess::test
