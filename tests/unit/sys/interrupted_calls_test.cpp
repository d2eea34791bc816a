// EINTR is retried in one place. Two of the C library's functions are replaced here for the whole test program: they
// make the system call, unless a test has asked for interruptions first.
#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"

#include <doctest/doctest.h>

#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

using namespace sess;

namespace {

thread_local int interruptions = 0;
thread_local int calls = 0;

bool interrupted() {
  ++calls;
  if (interruptions == 0) return false;
  --interruptions;
  errno = EINTR;
  return true;
}

}  // namespace

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's names are reserved
extern "C" int flock(int descriptor, int operation) noexcept {
  if (interrupted()) return -1;
  return static_cast<int>(::syscall(SYS_flock, descriptor, operation));
}

extern "C" int fdatasync(int descriptor) {
  if (interrupted()) return -1;
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

TEST_CASE("a call that a signal interrupts is made again until it is answered") {
  const test::TemporaryDirectory directory;
  sys::PosixSystem system;
  const int file = system.open(sys::working_directory, (directory / "a").c_str(), sys::OpenMode::create_exclusive);
  REQUIRE(file >= 3);
  const auto made = [](int interrupt) {
    interruptions = interrupt;
    calls = 0;
  };
  made(3);
  CHECK(system.try_lock(file) == 0);
  CHECK(calls == 4);
  const int second = system.open(sys::working_directory, (directory / "a").c_str(), sys::OpenMode::read_write);
  made(2);
  CHECK(system.try_lock(second) == -EWOULDBLOCK);
  CHECK(calls == 3);
  made(1);
  CHECK(system.unlock(file) == 0);
  CHECK(calls == 2);
  CHECK(system.try_lock(second) == 0);
  made(100);
  CHECK(system.sync_data(file) == 0);
  CHECK(calls == 101);
  made(0);
  CHECK(system.sync_data(-1) == -EBADF);
  CHECK(calls == 1);
  system.close(file);
  system.close(second);
}
