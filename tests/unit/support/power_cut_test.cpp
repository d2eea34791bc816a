// Which disks a power cut may leave of the fake file system, and which it may not.
#include "support/power_cut.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <set>
#include <string>

#include "support/fake_system.hpp"

using namespace sess;
using test::DiskImage;
using test::FakeSystem;
using test::PowerCutOptions;

namespace {

constexpr int top = sys::working_directory;

int open(FakeSystem& fake, const char* path) { return fake.open(top, path, sys::OpenMode::read_write); }
int create(FakeSystem& fake, const char* path) { return fake.open(top, path, sys::OpenMode::create_exclusive); }

void write(FakeSystem& fake, int descriptor, const std::string& text, std::uint64_t offset = 0) {
  REQUIRE(fake.write(descriptor, std::as_bytes(std::span(text)), offset) == static_cast<std::int64_t>(text.size()));
}

void sync_top(FakeSystem& fake) {
  const int directory = fake.open(top, "/", sys::OpenMode::directory);
  CHECK(fake.sync(directory) == 0);
  fake.close(directory);
}

/// Every disk in words: "a=old b=" ("-" for no file at all). Times are left out.
std::set<std::string> left_by_cut(const FakeSystem& fake, bool* exhaustive = nullptr) {
  std::set<std::string> disks;
  const auto summary = fake.power_cut_states({.vary_times = false}, [&](const DiskImage& image) {
    const FakeSystem after(image);
    std::string disk;
    for (const std::string& name : after.names_below()) {
      disk += (disk.empty() ? "" : " ") + name;
      if (name.back() != '/') disk += "=" + after.text(name);
    }
    disks.insert(disk.empty() ? "-" : disk);
  });
  if (exhaustive != nullptr) *exhaustive = summary.exhaustive;
  return disks;
}

using Disks = std::set<std::string>;

}  // namespace

TEST_CASE("a new file may be absent, empty or whole until it and its directory are synced") {
  FakeSystem fake;
  const int descriptor = create(fake, "a");
  write(fake, descriptor, "new");
  const std::string zeros(3, '\0');
  CHECK(left_by_cut(fake) == Disks{"-", "a=", "a=new", "a=" + zeros});  // the size may get there before the data
  fake.sync_data(descriptor);
  CHECK(left_by_cut(fake) == Disks{"-", "a=new"});
  sync_top(fake);
  CHECK(left_by_cut(fake) == Disks{"a=new"});
}

TEST_CASE("the sync of a directory says nothing about the data of its files") {
  FakeSystem fake;
  const int descriptor = create(fake, "a");
  write(fake, descriptor, "1");
  sync_top(fake);
  CHECK(left_by_cut(fake) == Disks{"a=", "a=1", std::string("a=\0", 3)});
}

TEST_CASE("a write in place is kept or dropped, and torn only between sectors") {
  FakeSystem fake;
  fake.set_text("a", std::string(1024, 'o'));
  const int descriptor = open(fake, "a");
  write(fake, descriptor, std::string(24, 'n'), 500);
  const std::string first = std::string(500, 'o') + std::string(12, 'n');
  const std::string second = std::string(12, 'n') + std::string(500, 'o');
  const std::string old(512, 'o');
  CHECK(left_by_cut(fake) == Disks{"a=" + old + old, "a=" + first + old, "a=" + old + second, "a=" + first + second});
}

TEST_CASE("on a disk of larger sectors a write is torn between these alone") {
  FakeSystem fake({.sector_size = 4096});
  const std::string old(4096, 'o');
  fake.set_text("a", old + old);
  const int descriptor = open(fake, "a");
  write(fake, descriptor, std::string(2048, 'n'), 3072);
  const std::string first = std::string(3072, 'o') + std::string(1024, 'n');
  const std::string second = std::string(1024, 'n') + std::string(3072, 'o');
  const Disks disks{"a=" + old + old, "a=" + first + old, "a=" + old + second, "a=" + first + second};
  CHECK(left_by_cut(fake) == disks);
  // Started from one of them, the disk is of the same kind if it is said again.
  FakeSystem again(fake.image(), {.sector_size = 4096});
  write(again, open(again, "a"), old + old);
  CHECK(left_by_cut(again).size() == 4);
}

TEST_CASE("writes reach the disk in any order, and a sector keeps any of its versions") {
  FakeSystem fake;
  fake.set_text("a", "0");
  fake.set_text("b", "0");
  const int a = open(fake, "a");
  const int b = open(fake, "b");
  write(fake, a, "1");
  write(fake, b, "1");
  write(fake, a, "2");
  CHECK(left_by_cut(fake) == Disks{"a=0 b=0", "a=1 b=0", "a=2 b=0", "a=0 b=1", "a=1 b=1", "a=2 b=1"});
}

TEST_CASE("a truncate may be lost, alone or with what was written after it") {
  FakeSystem fake;
  fake.set_text("a", "old");
  const int descriptor = open(fake, "a");
  fake.truncate(descriptor, 0);
  CHECK(left_by_cut(fake) == Disks{"a=old", "a=", std::string("a=\0\0\0", 5)});
  write(fake, descriptor, "n");
  const Disks disks = left_by_cut(fake);
  CHECK(disks.contains("a=old"));
  CHECK(disks.contains("a="));
  CHECK(disks.contains("a=n"));
  fake.sync_data(descriptor);
  CHECK(left_by_cut(fake) == Disks{"a=n"});
}

TEST_CASE("names are lost from the end only, and an exchange is whole") {
  FakeSystem fake;
  fake.set_text("a", "1");
  fake.set_text("b", "2");
  fake.rename(top, "a", top, "b", sys::RenameMode::exchange);
  fake.rename(top, "b", top, "c", sys::RenameMode::replace);
  fake.link(top, "a", top, "d");
  fake.unlink(top, "a");
  CHECK(left_by_cut(fake) == Disks{"a=1 b=2", "a=2 b=1", "a=2 c=1", "a=2 c=1 d=2", "c=1 d=2"});
}

TEST_CASE("an unlink without a sync of the directory may be undone") {
  FakeSystem fake;
  fake.set_text("a", "1");
  fake.unlink(top, "a");
  CHECK(left_by_cut(fake) == Disks{"a=1", "-"});
  sync_top(fake);
  CHECK(left_by_cut(fake) == Disks{"-"});
}

TEST_CASE("the sync of one directory makes durable what stands before its operations, not what stands after") {
  FakeSystem fake;
  fake.make_directory(top, "d");
  fake.make_directory(top, "e");
  fake.settle();
  fake.close(create(fake, "e/1"));
  fake.close(create(fake, "d/1"));
  fake.close(create(fake, "e/2"));
  const int directory = fake.open(top, "d", sys::OpenMode::directory);
  fake.sync(directory);
  CHECK(left_by_cut(fake) == Disks{"d/ d/1= e/ e/1=", "d/ d/1= e/ e/1= e/2="});
}

TEST_CASE("the number of a file that is gone may name another one, never both") {
  FakeSystem fake;
  fake.set_text("a", "old");
  fake.unlink(top, "a");
  const int descriptor = create(fake, "b");
  write(fake, descriptor, "new");
  fake.sync_data(descriptor);
  CHECK(left_by_cut(fake) == Disks{"a=old", "-", "b=new"});
}

TEST_CASE("a failed sync leaves the data unknown, also after a later sync has answered 0") {
  FakeSystem fake;
  fake.set_text("a", "old");
  const int descriptor = open(fake, "a");
  write(fake, descriptor, "new");
  fake.fail(test::Call::sync_data, 1, EIO);
  CHECK(fake.sync_data(descriptor) == -EIO);
  CHECK(fake.sync_data(descriptor) == 0);
  CHECK(left_by_cut(fake) == Disks{"a=old", "a=new"});
  write(fake, descriptor, "New");
  CHECK(fake.sync_data(descriptor) == 0);
  CHECK(left_by_cut(fake) == Disks{"a=New"});
}

TEST_CASE("a sync of the file system makes everything durable but what a sync has failed to write") {
  FakeSystem fake;
  fake.set_text("a", "old");
  fake.set_text("b", "old");
  fake.set_text("c", "old");
  for (const char* name : {"a", "b"}) write(fake, open(fake, name), "new");
  fake.fail(test::Call::sync_data, 1, EIO);
  CHECK(fake.sync_data(open(fake, "b")) == -EIO);
  fake.make_directory(top, "d");
  fake.rename(top, "c", top, "d/c", sys::RenameMode::replace);
  const int directory = fake.open(top, "/", sys::OpenMode::directory);
  CHECK(fake.sync_file_system(directory) == 0);
  CHECK(left_by_cut(fake) == Disks{"a=new b=new d/ d/c=old", "a=new b=old d/ d/c=old"});
  CHECK(fake.sync_file_system(-1) == -EBADF);
}

TEST_CASE("a time may be any that the file had since its last sync") {
  FakeSystem fake;
  fake.set_text("a", "");
  const int descriptor = open(fake, "a");
  fake.set_times(descriptor, {100, 1});
  fake.sync(descriptor);
  fake.set_times(descriptor, {200, 2});
  fake.set_times(descriptor, {300, 3});
  fake.sync_data(descriptor);  // says nothing about times
  std::set<std::int64_t> seconds;
  fake.power_cut_states({},
                        [&](const DiskImage& image) { seconds.insert(FakeSystem(image).look("a").modified.seconds); });
  CHECK(seconds == std::set<std::int64_t>{100, 200, 300});
}

TEST_CASE("after a power cut there is no descriptor, no lock, and the clock goes on") {
  FakeSystem fake;
  fake.set_text("a", "1");
  const int descriptor = open(fake, "a");
  CHECK(fake.try_lock(descriptor) == 0);
  fake.advance(std::chrono::seconds(9));
  FakeSystem after(fake.image());
  CHECK(after.leaks().none());
  CHECK(after.wall_clock() == fake.wall_clock());
  CHECK(after.text("a") == "1");
  const int again = open(after, "a");
  CHECK(after.try_lock(again) == 0);
  CHECK(left_by_cut(after) == Disks{"a=1"});
}

TEST_CASE("beyond the limit a sample is visited, with the oldest and the newest disk among it") {
  FakeSystem fake;
  fake.set_text("a", std::string(20 * 512, 'o'));
  const int descriptor = open(fake, "a");
  for (std::uint64_t sector = 0; sector < 20; ++sector) write(fake, descriptor, "n", sector * 512);
  Disks disks;
  const auto count = [&](const DiskImage& image) {
    std::string kept;
    for (std::size_t sector = 0; sector < 20; ++sector) kept += FakeSystem(image).text("a")[sector * 512];
    disks.insert(kept);
  };
  const PowerCutOptions options{.limit = 300, .vary_times = false};
  const auto summary = fake.power_cut_states(options, count);
  CHECK_FALSE(summary.exhaustive);
  CHECK(summary.visited == 300);
  CHECK(summary.possible == 1 << 20);
  CHECK(disks.size() > 100);
  CHECK(disks.contains(std::string(20, 'o')));
  CHECK(disks.contains(std::string(20, 'n')));
  const Disks first = disks;
  disks.clear();
  fake.power_cut_states(options, count);
  CHECK(disks == first);  // the seed says all
}
