// IDs that lead on to the one that followed them (RegenerateOptions::leads_from).
#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  static constexpr const char* path = "/srv/store";
  std::shared_ptr<FakeSystem> system = std::make_shared<FakeSystem>();
  Store store = open_store(system, path, {.idle_timeout = 1h, .create = true});

  /// Its new ID.
  SessionId renewed(const SessionId& id) const {
    auto session = store.lock(id);
    REQUIRE(session);
    auto next = session->regenerate({.leads_from = id});
    REQUIRE(next.status().ok());
    return *next->id();
  }
  std::string file_of(const SessionId& id) const { return std::string(path) + "/shards/" + record_file(id); }
  void lose_index(const char* elsewhere = "/srv/elsewhere") const {
    for (const std::string& name : system->names_below(std::string(path) + "/principals"))
      if (!name.ends_with("/"))
        REQUIRE(system->unlink(sys::working_directory, (std::string(path) + "/principals/" + name).c_str()) == 0);
    REQUIRE(system->rename(sys::working_directory, (std::string(path) + "/principals").c_str(), sys::working_directory,
                           elsewhere, sys::RenameMode::replace) == 0);
  }
};

SessionId login(const Store& store) {
  Session session = store.create({.kind = SessionKind::authenticated, .principal = "ann"});
  session.set("a", 1);
  REQUIRE(session.commit());
  return *session.id();
}

TEST_CASE("an ID leads on to the one that its session was given") {
  in_each_world([](StoreWorld& world) {
    for (const bool sealed : {false, true}) {
      const Store store = world.open({.sealed = sealed});
      const SessionId before = login(store);
      auto session = store.lock(before);
      session->set("b", 2);
      auto next = session->regenerate({.leads_from = before});
      REQUIRE(next.status().ok());
      const SessionId id = *next->id();
      next->release();
      CHECK(id.kind() == SessionKind::authenticated);
      const auto leads_to = store.continuation(before);
      REQUIRE(leads_to);
      CHECK(*leads_to == id);
      CHECK(*store.parse(id.reveal()) == id);
      CHECK(store.snapshot(id)->get<int>("a") == 1);
      CHECK(store.snapshot(id)->get<int>("b") == 2);
      CHECK((store.snapshot(id)->facts().sealed || !sealed));
      // What it was is kept under no other ID than that.
      const auto frozen = store.snapshot(before);
      CHECK(frozen.outcome() == Outcome::superseded);
      REQUIRE(frozen);
      CHECK(frozen->values().empty());
      CHECK(frozen->facts().successor == SessionKey(id));
      CHECK(store.lock(before).outcome() == Outcome::superseded);
      CHECK(store.touch(before) == Outcome::superseded);
      CHECK(store.sessions_of("ann")->size() == 1);
      CHECK(store.destroy(before).ok());
      CHECK(store.snapshot(id).outcome() == Outcome::absent);
      CHECK(store.continuation(before).outcome() == Outcome::absent);
    }
  });
}

TEST_CASE_FIXTURE(Fixture, "an ID leads nowhere that is live, absent, or was replaced for good") {
  const SessionId id = login(store);
  CHECK(store.continuation(id).outcome() == Outcome::absent);
  const SessionId next = *store.lock(id)->regenerate()->id();
  CHECK(store.continuation(id).outcome() == Outcome::absent);
  CHECK(store.destroy(next).ok());
  CHECK(store.continuation(next).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(Fixture, "an ID that is not the session's own is not made to lead on, and nothing has happened") {
  const SessionId id = login(store);
  const SessionId other = login(store);
  auto session = store.lock(id);
  CHECK_THROWS_AS(static_cast<void>(session->regenerate({.leads_from = other})), UsageError);
  session->set("a", 2);
  CHECK(session->commit().ok());
  session->release();
  CHECK(store.sessions_of("ann")->size() == 2);
  CHECK(store.snapshot(other));
}

TEST_CASE_FIXTURE(Fixture, "an ID leads on for as long as the session can live") {
  Session session = store.create({.kind = SessionKind::authenticated, .lifetime = 3h});
  session.set("a", 1);
  REQUIRE(session.commit());
  const SessionId before = *session.id();
  session.release();
  const SessionId id = renewed(before);
  for (int i = 0; i < 3; ++i) {
    system->advance(59min);
    CHECK(store.gc().expired == 0);
    CHECK(*store.continuation(before) == id);
    CHECK(store.touch(id).ok());
  }
  system->advance(4min);
  CHECK(store.continuation(before).outcome() == Outcome::absent);
  CHECK(store.gc().expired == 2);
}

TEST_CASE_FIXTURE(Fixture, "an ID leads on for the grace time at most once it is retired") {
  const SessionId before = login(store);
  const SessionId id = renewed(before);
  CHECK(store.retire(before).ok());
  system->advance(29s);
  CHECK(store.continuation(before));
  CHECK(store.retire(before).ok());  // never longer by it
  system->advance(2s);
  CHECK(store.continuation(before).outcome() == Outcome::absent);
  CHECK(store.snapshot(before).outcome() == Outcome::expired);
  CHECK(store.gc().expired == 1);
  CHECK(store.retire(before) == Outcome::absent);
  CHECK(store.snapshot(id));
}

TEST_CASE_FIXTURE(Fixture, "what leads nowhere is not changed where it is retired") {
  const SessionId id = login(store);
  const auto deadline = store.snapshot(id)->facts().deadline;
  CHECK(store.retire(id).ok());
  CHECK(store.snapshot(id)->facts().deadline == deadline);
  static_cast<void>(store.lock(id)->regenerate());
  const auto frozen_until = store.snapshot(id)->facts().deadline;
  CHECK(store.retire(id).ok());
  CHECK(store.snapshot(id)->facts().deadline == frozen_until);
}

TEST_CASE_FIXTURE(Fixture, "a retirement does not wait for who has the lock") {
  const SessionId before = login(store);
  static_cast<void>(renewed(before));
  const auto file = system->open(sys::working_directory, (std::string(path) + "/shards/" + record_file(before)).c_str(),
                                 sys::OpenMode::read);
  REQUIRE(file >= 0);
  REQUIRE(system->try_lock(file) == 0);
  CHECK(store.retire(before) == Outcome::busy);
  REQUIRE(system->close(file) == 0);
  CHECK(store.retire(before).ok());
}

TEST_CASE_FIXTURE(Fixture, "IDs lead on one after another, and a logout under the first ends the last") {
  std::vector<SessionId> ids{login(store)};
  for (int i = 0; i < 5; ++i) ids.push_back(renewed(ids.back()));
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) CHECK(*store.continuation(ids[i]) == ids[i + 1]);
  CHECK(store.destroy(ids.front()).ok());
  for (const SessionId& id : ids) CHECK(store.snapshot(id).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(Fixture, "a power cut anywhere in a renewal leaves the session under an ID that its client has") {
  for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
    const Store with_method = open_store(system, path, {.idle_timeout = 1h, .commit_method = method});
    const SessionId before = login(with_method);
    {
      auto session = with_method.lock(before);
      const auto next = session->regenerate({.leads_from = before});
      REQUIRE(next.status().ok());
    }
    std::uint64_t disks = 0;
    system->power_cut_states({.limit = 2000}, [&](const DiskImage& image) {
      ++disks;
      const Store after = open_store(std::make_shared<FakeSystem>(image), path, {});
      const auto leads_to = after.continuation(before);
      REQUIRE(leads_to);
      CHECK(after.snapshot(*leads_to)->get<int>("a") == 1);
      CHECK(after.retire(before).ok());
    });
    CHECK(disks > 2);
  }
}

TEST_CASE_FIXTURE(Fixture, "an ID leads on whatever becomes of the keys in between") {
  SessionId before = login(store);
  const SessionId first = before;
  static_cast<void>(store.rotate_keys());
  system->advance(30min);
  const SessionId one = renewed(before);
  static_cast<void>(store.rotate_keys());
  system->advance(20min);
  const SessionId two = renewed(one);
  CHECK(*store.continuation(first) == one);
  CHECK(*store.continuation(one) == two);
  const Store other = open_store(system, path, {});
  CHECK(*other.continuation(first) == one);
  CHECK(other.parse(two.reveal()));
  CHECK(other.snapshot(two));
}

TEST_CASE_FIXTURE(Fixture, "a list that is made again has sessions that were renewed in their order") {
  const SessionId old = login(store);
  system->advance(1min);
  const SessionId young = login(store);
  system->advance(1min);
  const SessionId next = renewed(old);
  lose_index();
  const Store again = open_store(system, path, {.idle_timeout = 1h, .sessions_per_principal = 2});
  CHECK(again.sessions_of("ann")->size() == 2);
  const SessionId third = login(again);
  CHECK(again.sessions_of("ann")->size() == 2);
  CHECK(again.snapshot(next).outcome() == Outcome::absent);
  CHECK(again.snapshot(young));
  CHECK(again.snapshot(third));
  // Those before the exception stay.
  const SessionId fourth = renewed(third);
  lose_index("/srv/elsewhere2");
  const Store once_more = open_store(system, path, {.idle_timeout = 1h});
  CHECK(once_more.destroy_principal("ann", fourth).ok());
  CHECK(*once_more.continuation(third) == fourth);
  CHECK(once_more.snapshot(young).outcome() == Outcome::absent);
  CHECK(once_more.destroy_principal("ann").ok());
  CHECK(once_more.continuation(third).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(Fixture, "an ID that leads on does not count for the limit") {
  for (const bool refuse : {false, true}) {
    const Store limited =
        open_store(system, path, {.idle_timeout = 1h, .sessions_per_principal = 2, .refuse_beyond_limit = refuse});
    CHECK(limited.destroy_principal("ann").ok());
    const SessionId one = renewed(renewed(login(limited)));
    const SessionId two = login(limited);
    CHECK(limited.snapshot(one));
    CHECK(limited.snapshot(two));
    CHECK(limited.sessions_of("ann")->size() == 2);
  }
}

TEST_CASE("where file times are whole seconds an ID leads on, and is retired") {
  for (const auto granularity : {std::chrono::nanoseconds(1), std::chrono::nanoseconds(1'000'000'000)}) {
    const auto system = std::make_shared<FakeSystem>(FakeOptions{.time_granularity = granularity});
    const Store store = open_store(system, "/srv/store", {.idle_timeout = 1h, .create = true});
    system->advance(123ms);
    const SessionId before = login(store);
    auto session = store.lock(before);
    const auto id = session->regenerate({.leads_from = before})->id();
    session->release();
    system->advance(59min);
    CHECK(*store.continuation(before) == *id);
    CHECK(store.retire(before).ok());
    CHECK(store.retire(before).ok());
    system->advance(28s);
    CHECK(*store.continuation(before) == *id);
    system->advance(3s);
    CHECK(store.continuation(before).outcome() == Outcome::absent);
    CHECK(store.gc().expired == 1);
    CHECK(store.snapshot(*id));
  }
}

TEST_CASE_FIXTURE(Fixture, "an ID that leads on after its file was copied with whole seconds can be retired") {
  const SessionId before = login(store);
  const SessionId id = renewed(before);
  sys::FileTime time = system->look(file_of(before)).modified;
  time.nanoseconds = 0;
  system->set_modified(file_of(before), time);
  CHECK(*store.continuation(before) == id);
  CHECK(store.retire(before).ok());
  system->advance(31s);
  CHECK(store.continuation(before).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(Fixture, "a record that leads on and is damaged leads nowhere, and harms nobody else") {
  const SessionId before = login(store);
  const SessionId id = renewed(before);
  auto bytes = system->content(file_of(before));
  bytes.back() ^= std::byte{1};
  system->set_content(file_of(before), bytes);
  CHECK(store.continuation(before).outcome() == Outcome::absent);
  CHECK(store.snapshot(before).outcome() == Outcome::absent);
  CHECK(store.retire(before) == Outcome::absent);
  CHECK(store.snapshot(id));
  CHECK(store.destroy_principal("ann").ok());
}

TEST_CASE_FIXTURE(Fixture, "a clock that is ahead for a while takes no ID that leads on") {
  static_cast<void>(store.gc());
  const SessionId before = login(store);
  const SessionId id = renewed(before);
  const auto right = std::chrono::nanoseconds(system->wall_clock() * 1'000'000);
  system->set_wall_clock(right + 24h);
  CHECK(store.gc().expired == 0);
  system->set_wall_clock(right);
  CHECK(*store.continuation(before) == id);
}

TEST_CASE_FIXTURE(Fixture, "IDs that lead on at the end of a session's life stay those of the exception") {
  Session session = store.create({.kind = SessionKind::authenticated, .principal = "ann", .lifetime = 20s});
  session.set("a", 1);
  REQUIRE(session.commit());
  std::vector<SessionId> ids{*session.id()};
  session.release();
  for (int i = 0; i < 6; ++i) ids.push_back(renewed(ids.back()));
  lose_index();
  const Store again = open_store(system, path, {.idle_timeout = 1h});
  CHECK(again.destroy_principal("ann", ids.back()).ok());
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) CHECK(again.continuation(ids[i]));
}

}  // namespace
}  // namespace sess::test
