// The second process of doctor's trials: what it sees, and that it goes.
#include "../../../tools/sessctl/doctor/onlooker.hpp"
#include "../../../tools/sessctl/descriptor.hpp"
#include "support/temporary_directory.hpp"

#include <array>
#include <csignal>
#include <ctime>
#include <string>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sessctl {
namespace {

struct File {
  sess::test::TemporaryDirectory directory;
  std::string path = directory / "file";
  Descriptor descriptor{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
};

TEST_CASE("the onlooker is a process of its own, and frees its lock when it is killed") {
  const File file;
  struct stat status {};
  REQUIRE(::fstat(file.descriptor.get(), &status) == 0);
  REQUIRE(::flock(file.descriptor.get(), LOCK_EX | LOCK_NB) == 0);
  const sess::TrialSight locked = look_from_elsewhere(file.path);
  CHECK_FALSE(locked.got_lock);
  CHECK(locked.inode == status.st_ino);
  CHECK(locked.modified_seconds == status.st_mtim.tv_sec);
  CHECK(locked.modified_nanoseconds == status.st_mtim.tv_nsec);
  REQUIRE(::flock(file.descriptor.get(), LOCK_UN) == 0);
  CHECK(look_from_elsewhere(file.path).got_lock);
  CHECK(::flock(file.descriptor.get(), LOCK_EX | LOCK_NB) == 0);
  CHECK(look_from_elsewhere(file.directory / "nothing").inode == 0);
}

TEST_CASE("the onlooker does not outlive who is killed while it looks") {
  const File file;
  // It waits in open(2) until the lease is given back, and the kernel says so by a signal.
  sigset_t lease_broken;
  sigemptyset(&lease_broken);
  sigaddset(&lease_broken, SIGIO);
  sigset_t before;
  REQUIRE(::sigprocmask(SIG_BLOCK, &lease_broken, &before) == 0);
  if (::fcntl(file.descriptor.get(), F_SETLEASE, F_WRLCK) != 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    MESSAGE("SKIPPED: no leases here");
    return;
  }
  // Whose other end is closed when both processes have ended.
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const Descriptor ended(ends[0]);
  Descriptor alive(ends[1]);
  const pid_t doctor = ::fork();
  REQUIRE(doctor >= 0);
  if (doctor == 0) {
    look_from_elsewhere(file.path);
    ::_exit(0);
  }
  alive = Descriptor();
  const timespec long_enough{.tv_sec = 20, .tv_nsec = 0};
  CHECK(::sigtimedwait(&lease_broken, nullptr, &long_enough) == SIGIO);
  REQUIRE(::kill(doctor, SIGKILL) == 0);
  REQUIRE(::waitpid(doctor, nullptr, 0) == doctor);
  pollfd end{.fd = ended.get(), .events = POLLIN, .revents = 0};
  CHECK(::poll(&end, 1, 10'000) == 1);
  CHECK((end.revents & POLLHUP) != 0);
  ::fcntl(file.descriptor.get(), F_SETLEASE, F_UNLCK);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace sessctl
