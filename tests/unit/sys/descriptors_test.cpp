// Descriptors 0 to 2 belong to the program's standard streams, open or not.
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace sess;

namespace {

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) != -1; }

/// In a child, whose standard error may be closed: only the exit status tells.
void require(bool condition) {
  if (!condition) throw std::runtime_error("not as it should be");
}

void open_everything(const std::string& directory) {
  sys::PosixSystem system;
  const int top = system.open(sys::working_directory, directory.c_str(), sys::OpenMode::directory);
  require(top >= 3);
  const int made = system.open(top, "a", sys::OpenMode::create_exclusive);
  require(made >= 3);
  const int read = system.open(top, "a", sys::OpenMode::read);
  require(read >= 3);
  const int both = system.open(top, "a", sys::OpenMode::read_write);
  require(both >= 3);
  for (const int descriptor : {top, made, read, both}) require((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  bool seen = false;
  require(system.list(top, [&](const sys::DirectoryEntry& entry) {
    for (const int standard : {0, 1, 2}) require(!is_open(standard));
    seen = seen || entry.name == "a";
    return true;
  }) == 0);
  require(seen);
  require(system.write(made, std::as_bytes(std::span("text", 4)), 0) == 4);
  for (const int standard : {0, 1, 2}) require(!is_open(standard));
  for (const int descriptor : {top, made, read, both}) require(system.close(descriptor) == 0);
}

}  // namespace

TEST_CASE("no file gets a descriptor below 3, also when 0 to 2 are closed") {
  const test::TemporaryDirectory directory;
  test::Child child([&] {
    for (const int standard : {0, 1, 2}) ::close(standard);
    open_everything(directory.path());
  });
  CHECK(child.wait() == 0);
}

TEST_CASE("no file gets a descriptor below 3 when only one of 0 to 2 is closed") {
  for (const int closed : {0, 1, 2}) {
    const test::TemporaryDirectory directory;
    test::Child child([&] {
      ::close(closed);
      sys::PosixSystem system;
      for (int i = 0; i < 5; ++i) {
        const std::string name = directory / std::to_string(i);
        require(system.open(sys::working_directory, name.c_str(), sys::OpenMode::create_exclusive) >= 3);
        require(!is_open(closed));
      }
    });
    CHECK(child.wait() == 0);
  }
}

TEST_CASE("every descriptor is closed in a program that is started with exec") {
  const test::TemporaryDirectory directory;
  sys::PosixSystem system;
  const int top = system.open(sys::working_directory, directory.path().c_str(), sys::OpenMode::directory);
  const int file = system.open(top, "a", sys::OpenMode::create_exclusive);
  for (const int descriptor : {top, file}) {
    REQUIRE(descriptor >= 3);
    CHECK((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
    system.close(descriptor);
  }
}

TEST_CASE("files and directories are private from the moment they are made, whatever the umask") {
  const test::TemporaryDirectory directory;
  test::Child child([&] {
    ::umask(0);
    sys::PosixSystem system;
    const int top = system.open(sys::working_directory, directory.path().c_str(), sys::OpenMode::directory);
    require(system.open(top, "file", sys::OpenMode::create_exclusive) >= 3);
    require(system.make_directory(top, "one") == 0);
    require(system.make_directories(directory / "two/three") == 0);
  });
  CHECK(child.wait() == 0);
  sys::PosixSystem system;
  sys::FileStatus status;
  const auto mode_of = [&](const char* name) {
    REQUIRE(system.status_at(sys::working_directory, (directory / name).c_str(), status) == 0);
    return status.mode;
  };
  CHECK(mode_of("file") == 0600);
  CHECK(mode_of("one") == 0700);
  CHECK(mode_of("two/three") == 0700);
}

TEST_CASE("a file of another user is read all the same, if it may be") {
  if (::geteuid() != 0) {
    MESSAGE("SKIPPED: only root can become another user");
    return;
  }
  const test::TemporaryDirectory directory;
  sys::PosixSystem system;
  const int file = system.open(sys::working_directory, (directory / "a").c_str(), sys::OpenMode::create_exclusive);
  REQUIRE(::fchmod(file, 0644) == 0);
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  system.close(file);
  test::Child child([&] {
    require(::setgid(65534) == 0 && ::setuid(65534) == 0);
    sys::PosixSystem as_other;
    require(as_other.user() == 65534);
    require(as_other.open(sys::working_directory, (directory / "a").c_str(), sys::OpenMode::read) >= 3);
    require(as_other.open(sys::working_directory, (directory / "a").c_str(), sys::OpenMode::read_write) == -EACCES);
  });
  CHECK(child.wait() == 0);
}
