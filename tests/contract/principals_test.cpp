// Principals: whose session it is, how many there are, and the end of all of them.
#include "fake_store.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

Session login(const Store& store, const std::string& principal) {
  Session session = store.create({.kind = SessionKind::authenticated, .principal = principal});
  session.set("user", principal);
  return session;
}

SessionId logged_in(const Store& store, const std::string& principal) {
  Session session = login(store, principal);
  REQUIRE(session.commit());
  return *session.id();
}

TEST_CASE("the sessions of a principal are found, and ended together") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    CHECK(store.sessions_of("ann")->empty());
    const SessionId first = logged_in(store, "ann");
    const SessionId second = logged_in(store, "ann");
    const SessionId other = logged_in(store, "bob");
    const SessionId nobody = make_session(store, {{"a", 1}});
    const auto sessions = store.sessions_of("ann").value();
    REQUIRE(sessions.size() == 2);
    CHECK(sessions[0].key == first.key());
    CHECK(sessions[1].key == second.key());
    CHECK(sessions[0].facts.kind == SessionKind::authenticated);

    CHECK(store.destroy_principal("ann").ok());
    CHECK(store.sessions_of("ann")->empty());
    CHECK(store.snapshot(first).outcome() == Outcome::absent);
    CHECK(store.snapshot(second).outcome() == Outcome::absent);
    CHECK(store.snapshot(other));
    CHECK(store.snapshot(nobody));
    CHECK(store.destroy_principal("ann").ok());
    CHECK(store.destroy_principal("carla").ok());

    const SessionId again = logged_in(store, "ann");
    const SessionId more = logged_in(store, "ann");
    CHECK(store.destroy_principal("ann", more.key()).ok());
    CHECK(store.snapshot(again).outcome() == Outcome::absent);
    CHECK(store.sessions_of("ann")->size() == 1);
    CHECK(store.lock(more)->regenerate());  // it is not ended, also not later
  });
}

TEST_CASE_FIXTURE(FakeStore,
                  "the end of all sessions ends those whose login was decided before it and not yet committed") {
  for (const bool known : {false, true}) {
    CAPTURE(known);
    const std::string who = known ? "ann" : "bob";
    if (known) static_cast<void>(logged_in(store, who));
    Session before = login(store, who);
    CHECK(store.destroy_principal(who).ok());
    CHECK(before.commit() == Outcome::gone);
    CHECK(before.commit() == Outcome::gone);
    CHECK(store.snapshot(before.key()).outcome() == Outcome::absent);
    Session after = login(store, who);
    CHECK(after.commit().ok());
    CHECK(store.sessions_of(who)->size() == 1);
  }
}

TEST_CASE_FIXTURE(FakeStore, "a session that is regenerated while all are being ended does not get away") {
  const SessionId id = logged_in(store, "ann");
  auto held = store.lock(id);
  // Its lock is held, so it cannot be ended now; but what it becomes is refused.
  const Store impatient = open_store(system, path, {.lock_timeout = 0ms});
  CHECK(impatient.destroy_principal("ann") == Outcome::busy);
  const auto next = held->regenerate();
  CHECK(next.outcome() == Outcome::gone);
  CHECK_FALSE(next);
  held->release();
  CHECK(store.destroy_principal("ann").ok());
  CHECK(store.sessions_of("ann")->empty());
  CHECK(store.snapshot(id).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(FakeStore, "a regenerated session is listed under its new key, and ended with the others") {
  const SessionId old = logged_in(store, "ann");
  SessionId id = old;
  {
    auto next = store.lock(old)->regenerate();
    REQUIRE(next);
    id = *next->id();
  }
  const auto sessions = store.sessions_of("ann").value();
  REQUIRE(sessions.size() == 1);
  CHECK(sessions[0].key == id.key());
  CHECK(store.destroy_principal("ann").ok());
  CHECK(store.snapshot(id).outcome() == Outcome::absent);
  CHECK(store.snapshot(old).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(FakeStore, "a limit on the sessions of a principal ends the oldest") {
  const Store limited = open_store(system, path, {.sessions_per_principal = 2});
  const SessionId first = logged_in(limited, "ann");
  const SessionId second = logged_in(limited, "ann");
  static_cast<void>(logged_in(limited, "bob"));
  const SessionId third = logged_in(limited, "ann");
  CHECK(limited.snapshot(first).outcome() == Outcome::absent);
  CHECK(limited.sessions_of("ann")->size() == 2);
  {
    // One that is at work is passed over.
    const auto held = limited.lock(second);
    static_cast<void>(logged_in(limited, "ann"));
    CHECK(limited.snapshot(second));
    CHECK(limited.snapshot(third).outcome() == Outcome::absent);
  }
  // A new ID is no new session.
  CHECK(limited.lock(second)->regenerate());
  CHECK(limited.sessions_of("ann")->size() == 2);
}

TEST_CASE_FIXTURE(FakeStore, "a limit on the sessions of a principal may refuse the new one") {
  const Store limited = open_store(system, path, {.sessions_per_principal = 2, .refuse_beyond_limit = true});
  const SessionId first = logged_in(limited, "ann");
  const SessionId second = logged_in(limited, "ann");
  Session third = login(limited, "ann");
  CHECK(third.commit() == Outcome::limit_reached);
  CHECK(limited.snapshot(third.key()).outcome() == Outcome::absent);
  CHECK(limited.sessions_of("ann")->size() == 2);
  CHECK(limited.destroy(first).ok());
  CHECK(third.commit().ok());
  system->advance(1h);
  static_cast<void>(logged_in(limited, "ann"));  // the others have expired
  CHECK(limited.sessions_of("ann")->size() == 1);
  CHECK_THROWS_AS(open_store(system, path, {.refuse_beyond_limit = true}), UsageError);
}

TEST_CASE_FIXTURE(FakeStore, "a session is listed before it is there, whatever a power cut leaves") {
  const SessionId first = logged_in(store, "ann");
  std::uint64_t disks = 0;
  std::uint64_t made = 0;
  for (std::uint64_t call = 1;; ++call) {
    const auto fake = std::make_shared<FakeSystem>(system->image());
    const Store running = open_store(fake, path, {});
    fake->settle();
    fake->fail_any(call, EIO, Repeat::for_good);
    const std::uint64_t before = fake->calls();
    std::optional<SessionKey> key;
    bool answered = false;
    try {
      Session session = login(running, "ann");
      key = session.key();
      answered = session.commit({.durability = Durability::durable}).ok();
    } catch (const Error&) {
    }
    const bool over = fake->calls() - before < call;
    fake->power_cut_states({.limit = 150, .seed = call}, [&](const DiskImage& image) {
      ++disks;
      const auto after_cut = std::make_shared<FakeSystem>(image);
      const Store after = open_store(after_cut, path, {});
      CHECK(after.snapshot(first));
      if (key && after.snapshot(*key)) {
        ++made;
        CHECK(after.sessions_of("ann")->size() == 2);
      } else {
        CHECK_FALSE(over);
      }
      CHECK(after.destroy_principal("ann").ok());
      int left = 0;
      after.list([&](const SessionEntry&) { return ++left > 0; });
      CHECK(left == 0);
    });
    if (over) {
      CHECK(answered);
      break;
    }
  }
  CHECK(disks > 100);
  CHECK(made > 20);
}

TEST_CASE_FIXTURE(FakeStore, "a principal's record stays as long as a session may live, and is swept then") {
  const SessionId id = logged_in(store, "ann");
  CHECK(files_in("principals").size() == 1);
  {
    auto session = store.lock(id);
    session->set_lifetime(20h);
    session->set_idle_timeout(15h);
    REQUIRE(session->commit());
  }
  system->advance(14h);
  static_cast<void>(store.gc());
  CHECK(store.sessions_of("ann")->size() == 1);
  system->advance(12h);
  const GcReport report = store.gc();
  CHECK(report.expired == 1);  // sessions
  CHECK(report.errors == 0);
  CHECK(files_in("principals").empty());
}

TEST_CASE_FIXTURE(FakeStore, "an index that is missing is rebuilt from the sessions") {
  const SessionId ann = logged_in(store, "ann");
  const SessionId bob = logged_in(store, "bob");
  const SessionId more = logged_in(store, "bob");
  static_cast<void>(make_session(store, {{"a", 1}}));
  for (const std::string& file : files_in("principals"))
    REQUIRE(system->unlink(sys::working_directory, file.c_str()) == 0);
  REQUIRE(system->rename(sys::working_directory, in_store("principals").c_str(), sys::working_directory,
                         "/srv/elsewhere", sys::RenameMode::replace) == 0);
  const Store again = open_store(system, path, {});
  CHECK(again.sessions_of("ann")->size() == 1);
  CHECK(again.sessions_of("bob")->size() == 2);
  CHECK(files_in("principals").size() >= 2);
  CHECK_FALSE(system->exists(in_store("principals.new")));
  CHECK(again.destroy_principal("bob").ok());
  CHECK(again.snapshot(ann));
  CHECK(again.snapshot(bob).outcome() == Outcome::absent);
  CHECK(again.snapshot(more).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(FakeStore, "a list of many sessions forgets those that have ended") {
  for (int i = 0; i < 200; ++i) {
    const SessionId id = logged_in(store, "ann");
    if (i > 0) REQUIRE(store.destroy(id).ok());
  }
  REQUIRE(files_in("principals").size() <= 2);
  CHECK(system->content(files_in("principals")[0]).size() < 128 + 8 + 28 * 40);
  CHECK(store.sessions_of("ann")->size() == 1);
}

TEST_CASE_FIXTURE(FakeStore, "a session that only seems to have ended stays in the list") {
  const Store limited = open_store(system, path, {.sessions_per_principal = 5});
  const SessionId worked_with = logged_in(limited, "ann");
  {
    // Under its lock past its idle timeout, while she logs in elsewhere.
    auto held = limited.lock(worked_with);
    held->set("upload", 1);
    system->advance(1h);
    static_cast<void>(logged_in(limited, "ann"));
    CHECK(held->commit().ok());
  }
  CHECK(limited.sessions_of("ann")->size() == 2);
  // The clock is ahead for a moment.
  system->set_wall_clock(std::chrono::nanoseconds(std::chrono::milliseconds(system->wall_clock())) + 24h);
  static_cast<void>(logged_in(limited, "ann"));
  system->set_wall_clock(std::chrono::nanoseconds(std::chrono::milliseconds(system->wall_clock())) - 24h);
  CHECK(limited.sessions_of("ann")->size() == 3);
  CHECK(limited.destroy_principal("ann").ok());
  CHECK(limited.snapshot(worked_with).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(FakeStore, "nothing is ended for the sake of a session that is not live itself") {
  const SessionId old = logged_in(store, "ann");
  const SessionId other = logged_in(store, "ann");
  CHECK(store.lock(old)->regenerate());
  CHECK(store.destroy_principal("ann", old.key()) == Outcome::superseded);
  CHECK(store.destroy_principal("ann", SessionKey()) == Outcome::gone);
  CHECK(store.sessions_of("ann")->size() == 2);
  CHECK(store.snapshot(other));
}

TEST_CASE_FIXTURE(FakeStore, "a principal needs a name and an authenticated session, and is not on disk in words") {
  CHECK_THROWS_AS(store.create({.principal = "ann"}), UsageError);
  CHECK_THROWS_AS(store.create({.kind = SessionKind::authenticated, .principal = ""}), UsageError);
  Session session = store.create({.kind = SessionKind::authenticated, .principal = "ann.example"});
  session.set("a", 1);
  REQUIRE(session.commit());
  for (const std::string& name : system->names_below(path)) {
    CHECK(name.find("ann.example") == std::string::npos);
    if (name.back() != '/')
      CHECK(system->text(std::string(path) + "/" + name).find("ann.example") == std::string::npos);
  }
}

}  // namespace
}  // namespace sess::test
