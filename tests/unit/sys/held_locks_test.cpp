// What a forked child does with the locks of its parent.
#include "sys/held_locks.hpp"

#include "support/processes.hpp"
#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <thread>

using namespace sess;

namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);  // a child has no doctest: it exits with 1
}

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) != -1; }

struct OpenFile {
  explicit OpenFile(const std::string& path)
      : descriptor(system.open(sys::working_directory, path.c_str(), sys::OpenMode::create_exclusive)) {
    REQUIRE(descriptor >= 3);
    sys::FileStatus status;
    REQUIRE(system.status(descriptor, status) == 0);
    identity = status.identity;
  }
  ~OpenFile() { system.close(descriptor); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool announce() { return system.announce_lock(descriptor, identity, system.fork_count()); }

  sys::PosixSystem system;
  int descriptor;
  sys::FileIdentity identity;
};

}  // namespace

TEST_CASE("a descriptor is held from its announcement to its withdrawal, by the thread that announced it") {
  const test::TemporaryDirectory directory;
  OpenFile file(directory / "a");
  const OpenFile other(directory / "b");
  CHECK_FALSE(file.system.locked_by_this_thread(file.identity, -1));
  REQUIRE(file.announce());
  CHECK(file.system.locked_by_this_thread(file.identity, -1));
  CHECK_FALSE(file.system.locked_by_this_thread(other.identity, -1));
  CHECK_FALSE(file.system.locked_by_this_thread(file.identity, file.descriptor));
  bool elsewhere = true;
  std::thread([&] { elsewhere = file.system.locked_by_this_thread(file.identity, -1); }).join();
  CHECK_FALSE(elsewhere);
  CHECK(file.system.withdraw_lock(file.descriptor));
  CHECK_FALSE(file.system.withdraw_lock(file.descriptor));
  CHECK_FALSE(file.system.locked_by_this_thread(file.identity, -1));
}

TEST_CASE("a file that is announced twice is held until both are withdrawn") {
  const test::TemporaryDirectory directory;
  OpenFile file(directory / "a");
  const int second = file.system.open(sys::working_directory, (directory / "a").c_str(), sys::OpenMode::read_write);
  REQUIRE(second >= 3);
  REQUIRE(file.announce());
  REQUIRE(file.system.announce_lock(second, file.identity, file.system.fork_count()));
  CHECK(file.system.withdraw_lock(file.descriptor));
  CHECK(file.system.locked_by_this_thread(file.identity, -1));
  CHECK(file.system.withdraw_lock(second));
  CHECK_FALSE(file.system.locked_by_this_thread(file.identity, -1));
  file.system.close(second);
}

TEST_CASE("a forked child has closed what was announced, and nothing else") {
  const test::TemporaryDirectory directory;
  OpenFile announced(directory / "a");
  const OpenFile other(directory / "b");
  REQUIRE(announced.announce());
  const std::uint64_t generation = announced.system.process_generation();
  test::Child child([&] {
    require(!is_open(announced.descriptor), "the announced descriptor is open");
    require(is_open(other.descriptor), "another descriptor was closed");
    require(announced.system.process_generation() == generation + 1, "the generation does not tell of the fork");
    require(!announced.system.locked_by_this_thread(announced.identity, -1),
            "the child believes that it holds the lock");
    require(!announced.system.withdraw_lock(announced.descriptor), "the child could withdraw what it does not have");
  });
  CHECK(child.wait() == 0);
  CHECK(is_open(announced.descriptor));
  CHECK(announced.system.process_generation() == generation);
  CHECK(announced.system.withdraw_lock(announced.descriptor));
}

TEST_CASE("a child that lives on does not keep its parent's lock") {
  const test::TemporaryDirectory directory;
  OpenFile file(directory / "a");
  test::Gate parent_is_done;
  test::Gate child_runs;
  REQUIRE(file.announce());
  REQUIRE(file.system.try_lock(file.descriptor) == 0);
  test::Child child([&] {
    child_runs.signal();
    require(parent_is_done.wait(), "nobody is left");
  });
  REQUIRE(child_runs.wait());
  // Closed, not unlocked: an open file description that the child shared would keep the lock.
  CHECK(file.system.withdraw_lock(file.descriptor));
  CHECK(file.system.close(file.descriptor) == 0);
  file.descriptor = file.system.open(sys::working_directory, (directory / "a").c_str(), sys::OpenMode::read_write);
  REQUIRE(file.descriptor >= 3);
  CHECK(file.system.try_lock(file.descriptor) == 0);
  parent_is_done.signal();
  CHECK(child.wait() == 0);
}

TEST_CASE("a descriptor that was opened before a fork cannot be announced after it") {
  const test::TemporaryDirectory directory;
  OpenFile file(directory / "a");
  const std::uint64_t forks = file.system.fork_count();
  test::Child child([&] {
    require(file.system.fork_count() == forks + 1, "the child does not know of the fork");
    require(!file.system.announce_lock(file.descriptor, file.identity, forks), "announced in the child");
  });
  CHECK(child.wait() == 0);
  CHECK(file.system.fork_count() == forks + 1);
  CHECK_FALSE(file.system.announce_lock(file.descriptor, file.identity, forks));
  CHECK_FALSE(file.system.withdraw_lock(file.descriptor));
  CHECK(file.announce());
  CHECK(file.system.withdraw_lock(file.descriptor));
}

TEST_CASE("every generation of forks counts") {
  const sys::HeldLocks& held = sys::HeldLocks::instance();
  const std::uint64_t generation = held.generation();
  test::Child child([&] {
    test::Child grandchild([&] { require(held.generation() == generation + 2, "not two forks away"); });
    require(grandchild.wait() == 0, "the grandchild failed");
  });
  CHECK(child.wait() == 0);
}

TEST_CASE("a fork while other threads announce and withdraw leaves nothing locked") {
  const test::TemporaryDirectory directory;
  OpenFile file(directory / "a");
  std::atomic<bool> stop = false;
  std::thread busy([&] {
    while (!stop) {
      const std::uint64_t forks = file.system.fork_count();
      const int descriptor =
          file.system.open(sys::working_directory, directory.path().c_str(), sys::OpenMode::directory);
      // Refused where the other thread has forked since.
      if (file.system.announce_lock(descriptor, file.identity, forks)) file.system.withdraw_lock(descriptor);
      file.system.close(descriptor);
    }
  });
  for (int round = 0; round < 50; ++round) {
    test::Child child([&] {
      // Would wait for ever if the mutex had been copied while it was locked.
      require(!sys::HeldLocks::instance().remove(file.descriptor), "was never announced");
    });
    CHECK(child.wait() == 0);
  }
  stop = true;
  busy.join();
}
