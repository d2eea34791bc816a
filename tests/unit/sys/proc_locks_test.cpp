// Who holds a lock, out of the kernel's table.
#include "sys/proc_locks.hpp"

#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"

#include <doctest/doctest.h>

#include <sys/sysmacros.h>
#include <unistd.h>

#include <fstream>
#include <string>

using namespace sess;
using sys::FileIdentity;
using sys::holder_in_lock_table;

namespace {

FileIdentity identity(unsigned major, unsigned minor, std::uint64_t inode) {
  return {::gnu_dev_makedev(major, minor), inode};
}

}  // namespace

TEST_CASE("the holder of an flock is the process in its line") {
  const std::string table =
      "1: POSIX  ADVISORY  WRITE 3568 fd:00:2531452 0 EOF\n"
      "2: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF\n"
      "3: FLOCK  ADVISORY  READ  77 00:1a:5678 0 EOF\n";
  CHECK(holder_in_lock_table(table, identity(8, 1, 5678)) == 1234);
  CHECK(holder_in_lock_table(table, identity(0, 0x1a, 5678)) == 77);
}

TEST_CASE("a waiter is not the holder, in whatever order the lines come") {
  const std::string waiter = "2: -> FLOCK  ADVISORY  WRITE 999 08:01:5678 0 EOF\n";
  const std::string holder = "2: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF\n";
  CHECK(holder_in_lock_table(holder + waiter, identity(8, 1, 5678)) == 1234);
  CHECK(holder_in_lock_table(waiter + holder, identity(8, 1, 5678)) == 1234);
  CHECK(holder_in_lock_table(waiter, identity(8, 1, 5678)) == 0);
}

TEST_CASE("all flocks of the table are told, held and waited for, but for those of nobody") {
  const auto locks = sys::flocks_in_table(
      "1: POSIX  ADVISORY  WRITE 11 08:01:5678 0 EOF\n"
      "2: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF\n"
      "2: -> FLOCK  ADVISORY  WRITE 999 08:01:5678 0 EOF\n"
      "3: FLOCK  ADVISORY  WRITE 0 08:01:9 0 EOF\n"
      "4: -> POSIX  ADVISORY  WRITE 12 08:01:5678 0 EOF\n"
      "5: FLOCK  ADVISORY  READ  77 00:1a:5 0 EOF");
  REQUIRE(locks.size() == 3);
  CHECK(locks[0].process == 1234);
  CHECK_FALSE(locks[0].waits);
  CHECK(locks[0].identity == identity(8, 1, 5678));
  CHECK(locks[1].process == 999);
  CHECK(locks[1].waits);
  CHECK(locks[1].identity == identity(8, 1, 5678));
  CHECK(locks[2].process == 77);
  CHECK(locks[2].identity == identity(0, 0x1a, 5));
}

TEST_CASE("locks of other kinds and of other files are not ours") {
  const std::string table =
      "1: POSIX  ADVISORY  WRITE 11 08:01:5678 0 EOF\n"
      "2: OFDLCK ADVISORY  WRITE 12 08:01:5678 0 EOF\n"
      "3: LEASE  ACTIVE    READ  13 08:01:5678 0 EOF\n"
      "4: DELEG  ACTIVE    READ  14 08:01:5678 0 EOF\n"
      "5: FLOCK  ADVISORY  WRITE 15 08:01:567 0 EOF\n"
      "6: FLOCK  ADVISORY  WRITE 16 08:01:56789 0 EOF\n"
      "7: FLOCK  ADVISORY  WRITE 17 08:02:5678 0 EOF\n"
      "8: FLOCK  ADVISORY  WRITE 18 18:01:5678 0 EOF\n";
  CHECK(holder_in_lock_table(table, identity(8, 1, 5678)) == 0);
  CHECK(holder_in_lock_table(table, identity(8, 1, 567)) == 15);
  CHECK(holder_in_lock_table(table, identity(0x18, 1, 5678)) == 18);
}

TEST_CASE("large numbers of devices and inodes are found") {
  // The kernel prints major and minor in hexadecimal, of at least two digits, and the inode in decimal.
  CHECK(holder_in_lock_table("1: FLOCK  ADVISORY  WRITE 42 103:fffff:18446744073709551615 0 EOF\n",
                             identity(0x103, 0xfffff, UINT64_MAX)) == 42);
}

TEST_CASE("a holder that the kernel does not name is nobody") {
  // 0 or -1: of another PID namespace, or of another host.
  CHECK(holder_in_lock_table("1: FLOCK  ADVISORY  WRITE 0 08:01:5678 0 EOF\n", identity(8, 1, 5678)) == 0);
  CHECK(holder_in_lock_table("1: FLOCK  ADVISORY  WRITE -1 08:01:5678 0 EOF\n", identity(8, 1, 5678)) == 0);
}

TEST_CASE("a table that is empty, cut off or something else names nobody") {
  for (const char* table : {"", "\n", "1:", "1: FLOCK", "1: FLOCK  ADVISORY", "1: FLOCK  ADVISORY  WRITE",
                            "1: FLOCK  ADVISORY  WRITE 1234", "1: FLOCK  ADVISORY  WRITE 1234 08:01:567",
                            "1: FLOCK  ADVISORY  WRITE many 08:01:5678 0 EOF", "no such file\n\n\n"}) {
    CAPTURE(table);
    CHECK(holder_in_lock_table(table, identity(8, 1, 5678)) == 0);
  }
}

TEST_CASE("the kernel's own table names this process, or nobody") {
  const test::TemporaryDirectory directory;
  sys::PosixSystem system;
  const int file = system.open(sys::working_directory, (directory / "a").c_str(), sys::OpenMode::create_exclusive);
  REQUIRE(file >= 3);
  sys::FileStatus status;
  REQUIRE(system.status(file, status) == 0);
  CHECK(system.lock_holder(status.identity) == 0);
  REQUIRE(system.try_lock(file) == 0);
  const int holder = system.lock_holder(status.identity);
  // A file system whose device number differs between stat and the table (btrfs, overlay) is told by nobody.
  CHECK((holder == ::getpid() || holder == 0));
  REQUIRE(system.unlock(file) == 0);
  CHECK(system.lock_holder(status.identity) == 0);
  system.close(file);
}
