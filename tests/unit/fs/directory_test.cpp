// A directory that is open, and what its errors say.
#include "fs/directory.hpp"

#include "fake_ground.hpp"

#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sess;
using fs::Directory;
using sys::OpenMode;
using test::Call;
using test::FakeGround;
using test::Repeat;

namespace {

/// The message of what a piece of work throws.
template <class Work>
std::string message(Work work) {
  try {
    work();
  } catch (const IoError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a directory that is not there, or is none, cannot be opened") {
  FakeGround ground;
  ground.system.set_text("/file", "");
  CHECK(message([&] { Directory::open(ground.system, "/none"); }) ==
        "open directory \"/none\": No such file or directory");
  CHECK(message([&] { Directory::open(ground.system, "/file"); }) == "open directory \"/file\": Not a directory");
  CHECK(message([&] { static_cast<void>(ground.directory.open_child("none")); }) ==
        "open directory \"//none\": No such file or directory");
}

TEST_CASE("a child is reached through its parent, and knows its path") {
  FakeGround ground;
  CHECK(ground.directory.make_directory("a"));
  CHECK_FALSE(ground.directory.make_directory("a"));
  const Directory child = Directory::open(ground.system, "/a");
  CHECK(child.make_directory("b"));
  CHECK(child.open_child("b").path() == "/a/b");
  CHECK(child.path_of("name") == "/a/name");
  CHECK(child.own_status().type == sys::FileType::directory);
  CHECK(message([&] { static_cast<void>(child.make_directory("none/b")); }) ==
        "make directory \"/a/none/b\": No such file or directory");
}

TEST_CASE("a name that is stale on a network file system is looked at again, not taken for absent") {
  FakeGround ground;
  ground.system.set_text("/a", "text");
  ground.system.fail(Call::open, 1, ESTALE);
  CHECK(ground.directory.open_file("a", OpenMode::read).has_value());
  ground.system.fail(Call::status_at, 1, ESTALE);
  CHECK(ground.directory.status("a").has_value());
  ground.system.fail(Call::status_at, 1, ESTALE, test::Repeat::for_good);
  CHECK(message([&] { static_cast<void>(ground.directory.status("a")); }) == "stat \"//a\": Stale file handle");
}

TEST_CASE("what is not there is nothing, and any other fault is thrown with operation and path") {
  FakeGround ground;
  CHECK_FALSE(ground.directory.open_file("none", OpenMode::read).has_value());
  CHECK_FALSE(ground.directory.status("none").has_value());
  CHECK_FALSE(ground.directory.unlink("none"));
  CHECK_FALSE(ground.directory.read_text("none").has_value());

  ground.system.set_text("/a", "text");
  ground.system.fail(Call::open, 1, EMFILE);
  CHECK(message([&] { static_cast<void>(ground.directory.open_file("a", OpenMode::read)); }) ==
        "open \"//a\": Too many open files");
  ground.system.fail(Call::status_at, 1, EIO);
  CHECK(message([&] { static_cast<void>(ground.directory.status("a")); }) == "stat \"//a\": Input/output error");
  ground.system.fail(Call::unlink, 1, EROFS);
  CHECK(message([&] { static_cast<void>(ground.directory.unlink("a")); }) == "unlink \"//a\": Read-only file system");
  ground.system.fail(Call::list, 1, EIO);
  CHECK(message([&] { ground.directory.visit([](const auto&) { return true; }); }) == "list \"/\": Input/output error");
  ground.system.fail(Call::sync, 1, EIO);
  CHECK(message([&] { ground.directory.sync(); }) == "sync directory \"/\": Input/output error");
  ground.system.fail(Call::sync_file_system, 1, EIO);
  CHECK(message([&] { ground.directory.sync_file_system(); }) == "sync file system of \"/\": Input/output error");
  CHECK(ground.directory.unlink("a"));
}

TEST_CASE("a file is read and written whole, in however small pieces the system takes it") {
  FakeGround ground;
  ground.system.set_text("/a", "");
  const auto file = ground.directory.open_file("a", OpenMode::read_write);
  REQUIRE(file);
  std::string wanted(1000, 'x');
  wanted[0] = 'y';
  for (const std::uint64_t piece : {1U, 7U, 999U, 1000U, 2000U}) {
    CAPTURE(piece);
    ground.system.clear_faults();
    ground.system.shorten({Call::write, 1, piece, Repeat::for_good});
    ground.system.shorten({Call::read, 1, piece, Repeat::for_good});
    ground.directory.write(*file, "a", test::bytes(wanted));
    CHECK(ground.system.text("/a") == wanted);
    std::vector<std::byte> content;
    ground.directory.read(*file, "a", wanted.size(), content);
    CHECK(test::text(content) == wanted);
    ground.directory.read(*file, "a", 5000, content);
    CHECK(test::text(content) == wanted);
    ground.directory.read(*file, "a", 3, content);
    CHECK(test::text(content) == "yxx");
    ground.directory.read(*file, "a", 0, content);
    CHECK(content.empty());
    wanted.back() = static_cast<char>('0' + piece % 10);
  }
}

TEST_CASE("a write that takes nothing ends with an error and not never") {
  FakeGround ground;
  ground.system.set_text("/a", "");
  const auto file = ground.directory.open_file("a", OpenMode::read_write);
  ground.system.shorten({Call::write, 1, 0, Repeat::for_good});
  CHECK(message([&] { ground.directory.write(*file, "a", test::bytes("x")); }) == "write \"//a\": Input/output error");
  ground.system.clear_faults();
  ground.system.fail(Call::write, 1, ENOSPC);
  CHECK(message([&] { ground.directory.write(*file, "a", test::bytes("x")); }) ==
        "write \"//a\": No space left on device");
  ground.system.fail(Call::read, 1, EIO);
  std::vector<std::byte> content;
  CHECK(message([&] { ground.directory.read(*file, "a", 1, content); }) == "read \"//a\": Input/output error");
}

TEST_CASE("a visit sees every name until its visitor has seen enough") {
  FakeGround ground;
  for (const char* path : {"/a", "/b", "/c"}) ground.system.set_text(path, "");
  int count = 0;
  ground.directory.visit([&](const sys::DirectoryEntry&) { return ++count < 2; });
  CHECK(count == 2);
}

TEST_CASE("a text is put under its name whole, and replaces what was there") {
  FakeGround ground;
  ground.directory.put_text("a", "a.new", "first");
  CHECK(ground.directory.read_text("a") == "first");
  ground.system.set_text("/a.new", "left by a killed program, and longer");
  ground.directory.put_text("a", "a.new", "second");
  CHECK(ground.directory.read_text("a") == "second");
  CHECK(ground.names() == std::vector<std::string>{"a"});
  CHECK(ground.system.look("/a").mode == 0600);
  CHECK(ground.system.leaks().descriptors.size() == 1);  // the directory
}

TEST_CASE("a text that cannot be put leaves the old one") {
  for (std::uint64_t nth = 1;; ++nth) {
    CAPTURE(nth);
    FakeGround ground;
    ground.directory.put_text("a", "a.new", "old");
    ground.system.fail_any(nth, ENOSPC);
    const std::string failed = message([&] { ground.directory.put_text("a", "a.new", "new"); });
    const std::uint64_t made = ground.system.calls();
    ground.system.clear_faults();
    const auto now = ground.directory.read_text("a");
    CHECK((now == "old" || now == "new"));
    if (now == "old") CHECK_FALSE(failed.empty());
    ground.directory.put_text("a", "a.new", "next");  // nothing that is left is in the way
    CHECK(ground.directory.read_text("a") == "next");
    if (failed.empty() && nth > made) break;
    REQUIRE(nth < 100);
  }
}

TEST_CASE("after a power cut a text that was put is there, or the one before it") {
  FakeGround ground;
  ground.directory.put_text("a", "a.new", "old");
  ground.system.settle();
  ground.directory.put_text("a", "a.new", "new");
  test::PowerCutOptions options;
  ground.system.power_cut_states(options, [&](const test::DiskImage& image) {
    test::FakeSystem after(image);
    CAPTURE(image.description);
    CHECK(Directory::open(after, "/").read_text("a") == "new");
  });
}

TEST_CASE("of a text no more than 64 KiB is read") {
  FakeGround ground;
  ground.system.set_text("/a", std::string(100'000, 'x'));
  CHECK(ground.directory.read_text("a")->size() == 65'536);
}
