// Power cuts while a principal logs in, all of its sessions are ended, or the list of them is made again: the calls are
// stopped one after the other, and from each point every disk that the cut may leave (within a bound) is started from.
// What is live is listed, and what was answered is so.
#include "course.hpp"
#include "store/core.hpp"
#include "support/broken_system.hpp"
#include "support/fake_system.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace sess::test {
namespace {

constexpr const char* path = "/srv/store";
constexpr const char* ann = "ann";

/// A principal with sessions, and what was answered until the machine stopped.
struct Machine {
  Store store;
  FakeSystem& system;
  std::vector<SessionKey> keys;  // of the sessions that there were
  std::optional<SessionKey> next = {};
  bool answered = false;
};

struct Course {
  std::string name;
  std::size_t sessions = 2;
  std::size_t limit = 0;
  std::function<void(Machine&)> prepare;  // before the calls that are stopped
  std::function<void(Machine&)> run;
  /// Of what is live on a disk that a cut has left. Throws where something is wrong.
  std::function<void(const Machine&, const std::vector<SessionKey>& live)> judge;
  std::uint64_t stride = 1;  // one call of so many, where it looks into every shard
};

bool contains(const std::vector<SessionKey>& keys, const SessionKey& key) {
  return std::ranges::find(keys, key) != keys.end();
}

SessionKey log_in(const Store& store) {
  Session session = store.create({.kind = SessionKind::authenticated, .principal = ann});
  session.set("n", 1);
  expect(session.commit({.durability = Durability::durable}).ok(), "a login is refused");
  return session.key();
}

void login(Machine& machine) {
  Session session = machine.store.create({.kind = SessionKind::authenticated, .principal = ann});
  machine.next = session.key();
  session.set("n", 1);
  machine.answered = session.commit({.durability = Durability::durable}).ok();
}

void is_in_if_answered(const Machine& machine, const std::vector<SessionKey>& live) {
  if (machine.answered) expect(contains(live, *machine.next), "a login that was confirmed is gone");
}

std::vector<std::string> index_files(const FakeSystem& system) {
  std::vector<std::string> files;
  for (const std::string& name : system.names_below(std::string(path) + "/principals"))
    if (!name.ends_with('/')) files.push_back(std::string(path) + "/principals/" + name);
  return files;
}

void spoil_list(Machine& machine) {
  for (const std::string& file : index_files(machine.system)) machine.system.set_content(file, {});
}

void lose_index(Machine& machine) {
  const std::string index = std::string(path) + "/principals";
  expect(machine.system.rename(sys::working_directory, index.c_str(), sys::working_directory, "/srv/lost",
                               sys::RenameMode::replace) == 0,
         "set-up");
}

void look(Machine& machine) { machine.answered = machine.store.sessions_of(ann)->size() == 2; }

Course logging_in(std::string name, std::size_t sessions, std::size_t limit) {
  return {std::move(name),
          sessions,
          limit,
          nullptr,
          login,
          [limit](const Machine& machine, const std::vector<SessionKey>& live) {
            is_in_if_answered(machine, live);
            if (limit == 0) return;
            expect(contains(live, machine.keys.back()), "not the oldest has been ended");
            if (machine.answered) expect(live.size() == limit, "the oldest is back");
          }};
}

Course ending(bool but_one) {
  return {but_one ? "end of all sessions but one" : "end of all sessions",
          3,
          0,
          nullptr,
          [but_one](Machine& machine) {
            std::optional<SessionKey> kept;
            if (but_one) kept = machine.keys.back();
            machine.answered = machine.store.destroy_principal(ann, kept).ok();
          },
          [but_one](const Machine& machine, const std::vector<SessionKey>& live) {
            if (but_one) expect(contains(live, machine.keys.back()), "the exception is gone");
            if (machine.answered) expect(live.size() == (but_one ? 1 : 0), "a session is back after the end of all");
          }};
}

Course regenerating() {
  return {"regenerate a session of a principal",
          2,
          0,
          nullptr,
          [](Machine& machine) {
            Result<Session> session = machine.store.lock(machine.keys.front());
            const Result<Session> next = session->regenerate();
            if (next) machine.next = next->key();
            machine.answered = next.status().ok();
          },
          [](const Machine& machine, const std::vector<SessionKey>& live) {
            is_in_if_answered(machine, live);
            if (machine.answered) expect(!contains(live, machine.keys.front()), "the old ID is live again");
          }};
}

/// Of a session of another store.
Course restoring() {
  return {"restore a session of a principal",
          2,
          0,
          nullptr,
          [](Machine& machine) {
            SessionCopy copy = *copy_of(machine.store, machine.keys.front());
            SessionKey::Bytes other = copy.key.bytes();
            other.back() ^= 1;
            copy.key = SessionKey(other);
            copy.generation = 7;
            machine.next = copy.key;
            const Restoration into(machine.store);
            const bool is_made = into.restore(copy) == Restored::made;
            into.finish();
            machine.answered = is_made;
          },
          is_in_if_answered};
}

void all_live(const Machine& machine, const std::vector<SessionKey>& live) {
  for (const SessionKey& key : machine.keys) expect(contains(live, key), "a session is lost");
}

std::vector<Course> courses() {
  return {logging_in("first login of a principal", 0, 0),
          logging_in("login", 2, 0),
          logging_in("login at the limit", 2, 2),
          ending(false),
          ending(true),
          regenerating(),
          restoring(),
          {"list that is lost", 2, 0, spoil_list, look, all_live, 23},
          {"index that is lost", 2, 0, lose_index, look, all_live, 23}};
}

/// Of whatever the cut has left.
void judge(const Course& course, const Machine& machine, const DiskImage& image) {
  const Store after = open_store(std::make_shared<FakeSystem>(image), path, {});
  const std::vector<SessionKey> live = live_sessions(after);
  const auto sessions = after.sessions_of(ann);
  expect(sessions.has_value(), "the list is busy");
  for (const SessionKey& key : live)
    expect(std::ranges::find(*sessions, key, &SessionEntry::key) != sessions->end(), "a live session is not listed");
  course.judge(machine, live);
  static_cast<void>(log_in(after));
  expect(after.destroy_principal(ann).ok(), "the end of all is not answered");
  after.list([](const SessionEntry&) -> bool { throw std::runtime_error("a session lives after the end of all"); });
}

CourseCounts cut_everywhere(const Course& course, CommitMethod method, Breakage breakage = Breakage::none) {
  const StoreOptions options{.sessions_per_principal = course.limit, .create = true, .commit_method = method};
  const auto prepare = [&](const std::shared_ptr<FakeSystem>& fake) {
    Machine machine{open_store(std::make_shared<BrokenSystem>(fake, breakage), path, options), *fake, {}};
    fake->settle();
    while (machine.keys.size() < course.sessions) machine.keys.push_back(log_in(machine.store));
    if (course.prepare) course.prepare(machine);
    fake->settle();
    return machine;
  };
  return cut_course(
      prepare, course.run, [&](const Machine& machine, const DiskImage& image) { judge(course, machine, image); },
      long_run() ? 1 : course.stride);
}

TEST_CASE("a power cut while a principal's sessions are made, ended or listed leaves every live one in the list") {
  for (const Course& course : courses())
    for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
      const CourseCounts counts = cut_everywhere(course, method);
      MESSAGE(course.name, ": ", counts.cuts, " cuts, ", counts.disks, " disks");
      CHECK(counts.cuts > 30);
      CHECK(counts.disks > 30);
      CHECK_MESSAGE(counts.wrong == 0, course.name, ": ", counts.first);
    }
}

TEST_CASE("the test above notices a principal's syncs that do nothing") {
  for (const Course& course : courses())
    if (course.stride == 1)
      CHECK_MESSAGE(cut_everywhere(course, CommitMethod::automatic, Breakage::no_sync).wrong > 0, course.name);
}

}  // namespace
}  // namespace sess::test
