// What happens to a session's lock when its holder is killed, forks, or has no standard streams.
#include "store/core.hpp"
#include "support/broken_system.hpp"
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace sess::test {
namespace {

using std::chrono::milliseconds;

struct Fixture {
  TemporaryDirectory directory;
  std::string path = directory / "store";
  Store store = Store::open(path, {.create = true});
  SessionKey key = [&] {
    Session session = store.create();
    session.set("count", 1);
    REQUIRE(session.commit());
    return session.key();
  }();
};

TEST_CASE_FIXTURE(Fixture, "a killed holder leaves the committed version and a free lock") {
  Gate locked;
  Child holder([&] {
    const Store own = Store::open(path);
    Session session = own.lock(key).value();
    session.set("count", 2);
    locked.signal();
    for (;;) ::pause();
  });
  REQUIRE(locked.wait());
  const auto busy = store.lock(key, {milliseconds(0)});
  CHECK(busy.outcome() == Outcome::busy);
  holder.kill();
  CHECK(holder.wait() == -SIGKILL);
  const auto session = store.lock(key, {milliseconds(0)});
  REQUIRE(session);
  CHECK(session->get<int>("count") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a busy outcome names the process that holds the lock") {
  Gate locked;
  const Child holder([&] {
    const Store own = Store::open(path);
    const Session session = own.lock(key).value();
    locked.signal();
    for (;;) ::pause();
  });
  REQUIRE(locked.wait());
  const auto busy = store.lock(key, {milliseconds(1)});
  CHECK(busy.outcome() == Outcome::busy);
  CHECK(busy.status().holder() == holder.pid());
}

/// A holder forks a child that lives on, and is killed. True if the lock is free then.
bool free_after_fork(const Fixture& fixture, Breakage breakage) {
  Gate forked;
  Gate end;
  SharedCounter grandchild;
  Child holder([&] {
    const Store own = open_store(std::make_shared<BrokenSystem>(breakage), fixture.path, {});
    Session session = own.lock(fixture.key).value();
    const pid_t pid = ::fork();
    if (pid == 0) {
      forked.signal();
      end.wait();
      ::_exit(0);
    }
    grandchild.set(pid);
    for (;;) ::pause();
  });
  REQUIRE(forked.wait());
  holder.kill();
  holder.wait();
  const bool is_free = fixture.store.lock(fixture.key, {milliseconds(0)}).has_value();
  end.signal();
  return is_free;
}

TEST_CASE_FIXTURE(Fixture, "a killed holder that has forked leaves a free lock") {
  CHECK(free_after_fork(*this, Breakage::none));
}

TEST_CASE_FIXTURE(Fixture, "the test above notices a child that keeps its parent's lock") {
  CHECK_FALSE(free_after_fork(*this, Breakage::fork_keeps_locks));
}

/// Forks a child that lives on, once, in the moment between the open of a file and its announcement, as another thread
/// of the program may.
struct ForkingSystem final : BrokenSystem {
  ForkingSystem(Breakage breakage, Gate& child_runs, Gate& child_ends)
      : BrokenSystem(breakage), child_runs_(child_runs), child_ends_(child_ends) {}
  int status(int descriptor, sys::FileStatus& status) override {
    if (std::exchange(armed, false) && ::fork() == 0) {
      child_runs_.signal();
      child_ends_.wait();
      ::_exit(0);
    }
    return BrokenSystem::status(descriptor, status);
  }
  bool armed = false;

 private:
  Gate& child_runs_;
  Gate& child_ends_;
};

/// A holder that was forked from before its lock was announced, and is killed. True if the lock is free then.
bool free_after_fork_before_announcement(const Fixture& fixture, Breakage breakage) {
  Gate forked;
  Gate locked;
  Gate end;
  Child holder([&] {
    const auto system = std::make_shared<ForkingSystem>(breakage, forked, end);
    const Store own = open_store(system, fixture.path, {});
    system->armed = true;
    const Session session = own.lock(fixture.key).value();
    locked.signal();
    for (;;) ::pause();
  });
  REQUIRE(forked.wait());
  REQUIRE(locked.wait());
  CHECK(fixture.store.lock(fixture.key, {milliseconds(0)}).outcome() == Outcome::busy);
  holder.kill();
  holder.wait();
  const bool is_free = fixture.store.lock(fixture.key, {milliseconds(0)}).has_value();
  end.signal();
  return is_free;
}

TEST_CASE_FIXTURE(Fixture, "a fork between a thread's open and its announcement leaves no lock with the child") {
  CHECK(free_after_fork_before_announcement(*this, Breakage::none));
}

TEST_CASE_FIXTURE(Fixture, "the test above notices an announcement that does not look for forks") {
  CHECK_FALSE(free_after_fork_before_announcement(*this, Breakage::blind_to_forks));
}

TEST_CASE_FIXTURE(Fixture, "a forked child's copy of a session refuses to work and unlocks nothing") {
  std::optional<Session> session = store.lock(key).value();
  session->set("count", 2);
  Child child([&] {
    const auto refuses = [](const auto& work) {
      try {
        work();
      } catch (const UsageError&) {
        return;
      }
      throw std::runtime_error("a forked copy was allowed to work");
    };
    refuses([&] { static_cast<void>(session->commit()); });
    refuses([&] { static_cast<void>(session->touch()); });
    refuses([&] { static_cast<void>(session->destroy()); });
    session.reset();
    if (Store::open(path).lock(key, {milliseconds(0)})) throw std::runtime_error("the child unlocked the session");
  });
  CHECK(child.wait() == 0);
  CHECK(session->commit());
  session.reset();
  CHECK(store.snapshot(key)->get<int>("count") == 2);
}

TEST_CASE_FIXTURE(Fixture, "a forked child may use the store that its parent opened") {
  CHECK(run_processes(4, [&](int) {
          for (int i = 0; i < 50; ++i)
            if (!store.update(key, [](Editor& editor) { editor.add("count", 1); })) throw std::runtime_error("update");
        }) == 0);
  CHECK(store.snapshot(key)->get<int>("count") == 201);
}

TEST_CASE_FIXTURE(Fixture, "a thread that locks its own session again is told so at once") {
  const Session session = store.lock(key).value();
  CHECK_THROWS_AS(static_cast<void>(store.lock(key)), UsageError);
  CHECK_THROWS_AS(static_cast<void>(store.update(key, [](Editor&) {})), UsageError);
  CHECK(store.lock(key, {milliseconds(0)}).outcome() == Outcome::busy);
  std::thread([&] { CHECK(store.lock(key, {milliseconds(1)}).outcome() == Outcome::busy); }).join();
}

TEST_CASE_FIXTURE(Fixture, "a program without standard streams does not get a session file for one") {
  SharedCounter written;
  Child child([&] {
    const Store own = Store::open(path);
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    Session session = own.lock(key).value();
    // Whoever prints now must not print into the record.
    written.set(::write(STDOUT_FILENO, "garbage", 7));
    session.add("count", 1);
    if (!session.commit()) throw std::runtime_error("commit");
    const Store again = Store::open(path);
    if (::write(STDIN_FILENO, "garbage", 7) > 0 || ::write(STDERR_FILENO, "garbage", 7) > 0) ::_exit(3);
    if (again.gc().status != Outcome::ok) ::_exit(4);
  });
  CHECK(child.wait() == 0);
  CHECK(written.value() == -1);
  CHECK(store.snapshot(key)->get<int>("count") == 2);
}

}  // namespace
}  // namespace sess::test
