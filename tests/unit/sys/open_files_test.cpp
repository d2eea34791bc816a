#include "sys/open_files.hpp"

#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace sess::sys {
namespace {

namespace files = std::filesystem;

void write(const files::path& path, const std::string& text) {
  files::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

bool all(std::string_view) { return true; }

/// Permissions hold nobody who is root: while this is there, the test is somebody else.
class Unprivileged {
 public:
  explicit Unprivileged(const files::path& directory) : is_root_(::geteuid() == 0) {
    if (!is_root_) return;
    REQUIRE(::chmod(directory.c_str(), 0755) == 0);
    for (const auto& entry : files::recursive_directory_iterator(directory))
      REQUIRE(::lchown(entry.path().c_str(), user, user) == 0);
    REQUIRE(::seteuid(user) == 0);
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() {
    if (is_root_ && ::seteuid(0) != 0) std::abort();  // all tests behind it would be somebody else's
  }
  /// Of whoever it will be.
  static std::string status(const char* state) {
    const std::string name = std::to_string(::geteuid() == 0 ? user : ::geteuid());
    return std::string("Name:\ta\nState:\t") + state + "\nUid:\t0\t" + name + "\t0\t0\n";
  }

 private:
  static constexpr uid_t user = 65534;
  bool is_root_;
};

TEST_CASE("an flock in a descriptor's table is held by that descriptor") {
  CHECK(names_flock("pos:\t0\nflags:\t02100002\nlock:\t1: FLOCK  ADVISORY  WRITE 42 08:01:5678 0 EOF\n"));
  CHECK(names_flock("lock:\t1: FLOCK  ADVISORY  WRITE 0 08:01:5678 0 EOF"));
  for (const char* table : {"", "pos:\t0\nflags:\t02100002\n", "lock:\t1: OFDLCK ADVISORY  WRITE -1 08:01:5678 0 0\n",
                            "lock:\t1: POSIX  ADVISORY  WRITE 42 08:01:5678 0 0\n",
                            "lock:\t1: -> FLOCK  ADVISORY  WRITE 42 08:01:5678 0 EOF\n", "name: lock: FLOCK \n",
                            "lock:", "lock:\nx: FLOCK  ADVISORY\n"}) {
    CAPTURE(table);
    CHECK_FALSE(names_flock(table));
  }
}

TEST_CASE("processes and what they have open are those that proc names") {
  const test::TemporaryDirectory directory;
  const files::path proc = files::path(directory.path()) / "proc";
  const files::path wanted = files::path(directory.path()) / "wanted";
  const files::path other = files::path(directory.path()) / "other";
  write(wanted, "");
  write(other, "");
  write(proc / "12" / "comm", "holder\n");
  write(proc / "12" / "fdinfo" / "7", "lock:\t1: FLOCK  ADVISORY  WRITE 12 08:01:5678 0 EOF\n");
  files::create_directories(proc / "12" / "fd");
  files::create_symlink(wanted, proc / "12" / "fd" / "7");
  files::create_symlink(other, proc / "12" / "fd" / "8");
  files::create_symlink(files::path(directory.path()) / "gone", proc / "12" / "fd" / "9");
  write(proc / "13" / "comm", "a\nb");
  files::create_directories(proc / "13" / "fd");
  files::create_symlink(wanted, proc / "13" / "fd" / "3");
  files::create_directories(proc / "14");           // it has just ended
  write(proc / "self" / "fd" / "3", "no process");  // a name
  const auto found = open_files_in_proc(proc, [&](std::string_view path) { return path == wanted; });
  REQUIRE(found.files.size() == 2);
  const bool in_order = found.files[0].process == 12;
  const OpenFile& holder = found.files[in_order ? 0 : 1];
  const OpenFile& reader = found.files[in_order ? 1 : 0];
  CHECK(holder.process == 12);
  CHECK(holder.command == "holder");
  CHECK(holder.locked);
  CHECK(holder.path == wanted);
  struct stat status {};
  REQUIRE(::stat(wanted.c_str(), &status) == 0);
  CHECK(holder.identity == FileIdentity{status.st_dev, status.st_ino});
  CHECK(reader.process == 13);
  CHECK(reader.command == "a\nb");
  CHECK_FALSE(reader.locked);
  CHECK(found.hidden == 0);
}

TEST_CASE("a process that ended while it was looked at made the whole look fail") {
  const test::TemporaryDirectory directory;
  const files::path proc = files::path(directory.path()) / "proc";
  const files::path wanted = files::path(directory.path()) / "wanted";
  write(wanted, "");
  // These can be opened, and reads of them fail, as of a process that has ended in between.
  files::create_directories(proc / "12" / "comm");
  files::create_directories(proc / "12" / "fdinfo" / "7");
  files::create_directories(proc / "12" / "fd");
  files::create_symlink(wanted, proc / "12" / "fd" / "7");
  const auto found = open_files_in_proc(proc, all);
  REQUIRE(found.files.size() == 1);
  CHECK(found.files[0].command.empty());
  CHECK_FALSE(found.files[0].locked);
}

TEST_CASE("a lock that may not be looked at was told as a file that is open without one") {
  const test::TemporaryDirectory directory;
  const files::path proc = files::path(directory.path()) / "proc";
  const files::path wanted = files::path(directory.path()) / "wanted";
  write(wanted, "");
  // Newer kernels let anybody list the descriptors of a process with capabilities, and read none of them.
  for (const char* process : {"12", "13", "14", "15"}) {
    write(proc / process / "status", Unprivileged::status("S (sleeping)"));
    write(proc / process / "fdinfo" / "7", "lock:\t1: FLOCK  ADVISORY  WRITE 12 08:01:5678 0 EOF\n");
    write(proc / process / "fdinfo" / "8", "");
    files::create_directories(proc / process / "fd");
    files::create_symlink(wanted, proc / process / "fd" / "7");
    files::create_symlink(wanted, proc / process / "fd" / "8");
  }
  files::permissions(proc / "12" / "fdinfo" / "7", files::perms::none);
  files::permissions(proc / "12" / "fdinfo" / "8", files::perms::none);
  files::permissions(proc / "13" / "fd", files::perms::owner_read);  // names can be listed, and not followed
  files::permissions(proc / "14" / "fd", files::perms::none);
  const auto found = [&] {
    const Unprivileged user(directory.path());
    return open_files_in_proc(proc, all);
  }();
  files::permissions(proc / "13" / "fd", files::perms::owner_all);
  files::permissions(proc / "14" / "fd", files::perms::owner_all);
  CHECK(found.hidden == 3);
  REQUIRE(found.files.size() == 2);
  CHECK(found.files[0].process == 15);
  CHECK(found.files[1].process == 15);
}

TEST_CASE(
    "the table of locks tells what descriptors do not: of who may not be looked at, has ended, or left it to others") {
  const test::TemporaryDirectory directory;
  const files::path proc = files::path(directory.path()) / "proc";
  const files::path open = files::path(directory.path()) / "open";
  write(open, "");
  struct stat status {};
  REQUIRE(::stat(open.c_str(), &status) == 0);
  write(proc / "12" / "status", Unprivileged::status("S (sleeping)"));
  write(proc / "12" / "comm", "daemon\n");
  files::create_directories(proc / "12" / "fd");
  write(proc / "13" / "comm", "parent\n");
  files::create_directories(proc / "13" / "fd");
  files::create_symlink(open, proc / "13" / "fd" / "3");
  write(proc / "locks",
        "1: FLOCK  ADVISORY  WRITE 12 08:01:5678 0 EOF\n"
        "2: FLOCK  ADVISORY  WRITE 13 08:01:5679 0 EOF\n"
        "3: FLOCK  ADVISORY  WRITE 999999999 08:01:5680 0 EOF\n"  // more than there can be (proc(5), pid_max)
        "3: -> FLOCK  ADVISORY  WRITE 12 08:01:5680 0 EOF\n" +
            fmt::format("4: FLOCK  ADVISORY  WRITE 13 {:02x}:{:02x}:{} 0 EOF\n", major(status.st_dev),
                        minor(status.st_dev), status.st_ino));
  files::permissions(proc / "12" / "fd", files::perms::none);
  const auto found = [&] {
    const Unprivileged user(directory.path());
    return open_files_in_proc(proc, all);
  }();
  files::permissions(proc / "12" / "fd", files::perms::owner_all);
  CHECK(found.hidden == 1);
  REQUIRE(found.locks.size() == 4);
  CHECK(found.locks[0].process == 12);
  CHECK(found.locks[0].command == "daemon");
  CHECK(found.locks[0].identity.inode == 5678);
  CHECK_FALSE(found.locks[0].waits);
  CHECK_FALSE(found.locks[0].gone);
  CHECK(found.locks[1].process == 13);
  CHECK(found.locks[1].identity.inode == 5679);
  CHECK(found.locks[1].command.empty());  // perhaps a new process has its ID
  CHECK(found.locks[1].gone);
  CHECK(found.locks[2].process == 999999999);
  CHECK(found.locks[2].command.empty());
  CHECK(found.locks[2].gone);
  CHECK(found.locks[3].process == 12);
  CHECK(found.locks[3].waits);
}

TEST_CASE("processes that have ended, and those of others, were told as hidden") {
  const test::TemporaryDirectory directory;
  const files::path proc = files::path(directory.path()) / "proc";
  write(proc / "12" / "status", Unprivileged::status("Z (zombie)"));
  write(proc / "13" / "status", Unprivileged::status("X (dead)"));
  write(proc / "14" / "status", "Name:\ta\nState:\tS (sleeping)\nUid:\t4242\t4242\t4242\t4242\n");
  write(proc / "15" / "status", Unprivileged::status("D (disk sleep)"));
  write(proc / "16" / "comm", "");  // no status any more
  for (const char* process : {"12", "13", "14", "15", "16"}) {
    files::create_directories(proc / process / "fd");
    files::permissions(proc / process / "fd", files::perms::none);
  }
  const auto found = [&] {
    const Unprivileged user(directory.path());
    return open_files_in_proc(proc, all);
  }();
  for (const char* process : {"12", "13", "14", "15", "16"})
    files::permissions(proc / process / "fd", files::perms::owner_all);
  CHECK(found.hidden == 1);
  CHECK(found.files.empty());
}

TEST_CASE("without a first PID namespace, or a proc, there may be processes that are not seen") {
  const test::TemporaryDirectory directory;
  const files::path proc = files::path(directory.path()) / "proc";
  CHECK_FALSE(open_files_in_proc(proc, all).all_processes);
  files::create_directories(proc / "self" / "ns");
  CHECK_FALSE(open_files_in_proc(proc, all).all_processes);
  files::create_symlink("pid:[4026532000]", proc / "self" / "ns" / "pid");
  CHECK_FALSE(open_files_in_proc(proc, all).all_processes);
  files::remove(proc / "self" / "ns" / "pid");
  files::create_symlink("pid:[4026531836]", proc / "self" / "ns" / "pid");
  CHECK(open_files_in_proc(proc, all).all_processes);
}

TEST_CASE("the kernel's own proc names the files that this process has open, and its lock alone") {
  const test::TemporaryDirectory directory;
  PosixSystem system;
  const std::string path = directory / "a";
  const int file = system.open(working_directory, path.c_str(), OpenMode::create_exclusive);
  const int again = system.open(working_directory, path.c_str(), OpenMode::read_write);
  REQUIRE(file >= 3);
  REQUIRE(again >= 3);
  const auto look = [&] {
    auto found = system.open_files([](std::string_view name) { return name.ends_with("/a"); }).files;
    std::erase_if(found, [&](const OpenFile& open) { return open.path != path; });
    return found;
  };
  const auto locked = [](const OpenFile& open) { return open.locked; };
  CHECK(look().size() == 2);
  CHECK(std::ranges::none_of(look(), locked));
  REQUIRE(system.try_lock(file) == 0);
  CHECK(std::ranges::count_if(look(), locked) == 1);
  FileStatus status;
  REQUIRE(system.status(file, status) == 0);
  for (const OpenFile& open : look()) {
    CHECK(open.process == ::getpid());
    CHECK(open.identity == status.identity);
  }
  // As a record that has just been replaced.
  REQUIRE(system.unlink(working_directory, path.c_str()) == 0);
  CHECK(look().size() == 2);
  system.close(file);
  system.close(again);
  CHECK(look().empty());
}

}  // namespace
}  // namespace sess::sys
