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

TEST_CASE_FIXTURE(Fixture, "an ID leads on for an idle timeout, and no longer than the session can live") {
  const SessionId before = login(store);
  static_cast<void>(renewed(before));
  system->advance(59min);
  CHECK(store.gc().expired == 0);
  CHECK(store.continuation(before));
  system->advance(2min);
  CHECK(store.continuation(before).outcome() == Outcome::absent);
  CHECK(store.gc().expired == 2);  // and the session: nobody came

  Session session = store.create({.kind = SessionKind::authenticated, .lifetime = 10min});
  session.set("a", 1);
  REQUIRE(session.commit());
  const SessionId id = *session.id();
  session.release();
  static_cast<void>(renewed(id));
  system->advance(11min);
  CHECK(store.continuation(id).outcome() == Outcome::absent);
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

}  // namespace
}  // namespace sess::test
