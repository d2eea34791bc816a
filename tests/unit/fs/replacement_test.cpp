// The double-buffered replacement of a locked file: what is reused, what is left.
#include "fs/replacement.hpp"

#include "fake_ground.hpp"

#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace sess;
using fs::acquire;
using fs::Deadline;
using fs::Replacement;
using fs::ReplacementOptions;
using test::Call;
using test::FakeGround;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

namespace {

constexpr sys::FileTime time_of_new{2'000'000'000, 7};

/// A file "a" with the text "old", locked; its spare is "a~".
struct Ground : FakeGround {
  explicit Ground(test::FakeOptions options = {}) : FakeGround(options) {
    system.set_text("/a", "old");
    current = std::move(acquire(directory, "a", Deadline::none()).lock);
    REQUIRE(current);
  }
  fs::ReplacementNames names_of_a() { return {"a", "a~", temporary_names()}; }
  int replace(std::string_view content, ReplacementOptions options = {}) {
    Replacement next(directory, names_of_a(), current, options);
    next.prepare(Deadline::after(system, 1s));
    next.write(test::bytes(content));
    next.set_times(time_of_new);
    return next.publish();
  }
  bool locked(const char* name) {
    const int descriptor = system.open(sys::working_directory, name, sys::OpenMode::read_write);
    REQUIRE(descriptor >= 0);
    const bool is_locked = system.try_lock(descriptor) == -EWOULDBLOCK;
    system.close(descriptor);
    return is_locked;
  }
  bool holds_the_name() { return current && current.identity() == system.look("/a").identity && locked("/a"); }

  fs::FileLock current;
};

}  // namespace

TEST_CASE("without a spare a temp file takes over the name, and the old version becomes the spare") {
  Ground ground;
  const auto old_inode = ground.inode("/a");
  CHECK(ground.replace("new") == 0);
  CHECK(ground.names() == Names{"a", "a~"});
  CHECK(ground.system.text("/a") == "new");
  CHECK(ground.system.text("/a~") == "old");
  CHECK(ground.inode("/a~") == old_inode);
  CHECK(ground.system.look("/a").modified == time_of_new);
  CHECK(ground.holds_the_name());
  CHECK_FALSE(ground.locked("/a~"));
}

TEST_CASE("with a spare nothing is created and nothing unlinked: the two files change places") {
  Ground ground;
  CHECK(ground.replace("second") == 0);
  const auto first = ground.inode("/a~");
  const auto second = ground.inode("/a");
  ground.system.clear_log();
  CHECK(ground.replace("third") == 0);
  CHECK(ground.inode("/a") == first);
  CHECK(ground.inode("/a~") == second);
  CHECK(ground.system.text("/a") == "third");
  CHECK(ground.system.text("/a~") == "second");
  CHECK(ground.holds_the_name());
  CHECK_FALSE(ground.locked("/a~"));
  CHECK(ground.system.calls(Call::unlink) == 0);
  CHECK(ground.system.calls(Call::rename) == 1);
  for (int i = 0; i < 50; ++i) CHECK(ground.replace("version " + std::to_string(i)) == 0);
  CHECK(ground.names() == Names{"a", "a~"});
  CHECK(ground.system.text("/a~") == "version 48");
}

TEST_CASE("a content shorter than the spare's is cut, and one as long is not") {
  Ground ground;
  CHECK(ground.replace("a much longer content") == 0);
  CHECK(ground.replace("x") == 0);
  ground.system.clear_log();
  CHECK(ground.replace("short") == 0);  // over the longer one
  CHECK(ground.system.text("/a") == "short");
  CHECK(ground.system.calls(Call::truncate) == 1);
  CHECK(ground.replace("y") == 0);  // over the "x"
  CHECK(ground.replace("SHORT") == 0);
  CHECK(ground.system.text("/a") == "SHORT");
  CHECK(ground.system.calls(Call::truncate) == 1);
  CHECK(ground.replace("") == 0);
  CHECK(ground.system.text("/a").empty());
}

TEST_CASE("what the spare held can be read before it is overwritten") {
  Ground ground;
  CHECK(ground.replace("new") == 0);
  Replacement next(ground.directory, ground.names_of_a(), ground.current, {});
  next.prepare(Deadline::none());
  CHECK(next.reuses_spare());
  CHECK(next.status().identity == ground.system.look("/a~").identity);
  std::vector<std::byte> content;
  next.read(2, content);
  CHECK(test::text(content) == "ol");
}

TEST_CASE("a spare that is busy for a moment is waited for, a little") {
  Ground ground;
  CHECK(ground.replace("new") == 0);
  // A waiter that woke on the old inode: it lets go as soon as it has looked at the name.
  ground.system.fail(Call::try_lock, 1, EWOULDBLOCK);
  ground.system.fail(Call::try_lock, 2, EWOULDBLOCK);
  const auto spare = ground.inode("/a~");
  CHECK(ground.replace("newer") == 0);
  CHECK(ground.inode("/a") == spare);
  CHECK(ground.names() == Names{"a", "a~"});
}

TEST_CASE("a spare that stays busy is left alone, and a temp file taken") {
  Ground ground;
  CHECK(ground.replace("new") == 0);
  const int other = ground.lock_elsewhere("/a~");
  const auto start = ground.system.monotonic_clock();
  CHECK(ground.replace("newer") == 0);
  CHECK(ground.system.monotonic_clock() - start < 1ms);
  CHECK(ground.names() == Names{"a", "a~"});
  CHECK(ground.system.text("/a") == "newer");
  CHECK(ground.system.text("/a~") == "new");
  CHECK(ground.holds_the_name());
  CHECK(ground.system.close(other) == 0);
}

TEST_CASE("a spare with a second link is not written through") {
  Ground ground;
  CHECK(ground.replace("new") == 0);
  const int at = ground.directory.descriptor();
  REQUIRE(ground.system.link(at, "a~", at, "backup") == 0);
  CHECK(ground.replace("newer") == 0);
  CHECK(ground.system.text("/backup") == "old");
  CHECK(ground.system.text("/a~") == "new");
  CHECK(ground.system.text("/a") == "newer");
}

TEST_CASE("what is no file at the spare's name is not written to") {
  Ground ground;
  REQUIRE(ground.directory.make_directory("a~"));
  CHECK_THROWS_AS(ground.replace("new"), IoError);
  CHECK(ground.system.text("/a") == "old");
  CHECK(ground.holds_the_name());
}

TEST_CASE("without the exchange the new file replaces the old one") {
  for (const bool told : {true, false}) {  // by the store's file, or by the system's answer
    for (const bool with_spare : {false, true}) {
      CAPTURE(told);
      CAPTURE(with_spare);
      Ground ground({.exchange_supported = told});
      if (with_spare) ground.system.set_text("/a~", "a spare of the other method");
      ground.system.set_exchange_supported(false);
      CHECK(ground.replace("new", {.exchange = !told}) == 0);
      if (told) CHECK(ground.names() == Names{"a"});
      CHECK(ground.system.text("/a") == "new");
      CHECK(ground.holds_the_name());
      CHECK(ground.replace("newer", {.exchange = !told}) == 0);
      if (told) CHECK(ground.names() == Names{"a"});
      CHECK(ground.system.text("/a") == "newer");
      CHECK(ground.holds_the_name());
    }
  }
}

TEST_CASE("the fallback unlinks a spare that it cannot use before it renames") {
  Ground ground({.exchange_supported = false});
  ground.system.set_text("/a~", "older");
  const int other = ground.lock_elsewhere("/a~");
  ground.system.clear_log();
  CHECK(ground.replace("new", {.exchange = false}) == 0);
  CHECK(ground.names() == Names{"a"});
  const auto log = ground.system.log();
  const auto unlinked = std::ranges::find(log, Call::unlink, &test::LoggedCall::call);
  const auto renamed = std::ranges::find(log, Call::rename, &test::LoggedCall::call);
  REQUIRE(unlinked != log.end());
  CHECK(unlinked < renamed);
  CHECK(ground.system.close(other) == 0);
}

TEST_CASE("the lock changes over to the new file without a gap, and waiters of the old one see the name move") {
  Ground ground;
  const auto old_identity = ground.current.identity();
  CHECK(ground.replace("new") == 0);
  CHECK_FALSE(ground.current.identity() == old_identity);
  // The name is given before the old lock is let go, or two writers could hold the name.
  const auto log = ground.system.log();
  const auto renamed = std::ranges::find(log, Call::rename, &test::LoggedCall::call);
  const auto unlocked = std::ranges::find(log, Call::unlock, &test::LoggedCall::call);
  CHECK(renamed < unlocked);
  CHECK(ground.system.text("/a~") == "old");
}

TEST_CASE("at durable the data is synced before the name and the directory after it, at relaxed nothing is") {
  Ground ground;
  CHECK(ground.replace("new") == 0);
  CHECK(ground.system.calls(Call::sync_data) + ground.system.calls(Call::sync) == 0);
  ground.system.clear_log();
  CHECK(ground.replace("newer", {.durable = true}) == 0);
  const auto log = ground.system.log();
  const auto at = [&](Call call) { return std::ranges::find(log, call, &test::LoggedCall::call) - log.begin(); };
  CHECK(at(Call::write) < at(Call::sync_data));
  CHECK(at(Call::sync_data) < at(Call::rename));
  CHECK(at(Call::rename) < at(Call::sync));
  CHECK(at(Call::sync) < static_cast<std::ptrdiff_t>(log.size()));
}

TEST_CASE("where it is asked for, the data of a fresh file that is not synced is on its way before its name is") {
  for (const int error : {0, EIO, EINVAL, ENOSYS, ESPIPE}) {
    CAPTURE(error);
    Ground ground;
    if (error != 0) ground.system.fail(Call::start_writeback, 1, error);
    ground.system.clear_log();
    CHECK(ground.replace("new", {.start_writeback = true}) == 0);
    const auto log = ground.system.log();
    const auto at = [&](Call call) { return std::ranges::find(log, call, &test::LoggedCall::call) - log.begin(); };
    CHECK(at(Call::write) < at(Call::start_writeback));
    CHECK(at(Call::start_writeback) < at(Call::rename));
    CHECK(ground.system.text("/a") == "new");
    CHECK(ground.holds_the_name());
    // A spare has its blocks already.
    CHECK(ground.replace("newer", {.start_writeback = true}) == 0);
    CHECK(ground.system.calls(Call::start_writeback) == 1);
  }
  for (const ReplacementOptions& options :
       {ReplacementOptions{}, {.durable = true, .start_writeback = true}, {.start_writeback = true, .scrub = true}}) {
    Ground ground;
    CHECK(ground.replace("new", options) == 0);
    CHECK(ground.system.calls(Call::start_writeback) == 0);
  }
}

TEST_CASE("where no temp file can be made a busy spare is waited for") {
  Ground ground;
  CHECK(ground.replace("new") == 0);
  for (const bool told : {false, true}) {
    CAPTURE(told);
    const int other = ground.lock_elsewhere("/a~");
    ground.system.limit_space(UINT64_MAX, 0);
    // It stays busy: the deadline decides.
    const auto start = ground.system.monotonic_clock();
    CHECK_THROWS_AS(ground.replace("newer", {.spare_only = told}), IoError);
    CHECK(ground.system.monotonic_clock() - start >= 1s);
    CHECK(ground.system.close(other) == 0);
    // It becomes free after a while.
    ground.system.fail({Call::try_lock, 1, EWOULDBLOCK, test::Repeat::for_good, "a~"});
    Replacement next(ground.directory, ground.names_of_a(), ground.current, {.spare_only = told});
    std::thread release([&] { ground.system.clear_faults(); });
    next.prepare(Deadline::after(ground.system, std::chrono::hours(24 * 365)));
    release.join();
    CHECK(next.reuses_spare());
    next.write(test::bytes("newer"));
    CHECK(next.publish() == 0);
    CHECK(ground.system.text("/a") == "newer");
    ground.system.limit_space(UINT64_MAX, UINT64_MAX);
  }
}

TEST_CASE("where there is neither space nor spare the error is that of a full disk") {
  Ground ground;
  ground.system.limit_space(UINT64_MAX, 0);
  for (const bool told : {false, true}) {
    const auto start = ground.system.monotonic_clock();
    try {
      ground.replace("new", {.spare_only = told});
      FAIL("no error");
    } catch (const IoError& error) {
      CHECK(error.error_number() == ENOSPC);
    }
    CHECK(ground.system.monotonic_clock() == start);  // there is nothing to wait for
  }
  CHECK(ground.system.text("/a") == "old");
  CHECK(ground.holds_the_name());
}
