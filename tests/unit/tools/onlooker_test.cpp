// The second process of doctor's trials: what it sees, and that it goes.
#include "../../../tools/sessctl/doctor/onlooker.hpp"
#include "../../../tools/sessctl/descriptor.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

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

}  // namespace
}  // namespace sessctl
