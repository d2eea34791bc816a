// What a review of the index of principals has found, each by what went wrong.
#include "fake_store.hpp"
#include "hooked_system.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

struct Fixture : FakeStore {
  static Session login(const Store& store, const std::string& principal) {
    Session session = store.create({.kind = SessionKind::authenticated, .principal = principal});
    session.set("user", principal);
    return session;
  }
  SessionKey logged_in(const std::string& principal) const {
    Session session = login(store, principal);
    REQUIRE(session.commit().ok());
    return session.key();
  }
  /// Of the only principal.
  std::string list_file() const {
    for (const std::string& file : files_in("principals"))
      if (file.back() != '~') return file;
    return {};
  }
  void spoil(const std::string& file) const {
    std::vector<std::byte> content = system->content(file);
    content.back() ^= std::byte{1};
    system->set_content(file, content);
  }
  void remove_index() const {
    REQUIRE(system->rename(sys::working_directory, in_store("principals").c_str(), sys::working_directory,
                           "/srv/elsewhere", sys::RenameMode::replace) == 0);
  }
  std::vector<SessionKey> listed(const std::string& principal) const {
    std::vector<SessionKey> keys;
    const auto sessions = store.sessions_of(principal);
    for (const SessionEntry& entry : sessions.value()) keys.push_back(entry.key);
    return keys;
  }
  bool lists(const std::string& principal, const SessionKey& key) const {
    const auto keys = listed(principal);
    return std::ranges::find(keys, key) != keys.end();
  }
};

/// Lets a test in while an index is rebuilt.
struct StoppingAtSync final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int sync_file_system(int descriptor) override {
    in_between();
    return ForwardingSystem::sync_file_system(descriptor);
  }
  std::function<void()> in_between;
};

TEST_CASE_FIXTURE(Fixture, "a child that was forked while the index was rebuilt waited for ever") {
  static_cast<void>(logged_in("ann"));
  remove_index();
  const auto stopping = std::make_shared<StoppingAtSync>(system);
  const Store other = open_store(stopping, path, {});
  int asked = 0;
  stopping->in_between = [&] {
    ++asked;
    // As a child would, or another thread: that the lock for it is not free is an answer.
    CHECK_THROWS_AS(static_cast<void>(other.sessions_of("ann")), IoError);
  };
  CHECK(other.sessions_of("ann")->size() == 1);
  CHECK(asked == 1);
}

TEST_CASE_FIXTURE(Fixture, "an index was rebuilt with a sync for every session") {
  std::vector<SessionKey> sessions;
  for (int i = 0; i < 60; ++i) sessions.push_back(logged_in(i % 2 == 0 ? "ann" : "bob"));
  remove_index();
  system->clear_log();
  CHECK(store.sessions_of("ann")->size() == 30);
  // The whole file system, and the name of the index.
  CHECK(system->calls(Call::sync_file_system) == 1);
  CHECK(system->calls(Call::sync) + system->calls(Call::sync_data) == 1);
  const auto log = system->log();
  const auto of = [&](Call call) { return std::ranges::find(log, call, &LoggedCall::call) - log.begin(); };
  const auto named = std::ranges::find_if(log, [](const LoggedCall& call) {
    return call.call == Call::rename && call.path.find("principals.new ->") != std::string::npos;
  });
  CHECK(of(Call::sync_file_system) < named - log.begin());
  // Each principal's record once.
  CHECK(files_in("principals").size() == 2);
  CHECK(store.sessions_of("bob")->size() == 30);
}

TEST_CASE_FIXTURE(Fixture, "a login that was decided before its index was lost got away from the end of all sessions") {
  static_cast<void>(logged_in("ann"));
  Session before = login(store, "ann");
  static_cast<void>(store.destroy_principal("ann"));
  static_cast<void>(logged_in("ann"));
  remove_index();
  CHECK(store.sessions_of("ann")->size() == 1);
  CHECK(before.commit() == Outcome::gone);
}

TEST_CASE_FIXTURE(Fixture, "one more login in one's own session counted that session against the limit") {
  for (const bool refuse : {true, false}) {
    CAPTURE(refuse);
    const std::string who = refuse ? "ann" : "bob";
    const Store limited = open_store(system, path, {.sessions_per_principal = 2, .refuse_beyond_limit = refuse});
    const SessionKey oldest = logged_in(who);
    const SessionKey own = logged_in(who);
    for (const SessionKey& replaced : {own, oldest}) {
      auto old = limited.lock(replaced);
      REQUIRE(old);
      Session next = limited.create({.kind = SessionKind::authenticated, .principal = who, .replaces = replaced});
      CHECK(next.commit().ok());
      CHECK(old->supersede().ok());
      CHECK(limited.sessions_of(who)->size() == 2);
      if (replaced == own) CHECK(limited.snapshot(oldest).outcome() == Outcome::ok);
    }
    // A program that says so and does not do it.
    const SessionKey stays = limited.sessions_of(who)->front().key;
    Session more = limited.create({.kind = SessionKind::authenticated, .principal = who, .replaces = stays});
    CHECK(more.commit().ok());
    CHECK(limited.snapshot(stays).outcome() == Outcome::ok);
    CHECK(limited.sessions_of(who)->size() == 3);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "a principal's record that was damaged was recovered from a version without the last session") {
  const SessionKey first = logged_in("ann");
  static_cast<void>(logged_in("bob"));
  const SessionKey last = logged_in("ann");
  std::vector<std::string> files = files_in("principals");
  for (const std::string& file : files)
    if (file.back() != '~') spoil(file);

  SUBCASE("it is listed") { CHECK(listed("ann") == std::vector{first, last}); }
  SUBCASE("it is ended") {
    CHECK(store.destroy_principal("ann").ok());
    CHECK(store.snapshot(last).outcome() == Outcome::absent);
  }
  SUBCASE("it is ended where a spare has gone, too, and the bytes are kept") {
    for (const std::string& file : files)
      if (file.back() == '~') system->set_content(file, {});
    CHECK(store.destroy_principal("ann").ok());
    CHECK(store.snapshot(first).outcome() == Outcome::absent);
    CHECK(store.snapshot(last).outcome() == Outcome::absent);
    CHECK(files_in("quarantine").size() == 2);
    CHECK(store.sessions_of("bob")->size() == 1);
  }
  SUBCASE("it is ended where the record was left empty") {
    for (const std::string& file : files) system->set_content(file, {});
    CHECK(store.destroy_principal("ann").ok());
    CHECK(store.snapshot(last).outcome() == Outcome::absent);
    CHECK(store.destroy_principal("bob").ok());
    int left = 0;
    store.list([&](const SessionEntry&) { return ++left > 0; });
    CHECK(left == 0);
  }
  SUBCASE("it counts") {
    const Store limited = open_store(system, path, {.sessions_per_principal = 2, .refuse_beyond_limit = true});
    CHECK(login(limited, "ann").commit() == Outcome::limit_reached);
  }
  SUBCASE("it is listed although the session itself has to be recovered") {
    REQUIRE(store.update(last, [](Editor& editor) { editor.set("n", 1); }).ok());
    spoil(record(last));
    CHECK(store.destroy_principal("ann").ok());
    CHECK_FALSE(store.snapshot(last));
  }
  SUBCASE("it can be regenerated, and ended then") {
    SessionKey next;
    {
      const auto session = store.lock(last)->regenerate();
      REQUIRE(session);
      next = session->key();
    }
    CHECK(store.destroy_principal("ann").ok());
    CHECK(store.snapshot(next).outcome() == Outcome::absent);
  }
  SUBCASE("a sweep leaves it alone") {
    for (const std::string& file : files_in("principals")) system->set_modified(file, {1, 0});
    const GcReport report = store.gc();
    CHECK(report.unreadable == 2);
    CHECK(report.quarantined == 0);
    CHECK(listed("ann") == std::vector{first, last});
  }
  // However it was put right, it is.
  for (const char* who : {"ann", "bob"}) static_cast<void>(store.sessions_of(who));
  CHECK(store.gc().unreadable == 0);
}

TEST_CASE_FIXTURE(Fixture, "a login that was decided before the end of all sessions got in over a damaged list") {
  static_cast<void>(logged_in("ann"));
  for (const bool spare_too : {false, true}) {
    CAPTURE(spare_too);
    static_cast<void>(logged_in("ann"));
    Session before = login(store, "ann");
    CHECK(store.destroy_principal("ann").ok());
    for (const std::string& file : files_in("principals"))
      if (spare_too || file.back() != '~') spoil(file);
    CHECK(before.commit() == Outcome::gone);
    CHECK(login(store, "ann").commit().ok());
  }
}

TEST_CASE_FIXTURE(Fixture, "a session that had to be recovered was missing from a rebuilt index") {
  const SessionKey key = logged_in("ann");
  REQUIRE(store.update(key, [](Editor& editor) { editor.set("n", 1); }).ok());
  spoil(record(key));
  remove_index();
  CHECK(lists("ann", key));
  CHECK(store.snapshot(key));
  CHECK(store.destroy_principal("ann").ok());
  CHECK_FALSE(store.snapshot(key));
}

TEST_CASE_FIXTURE(Fixture, "a list that was made again had forgotten which session is the oldest") {
  std::vector<SessionKey> sessions;
  for (int i = 0; i < 8; ++i) {
    sessions.push_back(logged_in("ann"));
    system->advance(1s);
  }
  for (int i = 0; i < 2; ++i) {
    auto next = store.lock(sessions.back())->regenerate();
    REQUIRE(next);
    sessions.back() = next->key();
  }
  SUBCASE("rebuilt") { remove_index(); }
  SUBCASE("damaged") {
    for (const std::string& file : files_in("principals")) system->set_content(file, {});
  }
  CHECK(listed("ann") == sessions);
  const Store limited = open_store(system, path, {.sessions_per_principal = 8});
  CHECK(login(limited, "ann").commit().ok());
  CHECK(store.snapshot(sessions.front()).outcome() == Outcome::absent);
  CHECK(store.sessions_of("ann")->size() == 8);
}

TEST_CASE_FIXTURE(Fixture, "an index was rebuilt without the sessions that could not be read") {
  const SessionKey key = logged_in("ann");
  std::vector<std::byte> content = system->content(record(key));
  content.at(8) = std::byte{99};  // the version of the format
  system->set_content(record(key), content);
  remove_index();
  CHECK_THROWS_AS(static_cast<void>(store.sessions_of("ann")), UnsupportedRecord);
  CHECK_FALSE(system->exists(in_store("principals")));
}

TEST_CASE_FIXTURE(Fixture, "no session of a principal could be ended on a full disk") {
  std::vector<SessionKey> sessions;
  for (int i = 0; i < 40; ++i) sessions.push_back(logged_in("ann"));
  // The next version of the list needs a block more than its spare has, or there is no spare.
  for (const std::string& file : files_in("principals"))
    if (file.back() == '~') REQUIRE(system->unlink(sys::working_directory, file.c_str()) == 0);
  const auto fill_disk = [this] {
    std::uint64_t blocks = 0;
    const DiskImage image = system->image();
    for (const auto& [inode, file] : image.files) blocks += (file.content.size() + 4095) / 4096 * 8;
    system->limit_space(blocks, image.files.size());
  };
  SUBCASE("all") {
    fill_disk();
    CHECK(store.destroy_principal("ann").ok());
    for (const SessionKey& key : sessions) CHECK_FALSE(store.snapshot(key));
  }
  SUBCASE("all but one") {
    fill_disk();
    CHECK(store.destroy_principal("ann", sessions[7]).ok());
    for (const SessionKey& key : sessions) CHECK(store.snapshot(key).has_value() == (key == sessions[7]));
    system->limit_space(UINT64_MAX, UINT64_MAX);
    CHECK(store.lock(sessions[7])->regenerate());
  }
  SUBCASE("none whose end cannot be counted is said to have ended") {
    system->fail({.call = Call::open, .nth = 1, .error = ENOSPC, .repeat = Repeat::for_good, .path = ".temp"});
    CHECK_THROWS_AS(static_cast<void>(store.destroy_principal("ann")), IoError);
    for (const SessionKey& key : sessions) CHECK_FALSE(store.snapshot(key));
    system->clear_faults();
    CHECK(store.destroy_principal("ann").ok());
  }
}

TEST_CASE_FIXTURE(Fixture, "one session of a newer format hid all of a principal") {
  const SessionKey first = logged_in("ann");
  const SessionKey second = logged_in("ann");
  std::vector<std::byte> content = system->content(record(first));
  content.at(8) = std::byte{99};
  system->set_content(record(first), content);
  const auto sessions = store.sessions_of("ann");
  REQUIRE(sessions);
  REQUIRE(sessions->size() == 2);
  CHECK(sessions->at(0).key == first);
  CHECK(sessions->at(0).problem.find("newer") != std::string::npos);
  CHECK(sessions->at(1).key == second);
  CHECK(sessions->at(1).problem.empty());
}

TEST_CASE_FIXTURE(Fixture, "a list that was busy was taken for an empty one") {
  const SessionKey key = logged_in("ann");
  spoil(list_file());
  const Store impatient = open_store(system, path, {.lock_timeout = 0ms});
  const int held = system->open(sys::working_directory, list_file().c_str(), sys::OpenMode::read_write);
  REQUIRE(system->try_lock(held) == 0);
  CHECK(impatient.sessions_of("ann").outcome() == Outcome::busy);
  CHECK(impatient.destroy_principal("ann") == Outcome::busy);
  Session session = login(impatient, "ann");
  REQUIRE(system->close(held) == 0);
  // When it was decided is not known, so that the end of all sessions since could not be told.
  CHECK(session.commit() == Outcome::busy);
  CHECK_FALSE(store.snapshot(session.key()));
  CHECK(login(impatient, "ann").commit().ok());
  CHECK(lists("ann", key));
}

TEST_CASE_FIXTURE(Fixture, "a session was made although its entry was perhaps not on disk") {
  static_cast<void>(logged_in("ann"));
  system->fail({.call = Call::sync, .nth = 1, .error = EIO, .repeat = Repeat::once, .path = "principals"});
  Session session = login(store, "ann");
  CHECK_THROWS_AS(static_cast<void>(session.commit()), IoError);
  CHECK(store.snapshot(session.key()).outcome() == Outcome::absent);
  CHECK(session.commit().ok());
}

TEST_CASE_FIXTURE(Fixture, "a logout that had ended a session said busy, because an ID before it was locked") {
  const SessionKey first = logged_in("ann");
  SessionKey last;
  {
    auto second = store.lock(first)->regenerate();
    auto third = second->regenerate();
    last = third->key();
  }
  const int held = system->open(sys::working_directory, record(first).c_str(), sys::OpenMode::read_write);
  const auto hooked = std::make_shared<HookedSystem>(system);
  const Store other = open_store(hooked, path, {.lock_timeout = 0ms});
  hooked->before_status_at = [&] {
    // The first one is locked to see where it leads; once it has been left somebody else locks it.
    hooked->before_status_at = [&] { hooked->before_status_at = [&] { REQUIRE(system->try_lock(held) == 0); }; };
  };
  CHECK(other.destroy(first).ok());
  CHECK(store.snapshot(last).outcome() == Outcome::absent);
  CHECK(store.snapshot(first).outcome() == Outcome::superseded);
  REQUIRE(system->close(held) == 0);
  CHECK(store.update(first, [](Editor& editor) { editor.set("n", 1); }) == Outcome::superseded);
  CHECK(store.destroy(first).ok());
}

TEST_CASE("the end of all others leaves the earlier IDs of the one that stays, which tell a login to wait") {
  const Fixture fixture;
  const SessionKey other = fixture.logged_in("ann");
  Session first = Fixture::login(fixture.store, "ann");
  REQUIRE(first.commit().ok());
  const SessionKey earliest = first.key();
  auto second = first.regenerate();
  REQUIRE(second);
  const SessionKey earlier = second->key();
  auto last = second->regenerate();
  REQUIRE(last);
  last->release();
  const SessionKey replaced = fixture.logged_in("ann");
  REQUIRE(fixture.store.lock(replaced)->supersede().ok());
  REQUIRE(fixture.store.destroy_principal("ann", last->key()).ok());
  CHECK(fixture.store.snapshot(last->key()).outcome() == Outcome::ok);
  CHECK(fixture.store.snapshot(earlier).outcome() == Outcome::superseded);
  CHECK(fixture.store.snapshot(earliest).outcome() == Outcome::superseded);
  CHECK(fixture.store.snapshot(other).outcome() == Outcome::absent);
  CHECK(fixture.store.snapshot(replaced).outcome() == Outcome::absent);
  // Without an exception nothing stays.
  REQUIRE(fixture.store.destroy_principal("ann").ok());
  for (const SessionKey& key : {last->key(), earlier, earliest})
    CHECK(fixture.store.snapshot(key).outcome() == Outcome::absent);
}

}  // namespace
}  // namespace sess::test
