// Who holds the locks of sessions, and who waits, as Store::lock_uses tells.
#include "format/names.hpp"
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace sess::test {
namespace {

struct Fixture {
  TemporaryDirectory directory;
  std::string path = directory / "store";
  Store store = Store::open(path, {.create = true});

  SessionKey make_session() const {
    Session session = store.create();
    session.set("count", 1);
    REQUIRE(session.commit());
    return session.key();
  }
  /// Holds a session's lock until it is let go, or killed.
  Child hold(const SessionKey& key, Gate& locked, Gate& let_go) const {
    Child holder([&] {
      ::prctl(PR_SET_NAME, "holder");
      const Session session = Store::open(path).lock(key).value();
      locked.signal();
      let_go.wait();
    });
    REQUIRE(locked.wait());
    return holder;
  }
};

std::vector<int> processes_of(const std::vector<LockUser>& users) {
  std::vector<int> processes;
  for (const LockUser& user : users) processes.push_back(user.process);
  return processes;
}

TEST_CASE_FIXTURE(Fixture, "a session that nobody uses is not listed") {
  make_session();
  CHECK(store.lock_uses().sessions.empty());
  CHECK(store.lock_uses().sweepers.empty());
}

TEST_CASE_FIXTURE(Fixture, "the holder of a session's lock is named, and who waits for it, until they are gone") {
  const SessionKey key = make_session();
  make_session();
  Gate locked;
  Gate let_go;
  Child holder = hold(key, locked, let_go);
  auto uses = store.lock_uses();
  REQUIRE(uses.sessions.size() == 1);
  CHECK(uses.sessions[0].key == key);
  REQUIRE(uses.sessions[0].holders.size() == 1);
  CHECK(uses.sessions[0].holders[0].process == holder.pid());
  CHECK(uses.sessions[0].holders[0].command == "holder");
  CHECK(uses.sessions[0].others.empty());
  Child waiter([&] {
    if (!Store::open(path).update(key, [](Editor& editor) { editor.add("count", 1); }).ok())
      throw std::runtime_error("update failed");
  });
  while (uses.sessions[0].others.empty()) {
    uses = store.lock_uses();
    REQUIRE(uses.sessions.size() == 1);
  }
  CHECK(processes_of(uses.sessions[0].holders) == std::vector{holder.pid()});
  CHECK(processes_of(uses.sessions[0].others) == std::vector{waiter.pid()});
  holder.kill();
  CHECK(waiter.wait() == 0);
  CHECK(store.lock_uses().sessions.empty());
}

TEST_CASE_FIXTURE(Fixture, "the lock of a session is shown while commits replace its file") {
  const SessionKey key = make_session();
  Session session = store.lock(key).value();
  for (int turn = 0; turn < 3; ++turn) {
    const auto uses = store.lock_uses();
    REQUIRE(uses.sessions.size() == 1);
    CHECK(uses.sessions[0].key == key);
    CHECK(processes_of(uses.sessions[0].holders) == std::vector{::getpid()});
    session.set("turn", turn);
    REQUIRE(session.commit());
  }
  session.release();
  CHECK(store.lock_uses().sessions.empty());
}

TEST_CASE_FIXTURE(Fixture, "locks of another store are not listed, though its sessions have the same names") {
  const SessionKey key = make_session();
  const Store other = Store::open(directory / "other", {.create = true});
  const std::string record = directory / "other/shards/" + format::record_name(key).c_str();
  const int file = ::open(record.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(file >= 0);
  REQUIRE(::flock(file, LOCK_EX) == 0);
  CHECK(store.lock_uses().sessions.empty());
  CHECK(other.lock_uses().sessions.size() == 1);
  ::close(file);
}

TEST_CASE_FIXTURE(Fixture, "who has the lock is named, and not the one that took it and has ended") {
  const SessionKey key = make_session();
  const std::string record = path + "/shards/" + format::record_name(key).c_str();
  Gate locked;
  Gate let_go;
  SharedCounter heir;
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);  // so that the end of the heir can be waited for
  Child taker([&] {
    const int file = ::open(record.c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0 || ::flock(file, LOCK_EX) != 0) throw std::runtime_error("cannot lock");
    if (::fork() != 0) return;
    heir.add(::getpid());
    locked.signal();
    let_go.wait();
    ::_exit(0);
  });
  REQUIRE(locked.wait());
  REQUIRE(taker.wait() == 0);
  const auto uses = store.lock_uses();
  REQUIRE(uses.sessions.size() == 1);
  CHECK(processes_of(uses.sessions[0].holders) == std::vector{static_cast<int>(heir.add(0))});
  let_go.signal();
  REQUIRE(::waitpid(static_cast<pid_t>(heir.add(0)), nullptr, 0) > 0);
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 0) == 0);
  CHECK(store.lock_uses().sessions.empty());
}

TEST_CASE_FIXTURE(Fixture, "a sweep under way is named") {
  Gate sweeping;
  Gate go_on;
  Child sweeper([&] {
    const int file = ::open((path + "/" + format::gc_file).c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0 || ::flock(file, LOCK_EX) != 0) throw std::runtime_error("cannot lock");
    sweeping.signal();
    go_on.wait();
  });
  REQUIRE(sweeping.wait());
  CHECK(processes_of(store.lock_uses().sweepers) == std::vector{sweeper.pid()});
  go_on.signal();
  CHECK(sweeper.wait() == 0);
  CHECK(store.lock_uses().sweepers.empty());
}

}  // namespace
}  // namespace sess::test
