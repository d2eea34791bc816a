// Logout is final: a session that has been destroyed never comes back, whatever was in flight.
#include "store/core.hpp"
#include "support/broken_system.hpp"
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace sess::test {
namespace {

SessionKey make_session(const Store& store) {
  Session session = store.create();
  session.set("user", "ann");
  REQUIRE(session.commit());
  session.add("count", 1);
  REQUIRE(session.commit());
  return session.key();
}

TEST_CASE("a request that loaded a session before its logout writes nothing afterwards") {
  const TemporaryDirectory directory;
  const Store store = Store::open(directory / "store", {.create = true});
  const SessionKey key = make_session(store);
  Changes changes = store.snapshot(key).value().edit();
  changes.add("count", 1);
  REQUIRE(store.destroy(key));
  CHECK(store.merge(changes) == Outcome::gone);
  CHECK(store.update(key, [](Editor& editor) { editor.set("user", "ann"); }) == Outcome::absent);
  CHECK(store.touch(key) == Outcome::absent);
  CHECK(store.snapshot(key).outcome() == Outcome::absent);
  CHECK(files_below(directory / "store/shards").empty());
}

struct Tally {
  std::int64_t resurrected = 0;
  std::int64_t commits = 0;  // acknowledged while the session lived
  int failed_processes = 0;
};

/// Each round two processes change a session by update and by merge until they are told that it is gone, while a third
/// one ends it. Nothing may be left then.
Tally race(const std::string& below, Breakage breakage, CommitMethod method) {
  const TemporaryDirectory directory(below);
  const std::string path = directory / "store";
  const StoreOptions options{.create = true, .commit_method = method};
  const Store store = Store::open(path, options);
  SharedCounter commits;
  Tally tally;
  const int rounds = long_run() ? 5'000 : 200;
  for (int round = 0; round < rounds; ++round) {
    const SessionKey key = make_session(store);
    tally.failed_processes += run_processes(3, [&](int number) {
      const Store own = open_store(std::make_shared<BrokenSystem>(breakage), path, options);
      if (number == 0) {
        while (own.update(key, [](Editor& editor) { editor.add("count", 1); })) commits.add();
      } else if (number == 1) {
        for (;;) {
          const auto snapshot = own.snapshot(key);
          if (!snapshot) return;
          Changes changes = snapshot->edit();
          changes.add("count", 1);
          if (own.merge(changes) == Outcome::gone) return;
          commits.add();
        }
      } else {
        // Late enough that the others are at work, in some rounds more and in some less.
        const std::int64_t enough = commits.value() + round % 7;
        while (commits.value() < enough)
          if (!own.snapshot(key)) return;
        static_cast<void>(own.destroy(key));
      }
    });
    if (store.snapshot(key) || !files_below(path + "/shards").empty()) ++tally.resurrected;
    static_cast<void>(store.destroy(key));
  }
  tally.commits = commits.value();
  return tally;
}

void check_clean(CommitMethod method) {
  for (const std::string& below : file_systems()) {
    CAPTURE(below);
    const Tally tally = race(below, Breakage::none, method);
    CHECK(tally.failed_processes == 0);
    CHECK(tally.resurrected == 0);
    CHECK(tally.commits > 0);
  }
}

TEST_CASE("a session that is destroyed among commits does not come back") { check_clean(CommitMethod::automatic); }

TEST_CASE("a session that is destroyed among commits that rename does not come back") {
  check_clean(CommitMethod::rename_only);
}

TEST_CASE("the tests above notice a lock that locks nothing") {
  // Without a lock the two writers would go on for ever in a session that has come back, were it not for the files of
  // each other that they lose; so one round after another until something has.
  std::int64_t noticed = 0;
  for (int run = 0; run < 20 && noticed == 0; ++run) {
    const TemporaryDirectory directory;
    const StoreOptions options{.commit_method = CommitMethod::rename_only};
    Store::init(directory / "store");  // by a sound system: a broken one is refused
    const Store store = open_store(std::make_shared<BrokenSystem>(Breakage::no_lock), directory / "store", options);
    for (int round = 0; round < 200; ++round) {
      const SessionKey key = make_session(store);
      noticed += run_processes(2, [&](int number) {
        if (number == 0) {
          for (int i = 0; i < 5; ++i)
            static_cast<void>(store.update(key, [](Editor& editor) { editor.add("count", 1); }));
        } else {
          static_cast<void>(store.destroy(key));
        }
      });
      if (store.snapshot(key)) ++noticed;
      if (noticed > 0) break;
    }
  }
  CHECK(noticed > 0);
}

}  // namespace
}  // namespace sess::test
