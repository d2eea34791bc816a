// The lock of a name: verified, bounded by a deadline, never waited for by its own holder.
#include "fs/file_lock.hpp"

#include "fake_ground.hpp"
#include "hooked_system.hpp"
#include "support/temporary_directory.hpp"

#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>

using namespace sess;
using fs::acquire;
using fs::Acquisition;
using fs::Deadline;
using fs::Directory;
using fs::FileLock;
using sys::OpenMode;
using sys::RenameMode;
using test::Call;
using test::FakeGround;
using namespace std::chrono_literals;
using Outcome = fs::Acquisition::Outcome;

namespace {

/// A real directory, and another program in it that acts while the waiter pauses.
struct WaitingGround {
  test::TemporaryDirectory temporary;
  test::HookedSystem system;
  Directory directory = Directory::open(system, temporary.path());

  int other_opens(const char* name, OpenMode mode = OpenMode::read_write) {
    const int descriptor = system.open(directory.descriptor(), name, mode);
    REQUIRE(descriptor >= 3);
    return descriptor;
  }
  int other_locks(const char* name, OpenMode mode = OpenMode::read_write) {
    const int descriptor = other_opens(name, mode);
    REQUIRE(system.try_lock(descriptor) == 0);
    return descriptor;
  }
  Acquisition acquire_within(std::chrono::nanoseconds timeout) {
    return acquire(directory, "a", Deadline::after(system, timeout));
  }
  bool is_locked(const char* name) {
    const int descriptor = other_opens(name);
    const bool locked = system.try_lock(descriptor) == -EWOULDBLOCK;
    system.close(descriptor);
    return locked;
  }
};

/// Does something in the moment between open and flock: then only the look at the name can tell.
struct MovingSystem final : test::BrokenSystem {
  MovingSystem() : BrokenSystem(test::Breakage::none) {}
  int try_lock(int descriptor) override {
    if (move) std::exchange(move, nullptr)();
    return BrokenSystem::try_lock(descriptor);
  }
  std::function<void()> move;
};

struct MovingGround {
  test::TemporaryDirectory temporary;
  MovingSystem system;
  Directory directory = Directory::open(system, temporary.path());

  MovingGround() {
    for (const char* name : {"a", "next"})
      system.close(system.open(directory.descriptor(), name, OpenMode::create_exclusive));
  }
  void exchange() { system.rename(directory.descriptor(), "next", directory.descriptor(), "a", RenameMode::exchange); }
};

}  // namespace

TEST_CASE("a free lock is acquired at once, and tells of the file that is linked at the name") {
  WaitingGround ground;
  ground.system.close(ground.other_opens("a", OpenMode::create_exclusive));
  for (const auto timeout : {0s, 1s}) {
    const Acquisition acquired = ground.acquire_within(timeout);
    CHECK(acquired.outcome == Outcome::locked);
    CHECK(acquired.lock);
    CHECK(acquired.lock.own());
    CHECK(acquired.lock.identity() == ground.directory.status("a")->identity);
    CHECK(acquired.status.identity == acquired.lock.identity());
    CHECK(ground.is_locked("a"));
  }
  CHECK_FALSE(ground.is_locked("a"));
  CHECK(ground.system.pauses().empty());
}

TEST_CASE("a name that is not there is absent, without a wait") {
  WaitingGround ground;
  for (const auto timeout : {0s, 1s}) CHECK(ground.acquire_within(timeout).outcome == Outcome::absent);
  CHECK(ground.system.pauses().empty());
}

TEST_CASE("a lock that is held is busy: at once without a deadline, else when that has passed") {
  FakeGround ground({.process = 4242});
  ground.system.set_text("/a", "");
  const int other = ground.lock_elsewhere("/a");
  const auto start = ground.system.monotonic_clock();
  const Acquisition at_once = acquire(ground.directory, "a", Deadline::none());
  CHECK(at_once.outcome == Outcome::busy);
  CHECK(at_once.holder == 0);  // not worth a look at the kernel's table
  CHECK_FALSE(at_once.lock);
  CHECK(ground.system.monotonic_clock() == start);
  const Acquisition later = acquire(ground.directory, "a", Deadline::after(ground.system, 3s));
  CHECK(later.outcome == Outcome::busy);
  CHECK(later.holder == 4242);
  CHECK(ground.system.monotonic_clock() - start == 3s);
  CHECK(ground.system.close(other) == 0);
  CHECK(acquire(ground.directory, "a", Deadline::none()).outcome == Outcome::locked);
  CHECK(ground.system.leaks().locks.empty());
  CHECK(ground.system.leaks().announced == 0);
}

TEST_CASE("a waiter gets the lock when its holder lets it go") {
  WaitingGround ground;
  const int other = ground.other_locks("a", OpenMode::create_exclusive);
  ground.system.on_pause([&](std::size_t count) {
    if (count == 5) ground.system.close(other);
  });
  CHECK(ground.acquire_within(1s).outcome == Outcome::locked);
  CHECK(ground.system.pauses().size() == 5);
}

TEST_CASE("a waiter follows the name to another inode, and never holds the old one") {
  WaitingGround ground;
  const int old_file = ground.other_locks("a", OpenMode::create_exclusive);
  const int new_file = ground.other_locks("next", OpenMode::create_exclusive);
  ground.system.on_pause([&](std::size_t count) {
    // A commit of the holder: the new inode takes over the name, the old one is released.
    if (count == 3) {
      ground.system.rename(ground.directory.descriptor(), "next", ground.directory.descriptor(), "a",
                           RenameMode::exchange);
      ground.system.close(old_file);
    }
    if (count == 6) ground.system.close(new_file);
  });
  const Acquisition acquired = ground.acquire_within(1s);
  CHECK(acquired.outcome == Outcome::locked);
  CHECK(acquired.lock.identity() == ground.directory.status("a")->identity);
  CHECK(ground.is_locked("a"));
  CHECK_FALSE(ground.is_locked("next"));  // which is the old inode now
}

TEST_CASE("a lock that was got on an inode without the name is given back and sought anew") {
  MovingGround ground;
  ground.system.move = [&] { ground.exchange(); };
  const Acquisition acquired = acquire(ground.directory, "a", Deadline::after(ground.system, 10s));
  CHECK(acquired.outcome == Outcome::locked);
  CHECK(acquired.lock.identity() == ground.directory.status("a")->identity);
  CHECK(acquired.status.identity == acquired.lock.identity());
}

TEST_CASE("who may not wait is told that the name has moved on, or is gone") {
  MovingGround ground;
  ground.system.move = [&] { ground.exchange(); };
  CHECK(acquire(ground.directory, "a", Deadline::none()).outcome == Outcome::busy);
  ground.system.move = [&] { ground.directory.unlink("a"); };
  CHECK(acquire(ground.directory, "a", Deadline::none()).outcome == Outcome::absent);
}

TEST_CASE("a waiter learns that the session has been destroyed") {
  WaitingGround ground;
  const int other = ground.other_locks("a", OpenMode::create_exclusive);
  ground.system.on_pause([&](std::size_t count) {
    if (count == 4) ground.system.unlink(ground.directory.descriptor(), "a");
  });
  CHECK(ground.acquire_within(1s).outcome == Outcome::absent);
  CHECK(ground.system.pauses().size() == 4);  // the old inode is still locked: it was not waited for
  ground.system.close(other);
}

TEST_CASE("a name that moves on again and again is followed until the deadline and no longer") {
  WaitingGround ground;
  int other = ground.other_locks("a", OpenMode::create_exclusive);
  ground.system.on_pause([&](std::size_t) {
    const int next = ground.other_locks("next", OpenMode::create_exclusive);
    ground.system.rename(ground.directory.descriptor(), "next", ground.directory.descriptor(), "a",
                         RenameMode::replace);
    ground.system.close(std::exchange(other, next));
  });
  const auto start = ground.system.monotonic_clock();
  CHECK(ground.acquire_within(50ms).outcome == Outcome::busy);
  CHECK(ground.system.monotonic_clock() - start == 50ms);
  ground.system.close(other);
}

TEST_CASE("a thread that holds the lock is told so instead of waiting for itself") {
  WaitingGround ground;
  ground.system.close(ground.other_opens("a", OpenMode::create_exclusive));
  Acquisition first = ground.acquire_within(0s);
  REQUIRE(first.outcome == Outcome::locked);
  CHECK_THROWS_AS(static_cast<void>(ground.acquire_within(1h)), UsageError);
  CHECK(ground.acquire_within(0s).outcome == Outcome::busy);  // only a try
  CHECK(ground.system.pauses().empty());
  first.lock.release();
  CHECK(ground.acquire_within(1h).outcome == Outcome::locked);
}

TEST_CASE("what fails on the way to a lock is thrown with the path, and nothing stays open or locked") {
  for (const auto& [call, what] :
       {std::pair{Call::open, "open \"//a\""}, std::pair{Call::status, "stat \"//a\""},
        std::pair{Call::try_lock, "lock \"//a\""}, std::pair{Call::status_at, "stat \"//a\""}}) {
    FakeGround ground;
    ground.system.set_text("/a", "");
    ground.system.fail(call, 1, ENOLCK);
    try {
      static_cast<void>(acquire(ground.directory, "a", Deadline::after(ground.system, 1s)));
      FAIL("no error");
    } catch (const IoError& error) {
      CHECK(std::string(error.what()).starts_with(what));
      CHECK(error.error_number() == ENOLCK);
    }
    const auto leaks = ground.system.leaks();
    CHECK(leaks.descriptors.size() == 1);  // the directory
    CHECK(leaks.locks.empty());
    CHECK(leaks.announced == 0);
  }
}

TEST_CASE("a stale handle of a network file system is tried again, within the deadline") {
  FakeGround ground;
  ground.system.set_text("/a", "");
  for (const Call call : {Call::open, Call::status, Call::try_lock, Call::status_at}) {
    CAPTURE(to_string(call));
    ground.system.clear_faults();
    ground.system.fail(call, 1, ESTALE);
    CHECK(acquire(ground.directory, "a", Deadline::after(ground.system, 1s)).outcome == Outcome::locked);
    ground.system.fail(call, 1, ESTALE, test::Repeat::for_good);
    CHECK_THROWS_AS(static_cast<void>(acquire(ground.directory, "a", Deadline::after(ground.system, 1s))), IoError);
    CHECK_THROWS_AS(static_cast<void>(acquire(ground.directory, "a", Deadline::none())), IoError);
    CHECK(ground.system.leaks().locks.empty());
    CHECK(ground.system.leaks().announced == 0);
  }
}

TEST_CASE("a release unlocks before it closes, and only once") {
  FakeGround ground;
  ground.system.set_text("/a", "");
  Acquisition acquired = acquire(ground.directory, "a", Deadline::none());
  ground.system.clear_log();
  acquired.lock.release();
  acquired.lock.release();
  CHECK_FALSE(acquired.lock);
  const auto log = ground.system.log();
  REQUIRE(log.size() == 2);
  CHECK(log[0].call == Call::unlock);
  CHECK(log[1].call == Call::close);
  CHECK(ground.system.leaks().announced == 0);
}

TEST_CASE("a lock that moves is held by the one that it moved to") {
  FakeGround ground;
  ground.system.set_text("/a", "");
  ground.system.set_text("/b", "");
  FileLock a = std::move(acquire(ground.directory, "a", Deadline::none()).lock);
  FileLock b = std::move(acquire(ground.directory, "b", Deadline::none()).lock);
  CHECK(ground.system.leaks().locks.size() == 2);
  const auto identity = b.identity();
  a = std::move(b);  // what it held is released
  CHECK(a.identity() == identity);
  CHECK_FALSE(b);  // NOLINT(bugprone-use-after-move): that is the question
  CHECK(ground.system.leaks().locks.size() == 1);
  FileLock& self = a;
  a = std::move(self);
  CHECK(a);
  CHECK(ground.system.leaks().locks.size() == 1);
  { const FileLock last = std::move(a); }
  CHECK(ground.system.leaks().locks.empty());
}

TEST_CASE("in a forked child a lock is dead, and its number is not touched") {
  FakeGround ground;
  ground.system.set_text("/a", "");
  Acquisition acquired = acquire(ground.directory, "a", Deadline::none());
  const int number = acquired.lock.file().get();
  CHECK(ground.system.continue_as_forked_child() == 1);
  // The number may belong to something else by now.
  REQUIRE(ground.system.open(sys::working_directory, "/a", OpenMode::read) == number);
  CHECK_FALSE(acquired.lock.own());
  ground.system.clear_log();
  acquired.lock.release();
  CHECK(ground.system.log().empty());
  CHECK(ground.system.close(number) == 0);
}
