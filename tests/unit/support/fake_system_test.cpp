// The fake file system: against the real one, then what only the fake can do.
#include "support/fake_system.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"

using namespace sess;
using test::Call;
using test::FakeSystem;
using test::Repeat;

namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// A system and an empty directory in it.
struct Ground {
  std::unique_ptr<test::TemporaryDirectory> temporary;
  std::unique_ptr<sys::System> system;
  int directory = -1;
};

Ground fake_ground() {
  Ground ground;
  ground.system = std::make_unique<FakeSystem>();
  ground.directory = ground.system->open(sys::working_directory, "/", sys::OpenMode::directory);
  return ground;
}

Ground real_ground() {
  Ground ground;
  ground.temporary = std::make_unique<test::TemporaryDirectory>();
  ground.system = std::make_unique<sys::PosixSystem>();
  ground.directory =
      ground.system->open(sys::working_directory, ground.temporary->path().c_str(), sys::OpenMode::directory);
  return ground;
}

int create(sys::System& system, int directory, const char* name, std::string_view text = {}) {
  const int descriptor = system.open(directory, name, sys::OpenMode::create_exclusive);
  REQUIRE(descriptor >= 3);
  if (!text.empty()) REQUIRE(system.write(descriptor, bytes(text), 0) == static_cast<std::int64_t>(text.size()));
  return descriptor;
}

std::string read_all(sys::System& system, int descriptor) {
  std::array<char, 100> buffer{};
  const std::int64_t length = system.read(descriptor, std::as_writable_bytes(std::span(buffer)), 0);
  REQUIRE(length >= 0);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

/// What libsess takes for granted of any system.
void keeps_the_contract(const Ground& ground) {
  sys::System& system = *ground.system;
  const int top = ground.directory;
  REQUIRE(top >= 3);

  SUBCASE("a lock belongs to the open file description") {
    const int first = create(system, top, "a");
    const int second = system.open(top, "a", sys::OpenMode::read);
    CHECK(system.try_lock(first) == 0);
    CHECK(system.try_lock(first) == 0);
    CHECK(system.try_lock(second) == -EWOULDBLOCK);
    CHECK(system.unlock(second) == 0);  // not its own
    CHECK(system.try_lock(second) == -EWOULDBLOCK);
    CHECK(system.unlock(first) == 0);
    CHECK(system.try_lock(second) == 0);
    CHECK(system.try_lock(first) == -EWOULDBLOCK);
    CHECK(system.close(second) == 0);
    CHECK(system.try_lock(first) == 0);
    CHECK(system.close(first) == 0);
  }
  SUBCASE("a lock follows its inode, not the name") {
    const int a = create(system, top, "a");
    const int b = create(system, top, "b");
    CHECK(system.try_lock(a) == 0);
    CHECK(system.rename(top, "a", top, "b", sys::RenameMode::exchange) == 0);
    const int now_b = system.open(top, "b", sys::OpenMode::read_write);
    const int now_a = system.open(top, "a", sys::OpenMode::read_write);
    CHECK(system.try_lock(now_b) == -EWOULDBLOCK);
    CHECK(system.try_lock(now_a) == 0);
    for (const int descriptor : {a, b, now_a, now_b}) CHECK(system.close(descriptor) == 0);
  }
  SUBCASE("an unlinked file lives on while it is open") {
    const int descriptor = create(system, top, "a", "hello");
    CHECK(system.unlink(top, "a") == 0);
    CHECK(read_all(system, descriptor) == "hello");
    sys::FileStatus status;
    CHECK(system.status(descriptor, status) == 0);
    CHECK(status.links == 0);
    CHECK(system.close(descriptor) == 0);
    CHECK(system.close(descriptor) == -EBADF);
  }
  SUBCASE("the whole time can be set, and a write sets it to now") {
    const int descriptor = create(system, top, "a");
    CHECK(system.set_times(descriptor, {2'000'000'000, 123'456'789}) == 0);
    sys::FileStatus status;
    CHECK(system.status_at(top, "a", status) == 0);
    CHECK(status.modified == sys::FileTime{2'000'000'000, 123'456'789});
    CHECK(status.changed < status.modified);
    CHECK(system.truncate(descriptor, 0) == 0);  // of the same size
    CHECK(system.status_at(top, "a", status) == 0);
    CHECK(status.modified < sys::FileTime{2'000'000'000, 0});
    CHECK(system.close(descriptor) == 0);
  }
  SUBCASE("directories are made with their parents, and a file in the way is told") {
    const std::string base = ground.temporary ? ground.temporary->path() : "";
    CHECK(system.make_directories(base + "/x/y/z") == 0);
    CHECK(system.make_directories(base + "/x/y/z/") == 0);
    sys::FileStatus status;
    CHECK(system.status_at(top, "x/y/z", status) == 0);
    CHECK(status.type == sys::FileType::directory);
    CHECK(status.mode == 0700);
    CHECK(system.close(create(system, top, "x/file")) == 0);
    CHECK(system.make_directories(base + "/x/file") == -ENOTDIR);
    CHECK(system.make_directories(base + "/x/file/z") < 0);
  }
  SUBCASE("a list shows every name once, and stops when told") {
    for (const char* name : {"a", "b", "c"}) CHECK(system.close(create(system, top, name)) == 0);
    CHECK(system.make_directory(top, "d") == 0);
    std::string names;
    CHECK(system.list(top, [&](const sys::DirectoryEntry& entry) {
      names += entry.name;
      return true;
    }) == 0);
    CHECK(names.size() == 4);
    for (const char name : {'a', 'b', 'c', 'd'}) CHECK(names.find(name) != std::string::npos);
    int visited = 0;
    CHECK(system.list(top, [&](const sys::DirectoryEntry&) { return ++visited < 2; }) == 0);
    CHECK(visited == 2);
  }
  SUBCASE("an announced lock is known to its own thread, until it is withdrawn") {
    const int descriptor = create(system, top, "a");
    sys::FileStatus status;
    CHECK(system.status(descriptor, status) == 0);
    CHECK_FALSE(system.locked_by_this_thread(status.identity, -1));
    REQUIRE(system.announce_lock(descriptor, status.identity, system.fork_count()));
    CHECK(system.locked_by_this_thread(status.identity, -1));
    bool in_other_thread = true;
    std::thread([&] { in_other_thread = system.locked_by_this_thread(status.identity, -1); }).join();
    CHECK_FALSE(in_other_thread);
    CHECK(system.withdraw_lock(descriptor));
    CHECK_FALSE(system.locked_by_this_thread(status.identity, -1));
    CHECK(system.close(descriptor) == 0);
  }
  CHECK(system.close(top) == 0);
}

}  // namespace

TEST_CASE("the fake system keeps the contract") { keeps_the_contract(fake_ground()); }

TEST_CASE("the real system keeps the contract") { keeps_the_contract(real_ground()); }

TEST_CASE("the lowest free inode number is used again once the file has neither name nor descriptor") {
  FakeSystem fake;
  const auto number = [&](const char* name) { return fake.look(name).identity.inode; };
  const int a = create(fake, sys::working_directory, "a");
  const int b = create(fake, sys::working_directory, "b");
  const std::uint64_t first = number("a");
  CHECK(number("b") == first + 1);
  fake.unlink(sys::working_directory, "a");
  fake.close(create(fake, sys::working_directory, "c"));
  CHECK(number("c") == first + 2);  // `a` is open still
  fake.close(a);
  fake.close(create(fake, sys::working_directory, "d"));
  CHECK(number("d") == first);
  fake.link(sys::working_directory, "b", sys::working_directory, "b2");
  fake.unlink(sys::working_directory, "b");
  fake.close(b);
  fake.close(create(fake, sys::working_directory, "e"));
  CHECK(number("e") == first + 3);  // `b` has another name
  fake.rename(sys::working_directory, "c", sys::working_directory, "b2", sys::RenameMode::replace);
  fake.close(create(fake, sys::working_directory, "f"));
  CHECK(number("f") == first + 1);
}

TEST_CASE("what a file system lacks answers EINVAL, after the checks that are common to all") {
  FakeSystem fake({.exchange_supported = false, .no_replace_supported = false});
  fake.set_text("a", "1");
  const int top = sys::working_directory;
  CHECK(fake.rename(top, "a", top, "b", sys::RenameMode::exchange) == -ENOENT);
  CHECK(fake.rename(top, "a", top, "b", sys::RenameMode::no_replace) == -EINVAL);
  fake.set_text("b", "2");
  CHECK(fake.rename(top, "a", top, "b", sys::RenameMode::exchange) == -EINVAL);
  CHECK(fake.rename(top, "a", top, "b", sys::RenameMode::no_replace) == -EEXIST);
  CHECK(fake.rename(top, "a", top, "b", sys::RenameMode::replace) == 0);
  CHECK(fake.text("b") == "1");
}

TEST_CASE("file times are as coarse as the file system keeps them") {
  FakeSystem fake({.time_granularity = std::chrono::seconds(2)});
  const int descriptor = create(fake, sys::working_directory, "a");
  CHECK(fake.set_times(descriptor, {1001, 5}) == 0);
  CHECK(fake.look("a").modified == sys::FileTime{1000, 0});
  fake.set_time_granularity(std::chrono::microseconds(1));
  CHECK(fake.set_times(descriptor, {1001, 1999}) == 0);
  CHECK(fake.look("a").modified == sys::FileTime{1001, 1000});
}

TEST_CASE("a pause and a test move the clocks, and nothing else does") {
  FakeSystem fake;
  const std::int64_t wall = fake.wall_clock();
  const auto monotonic = fake.monotonic_clock();
  fake.pause(std::chrono::milliseconds(5));
  fake.advance(std::chrono::milliseconds(6));
  CHECK(fake.wall_clock() == wall + 11);
  CHECK(fake.monotonic_clock() == monotonic + std::chrono::milliseconds(11));
  fake.set_wall_clock(std::chrono::seconds(1));
  CHECK(fake.wall_clock() == 1000);
  CHECK(fake.monotonic_clock() == monotonic + std::chrono::milliseconds(11));
}

TEST_CASE("a forked child has no announced descriptor, and the parent's lock stays") {
  FakeSystem fake;
  const int descriptor = create(fake, sys::working_directory, "a");
  const sys::FileIdentity identity = fake.look("a").identity;
  REQUIRE(fake.announce_lock(descriptor, identity, fake.fork_count()));
  CHECK(fake.try_lock(descriptor) == 0);
  CHECK(fake.lock_holder(identity) == 4711);
  CHECK(fake.continue_as_forked_child() == 1);
  CHECK(fake.process_generation() == 1);
  CHECK_FALSE(fake.announce_lock(descriptor, identity, 0));
  CHECK_FALSE(fake.withdraw_lock(descriptor));
  const int other = fake.open(sys::working_directory, "a", sys::OpenMode::read_write);
  CHECK(other == descriptor);  // the number means something else now
  CHECK(fake.try_lock(other) == -EWOULDBLOCK);
}

TEST_CASE("a planted fault strikes the n-th matching call, once or for good") {
  FakeSystem fake;
  const int top = sys::working_directory;
  const int descriptor = create(fake, top, "dir");
  SUBCASE("once, by kind") {
    fake.fail(Call::write, 2, ENOSPC);
    CHECK(fake.write(descriptor, bytes("x"), 0) == 1);
    CHECK(fake.write(descriptor, bytes("y"), 0) == -ENOSPC);
    CHECK(fake.text("dir") == "x");
    CHECK(fake.write(descriptor, bytes("z"), 0) == 1);
  }
  SUBCASE("for good, any kind") {
    fake.fail_any(2, EROFS, Repeat::for_good);
    CHECK(fake.sync(descriptor) == 0);
    CHECK(fake.sync(descriptor) == -EROFS);
    CHECK(fake.unlink(top, "dir") == -EROFS);
    CHECK(fake.wall_clock() > 0);
    fake.clear_faults();
    CHECK(fake.unlink(top, "dir") == 0);
  }
  SUBCASE("only on a path, and the call may have been executed") {
    fake.fail({.call = Call::rename, .error = EIO, .path = "new", .executed = true});
    CHECK(fake.rename(top, "dir", top, "old", sys::RenameMode::replace) == 0);
    CHECK(fake.rename(top, "old", top, "new", sys::RenameMode::replace) == -EIO);
    CHECK(fake.exists("new"));
  }
  SUBCASE("a close that answers an error has closed") {
    fake.fail(Call::close, 1, EIO);
    CHECK(fake.close(descriptor) == -EIO);
    CHECK(fake.close(descriptor) == -EBADF);
  }
  SUBCASE("reads and writes may be short") {
    fake.shorten({.call = Call::write, .nth = 1, .bytes = 2, .repeat = Repeat::once});
    fake.shorten({.call = Call::read, .nth = 2, .bytes = 1, .repeat = Repeat::for_good});
    CHECK(fake.write(descriptor, bytes("abc"), 0) == 2);
    CHECK(read_all(fake, descriptor) == "ab");
    CHECK(read_all(fake, descriptor) == "a");
    CHECK(read_all(fake, descriptor) == "a");
  }
}

TEST_CASE("a full disk refuses new blocks and inodes, and nothing else") {
  FakeSystem fake;
  const int descriptor = create(fake, sys::working_directory, "a", "1");
  fake.limit_space(8, 2);  // the root and `a`
  CHECK(fake.open(sys::working_directory, "b", sys::OpenMode::create_exclusive) == -ENOSPC);
  CHECK(fake.make_directory(sys::working_directory, "b") == -ENOSPC);
  CHECK(fake.write(descriptor, bytes("2"), 4095) == 1);
  CHECK(fake.write(descriptor, bytes("2"), 4096) == -ENOSPC);
  CHECK(fake.rename(sys::working_directory, "a", sys::working_directory, "b", sys::RenameMode::replace) == 0);
}

TEST_CASE("every call that can fail is in the log, with its path and its answer") {
  FakeSystem fake;
  fake.make_directory(sys::working_directory, "d");
  const int directory = fake.open(sys::working_directory, "d", sys::OpenMode::directory);
  fake.clear_log();
  const int descriptor = fake.open(directory, "./f", sys::OpenMode::create_exclusive);
  fake.rename(directory, "f", directory, "g", sys::RenameMode::exchange);
  fake.wall_clock();
  fake.sync_data(descriptor);
  std::vector<std::string> lines;
  for (const auto& call : fake.log()) lines.push_back(to_string(call));
  CHECK(lines == std::vector<std::string>{"open(d/f) = 4", "rename(d/f <-> d/g) = -2", "sync_data(d/f) = 0"});
  CHECK(fake.calls(Call::rename) == 1);
  CHECK(fake.calls() == 3);
}

TEST_CASE("what is left open, locked or announced shows") {
  FakeSystem fake;
  CHECK(fake.leaks().none());
  fake.make_directory(sys::working_directory, "d");
  const int descriptor = create(fake, sys::working_directory, "d/f");
  fake.try_lock(descriptor);
  CHECK(fake.leaks().descriptors == std::vector<std::string>{"d/f"});
  CHECK(fake.leaks().locks == std::vector<std::string>{"d/f"});
  CHECK(fake.names_below() == std::vector<std::string>{"d/", "d/f"});
  CHECK(fake.names_below("d") == std::vector<std::string>{"f"});
  fake.close(descriptor);
  CHECK(fake.leaks().none());
}
