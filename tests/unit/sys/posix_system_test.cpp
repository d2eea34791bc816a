// The system calls, on a real file system.
#include "sys/posix_system.hpp"

#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/filesystem.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <set>
#include <string>
#include <vector>

using namespace sess;
using sys::OpenMode;
using sys::RenameMode;
using namespace std::chrono_literals;

namespace {

constexpr OpenMode file_modes[] = {OpenMode::read, OpenMode::read_write};

struct Ground {
  test::TemporaryDirectory directory;
  sys::PosixSystem system;
  int top = system.open(sys::working_directory, directory.path().c_str(), OpenMode::directory);

  Ground() { REQUIRE(top >= 3); }
  ~Ground() { system.close(top); }
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;

  void make(const char* name, std::string_view text = "") {
    const int file = system.open(top, name, OpenMode::create_exclusive);
    REQUIRE(file >= 3);
    CHECK(system.write(file, std::as_bytes(std::span(text)), 0) == static_cast<std::int64_t>(text.size()));
    CHECK(system.close(file) == 0);
  }
  std::string text_of(const char* name) {
    const int file = system.open(top, name, OpenMode::read);
    if (file < 0) return "error " + std::to_string(-file);
    std::array<std::byte, 100> buffer;
    const std::int64_t size = system.read(file, buffer, 0);
    CHECK(system.close(file) == 0);
    return {reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(size)};
  }
  sys::FileStatus status(const char* name) {
    sys::FileStatus found;
    REQUIRE(system.status_at(top, name, found) == 0);
    return found;
  }
  std::multiset<std::string> names() {
    std::multiset<std::string> found;
    CHECK(system.list(top, [&](const sys::DirectoryEntry& entry) { return found.emplace(entry.name), true; }) == 0);
    return found;
  }
};

}  // namespace

TEST_CASE("an open answers the negated errno of what is wrong") {
  Ground ground;
  ground.make("file");
  CHECK(ground.system.open(ground.top, "none", OpenMode::read) == -ENOENT);
  CHECK(ground.system.open(ground.top, "none", OpenMode::read_write) == -ENOENT);
  CHECK(ground.system.open(ground.top, "none", OpenMode::directory) == -ENOENT);
  CHECK(ground.system.open(ground.top, "none/a", OpenMode::create_exclusive) == -ENOENT);
  CHECK(ground.system.open(ground.top, "file", OpenMode::create_exclusive) == -EEXIST);
  CHECK(ground.system.open(ground.top, "file", OpenMode::directory) == -ENOTDIR);
  CHECK(ground.system.open(ground.top, "file/a", OpenMode::read) == -ENOTDIR);
  CHECK(ground.system.open(ground.top, ".", OpenMode::read_write) == -EISDIR);
  CHECK(ground.system.open(-1, "file", OpenMode::read) == -EBADF);
}

TEST_CASE("symbolic links are refused and not followed") {
  Ground ground;
  ground.make("file", "text");
  REQUIRE(::symlinkat("file", ground.top, "to_file") == 0);
  REQUIRE(::symlinkat("none", ground.top, "to_none") == 0);
  REQUIRE(::symlinkat(".", ground.top, "to_directory") == 0);
  for (const OpenMode mode : file_modes) CHECK(ground.system.open(ground.top, "to_file", mode) == -ELOOP);
  CHECK(ground.system.open(ground.top, "to_none", OpenMode::create_exclusive) == -EEXIST);
  CHECK(ground.names().count("none") == 0);
  CHECK(ground.system.open(ground.top, "to_directory", OpenMode::directory) == -ENOTDIR);
  CHECK(ground.status("to_file").type == sys::FileType::other);
  CHECK(ground.status("to_none").type == sys::FileType::other);
  CHECK(ground.system.unlink(ground.top, "to_file") == 0);
  CHECK(ground.text_of("file") == "text");
}

TEST_CASE("bytes are written and read at their offsets") {
  Ground ground;
  ground.make("a", "hello");
  const int file = ground.system.open(ground.top, "a", OpenMode::read_write);
  CHECK(ground.system.write(file, std::as_bytes(std::span("J", 1)), 0) == 1);
  CHECK(ground.system.write(file, std::as_bytes(std::span("!", 1)), 7) == 1);
  CHECK(ground.text_of("a") == std::string("Jello\0\0!", 8));
  CHECK(ground.system.truncate(file, 2) == 0);
  CHECK(ground.text_of("a") == "Je");
  CHECK(ground.system.truncate(file, 3) == 0);
  CHECK(ground.text_of("a") == std::string("Je\0", 3));
  std::array<std::byte, 8> buffer;
  CHECK(ground.system.read(file, buffer, 2) == 1);
  CHECK(ground.system.read(file, buffer, 3) == 0);
  CHECK(ground.system.read(file, buffer, 100) == 0);
  CHECK(ground.system.sync_data(file) == 0);
  CHECK(ground.system.start_writeback(file) == 0);
  CHECK(ground.system.start_writeback(-1) == -EBADF);
  CHECK(ground.system.sync(file) == 0);
  CHECK(ground.system.sync(ground.top) == 0);
  CHECK(ground.system.sync_file_system(ground.top) == 0);
  CHECK(ground.system.sync_file_system(-1) == -EBADF);
  const int read_only = ground.system.open(ground.top, "a", OpenMode::read);
  CHECK(ground.system.write(read_only, std::as_bytes(std::span("x", 1)), 0) == -EBADF);
  CHECK(ground.system.close(read_only) == 0);
  CHECK(ground.system.close(file) == 0);
  CHECK(ground.system.close(-1) == -EBADF);
}

TEST_CASE("both times of a file are set, to the nanosecond") {
  for (const std::string& below : test::file_systems()) {
    CAPTURE(below);
    const test::TemporaryDirectory directory(below);
    sys::PosixSystem system;
    const int file = system.open(sys::working_directory, (directory / "a").c_str(), OpenMode::create_exclusive);
    REQUIRE(file >= 3);
    const sys::FileTime wanted{2'000'000'000, 123'456'789};
    CHECK(system.set_times(file, wanted) == 0);
    struct ::stat found {};
    REQUIRE(::fstat(file, &found) == 0);
    CHECK(found.st_mtim.tv_sec == wanted.seconds);
    CHECK(found.st_mtim.tv_nsec == wanted.nanoseconds);
    CHECK(found.st_atim.tv_sec == wanted.seconds);
    CHECK(found.st_atim.tv_nsec == wanted.nanoseconds);
    sys::FileStatus status;
    CHECK(system.status(file, status) == 0);
    CHECK(status.modified == wanted);
    CHECK(status.changed.seconds < wanted.seconds);
    system.close(file);
  }
}

TEST_CASE("reading a file changes neither of its times") {
  Ground ground;
  ground.make("a", "text");
  const int file = ground.system.open(ground.top, "a", OpenMode::read_write);
  // The access time of long ago: relatime would move it with the first read.
  const timespec times[2] = {{1'000'000, 0}, {2'000'000'000, 5}};
  REQUIRE(::futimens(file, times) == 0);
  CHECK(ground.text_of("a") == "text");
  struct ::stat found {};
  REQUIRE(::fstat(file, &found) == 0);
  CHECK(found.st_atim.tv_sec == 1'000'000);
  CHECK(found.st_mtim.tv_sec == 2'000'000'000);
  ground.system.close(file);
}

TEST_CASE("a status says what kind of file it is, whose, how large and how often linked") {
  Ground ground;
  ground.make("a", "12345");
  CHECK(ground.system.link(ground.top, "a", ground.top, "b") == 0);
  const sys::FileStatus a = ground.status("a");
  CHECK(a.type == sys::FileType::regular);
  CHECK(a.size == 5);
  CHECK(a.links == 2);
  CHECK(a.owner == ::geteuid());
  CHECK(a.mode == 0600);
  CHECK(a.identity == ground.status("b").identity);
  CHECK(ground.status(".").type == sys::FileType::directory);
  CHECK(ground.status(".").identity != a.identity);
  sys::FileStatus status;
  CHECK(ground.system.status_at(ground.top, "none", status) == -ENOENT);
  CHECK(ground.system.status(-1, status) == -EBADF);
}

TEST_CASE("a rename replaces, refuses to replace, or exchanges, as it was asked to") {
  Ground ground;
  ground.make("a", "A");
  ground.make("b", "B");
  const auto rename = [&](const char* from, const char* to, RenameMode mode) {
    return ground.system.rename(ground.top, from, ground.top, to, mode);
  };
  CHECK(rename("a", "b", RenameMode::no_replace) == -EEXIST);
  CHECK(rename("a", "c", RenameMode::exchange) == -ENOENT);
  CHECK(ground.text_of("a") == "A");
  CHECK(ground.text_of("b") == "B");
  CHECK(rename("a", "b", RenameMode::exchange) == 0);
  CHECK(ground.text_of("a") == "B");
  CHECK(ground.text_of("b") == "A");
  CHECK(rename("a", "c", RenameMode::no_replace) == 0);
  CHECK(rename("c", "b", RenameMode::replace) == 0);
  CHECK(ground.text_of("b") == "B");
  CHECK(ground.names() == std::multiset<std::string>{"b"});
  CHECK(rename("a", "b", RenameMode::replace) == -ENOENT);
  CHECK(ground.system.link(ground.top, "b", ground.top, "b") == -EEXIST);
  CHECK(ground.system.unlink(ground.top, "b") == 0);
  CHECK(ground.system.unlink(ground.top, "b") == -ENOENT);
}

TEST_CASE("a list shows each name once, starts anew each time and stops when told") {
  Ground ground;
  std::multiset<std::string> wanted;
  for (int i = 0; i < 300; ++i) wanted.insert("file-with-a-name-that-fills-buffers-" + std::to_string(i));
  for (const std::string& name : wanted) ground.make(name.c_str());
  CHECK(ground.names() == wanted);
  CHECK(ground.names() == wanted);
  int visited = 0;
  CHECK(ground.system.list(ground.top, [&](const sys::DirectoryEntry&) { return ++visited < 3; }) == 0);
  CHECK(visited == 3);
  CHECK(ground.names() == wanted);
  const int file = ground.system.open(ground.top, wanted.begin()->c_str(), OpenMode::read);
  CHECK(ground.system.list(file, [](const sys::DirectoryEntry&) { return true; }) == -ENOTDIR);
  CHECK(ground.system.list(-1, [](const sys::DirectoryEntry&) { return true; }) == -EBADF);
  ground.system.close(file);
}

TEST_CASE("a list leaves no descriptor behind, also when its visitor throws") {
  Ground ground;
  ground.make("a");
  const auto next_descriptor = [&] {
    const int file = ground.system.open(ground.top, "a", OpenMode::read);
    ground.system.close(file);
    return file;
  };
  const int before = next_descriptor();
  CHECK(ground.names().size() == 1);
  CHECK_THROWS_AS(
      static_cast<void>(ground.system.list(ground.top, [](const sys::DirectoryEntry&) -> bool { throw 1; })), int);
  CHECK(next_descriptor() == before);
}

TEST_CASE("a directory is made with its parents, and one that is there stays as it is") {
  Ground ground;
  const auto make = [&](const std::string& path) { return ground.system.make_directories(ground.directory / path); };
  CHECK(make("a/b/c") == 0);
  CHECK(ground.status("a/b/c").mode == 0700);
  CHECK(make("a/b/c") == 0);
  CHECK(make("a/b/d/") == 0);
  CHECK(ground.status("a/b/d").mode == 0700);
  CHECK(make("a//b/./e//") == 0);
  CHECK(ground.status("a/b/e").type == sys::FileType::directory);
  CHECK(make("x/") == 0);
  CHECK(ground.status("x").mode == 0700);
  CHECK(make("") == 0);
  CHECK(make("/") == 0);
  REQUIRE(::fchmodat(ground.top, "x", 0750, 0) == 0);
  CHECK(make("x") == 0);
  CHECK(ground.status("x").mode == 0750);
  CHECK(ground.names() == std::multiset<std::string>{"a", "x"});
}

TEST_CASE("directories are made relative to the working directory too") {
  Ground ground;
  const auto before = boost::filesystem::current_path();
  boost::filesystem::current_path(ground.directory.path());
  for (const char* path : {"a", "./b", "c/d", "./e/f/"}) {
    CAPTURE(path);
    CHECK(ground.system.make_directories(path) == 0);
    CHECK(boost::filesystem::is_directory(path));
  }
  boost::filesystem::current_path(before);
}

TEST_CASE("a file in the way of a directory is told and left alone") {
  Ground ground;
  ground.make("file", "text");
  CHECK(ground.system.make_directories(ground.directory / "file") == -ENOTDIR);
  CHECK(ground.system.make_directories(ground.directory / "file/a/b") == -ENOTDIR);
  CHECK(ground.system.make_directories(ground.directory / "file/a") == -ENOTDIR);
  CHECK(ground.system.make_directory(ground.top, "file") == -EEXIST);
  CHECK(ground.system.make_directories("") < 0);
  CHECK(ground.text_of("file") == "text");
  CHECK(ground.system.make_directory(ground.top, "d") == 0);
  CHECK(ground.system.make_directory(ground.top, "d") == -EEXIST);
  CHECK(ground.system.make_directory(ground.top, "none/d") == -ENOENT);
}

TEST_CASE("a lock belongs to the open file, and its owner may take it again") {
  Ground ground;
  ground.make("a");
  const int first = ground.system.open(ground.top, "a", OpenMode::read_write);
  const int second = ground.system.open(ground.top, "a", OpenMode::read_write);
  CHECK(ground.system.try_lock(first) == 0);
  CHECK(ground.system.try_lock(first) == 0);
  CHECK(ground.system.try_lock(second) == -EWOULDBLOCK);
  CHECK(ground.system.close(first) == 0);
  CHECK(ground.system.try_lock(second) == 0);
  CHECK(ground.system.close(second) == 0);
  CHECK(ground.system.try_lock(second) == -EBADF);
}

TEST_CASE("random bytes fill the whole buffer, however large") {
  sys::PosixSystem system;
  std::vector<std::byte> first(100'000);
  std::vector<std::byte> second(first.size());
  CHECK(system.random(first) == 0);
  CHECK(system.random(second) == 0);
  CHECK(first != second);
  for (const auto& bytes : {first, second}) {  // that a byte value is missing has a chance of less than 10^-160
    std::set<std::byte> values(bytes.end() - 50'000, bytes.end());
    CHECK(values.size() == 256);
  }
  CHECK(system.random({}) == 0);
}

TEST_CASE("the clocks are the wall's and the steady one") {
  sys::PosixSystem system;
  const auto milliseconds = [](auto clock) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock.time_since_epoch()).count();
  };
  const auto before = milliseconds(std::chrono::steady_clock::now());
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(system.monotonic_clock()).count();
  CHECK(before <= now);
  CHECK(now <= milliseconds(std::chrono::steady_clock::now()));
  // The wall clock may be set at any moment: only the unit and the epoch are tested.
  const auto difference = system.wall_clock() - milliseconds(std::chrono::system_clock::now());
  CHECK(std::abs(difference) < 60'000);
}

TEST_CASE("a pause lasts as long as it was asked to, and none only yields") {
  sys::PosixSystem system;
  const auto start = system.monotonic_clock();
  system.pause(2ms);
  CHECK(system.monotonic_clock() - start >= 2ms);
  system.pause(0ms);
  system.pause(-1h);
}
