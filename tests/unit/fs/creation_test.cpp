// A new file that appears complete and locked, or not at all.
#include "fs/creation.hpp"

#include "fake_ground.hpp"

#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace sess;
using fs::create_locked;
using fs::Creation;
using fs::CreationOptions;
using test::Call;
using test::FakeGround;
using Names = std::vector<std::string>;

namespace {

constexpr sys::FileTime time_of_new{2'000'000'000, 1};

std::optional<Creation> create(FakeGround& ground, CreationOptions options = {}) {
  return create_locked(ground.directory, "a", ground.temporary_names(), test::bytes("new"), time_of_new, options);
}

void is_complete(FakeGround& ground, const Creation& creation) {
  CHECK(ground.system.text("/a") == "new");
  CHECK(ground.system.look("/a").modified == time_of_new);
  CHECK(ground.system.look("/a").links == 1);
  CHECK(creation.lock.own());
  CHECK(creation.lock.identity() == ground.system.look("/a").identity);
  CHECK(creation.status.identity == creation.lock.identity());
  const int other = ground.system.open(sys::working_directory, "/a", sys::OpenMode::read_write);
  CHECK(ground.system.try_lock(other) == -EWOULDBLOCK);
  CHECK(ground.system.close(other) == 0);
  CHECK(ground.names() == Names{"a"});
}

}  // namespace

TEST_CASE("a file is created whole, with its time, under its lock") {
  for (const bool supported : {true, false}) {
    for (const bool told : {true, false}) {
      CAPTURE(supported);
      CAPTURE(told);
      FakeGround ground({.no_replace_supported = supported});
      const auto creation = create(ground, {.no_replace = told});
      REQUIRE(creation);
      CHECK(creation->sync_error == 0);
      is_complete(ground, *creation);
      CHECK(ground.system.calls(Call::link) == (supported && told ? 0 : 1));
    }
  }
}

TEST_CASE("a name that is taken stays as it is, and no temp file is left") {
  for (const bool no_replace : {true, false}) {
    FakeGround ground;
    ground.system.set_text("/a", "somebody's");
    CHECK_FALSE(create(ground, {.no_replace = no_replace}).has_value());
    CHECK(ground.system.text("/a") == "somebody's");
    CHECK(ground.names() == Names{"a"});
    CHECK(ground.system.leaks().locks.empty());
    CHECK(ground.system.leaks().announced == 0);
  }
}

TEST_CASE("each call of a creation may fail once: then nothing has appeared, or all of it") {
  for (const bool durable : {false, true}) {
    for (const bool no_replace : {true, false}) {
      for (std::uint64_t nth = 1;; ++nth) {
        CAPTURE(durable);
        CAPTURE(no_replace);
        CAPTURE(nth);
        FakeGround ground;
        ground.system.clear_log();
        ground.system.fail_any(nth, EIO);
        std::optional<Creation> creation;
        bool failed = false;
        try {
          creation = create(ground, {.no_replace = no_replace, .durable = durable});
        } catch (const IoError& error) {
          failed = true;
          CHECK(error.error_number() == EIO);
        }
        const bool reached = ground.system.calls() >= nth;
        ground.system.clear_faults();
        if (failed) {
          CHECK_FALSE(ground.system.exists("/a"));
          CHECK(ground.system.leaks().locks.empty());
          CHECK(ground.system.leaks().announced == 0);
          CHECK(ground.system.leaks().descriptors.size() == 1);  // the directory
          CHECK(ground.names().empty());
        } else {
          REQUIRE(creation);
          CHECK(ground.system.text("/a") == "new");
        }
        if (!reached) break;
        REQUIRE(nth < 100);
      }
    }
  }
}

TEST_CASE("a creation that fails after its temp file was made and locked leaves none") {
  for (const Call call : {Call::write, Call::sync_data, Call::set_times, Call::rename}) {
    CAPTURE(to_string(call));
    FakeGround ground;
    ground.system.fail(call, 1, ENOSPC);
    CHECK_THROWS_AS(static_cast<void>(create(ground, {.durable = true})), IoError);
    CHECK(ground.names().empty());
  }
  FakeGround ground;
  ground.system.fail(Call::link, 1, EPERM);
  CHECK_THROWS_AS(static_cast<void>(create(ground, {.no_replace = false})), IoError);
  CHECK(ground.names().empty());
}

TEST_CASE("at durable the data is synced before the name and the directory after it, at relaxed nothing is") {
  FakeGround relaxed;
  CHECK(create(relaxed).has_value());
  CHECK(relaxed.system.calls(Call::sync_data) + relaxed.system.calls(Call::sync) == 0);
  FakeGround durable;
  CHECK(create(durable, {.durable = true}).has_value());
  const auto log = durable.system.log();
  const auto at = [&](Call call) { return std::ranges::find(log, call, &test::LoggedCall::call) - log.begin(); };
  CHECK(at(Call::write) < at(Call::sync_data));
  CHECK(at(Call::sync_data) < at(Call::rename));
  CHECK(at(Call::rename) < at(Call::sync));
  CHECK(at(Call::sync) < static_cast<std::ptrdiff_t>(log.size()));
}

TEST_CASE(
    "where it is asked for, data that is not synced is on its way before its name is, and it is no matter if not") {
  for (const int error : {0, EIO, EINVAL, ENOSYS, ESPIPE}) {
    CAPTURE(error);
    FakeGround ground;
    if (error != 0) ground.system.fail(Call::start_writeback, 1, error);
    const auto creation = create(ground, {.start_writeback = true});
    REQUIRE(creation);
    const auto log = ground.system.log();
    const auto at = [&](Call call) { return std::ranges::find(log, call, &test::LoggedCall::call) - log.begin(); };
    CHECK(at(Call::write) < at(Call::start_writeback));
    CHECK(at(Call::start_writeback) < at(Call::rename));
    is_complete(ground, *creation);
  }
  FakeGround neither;
  CHECK(create(neither).has_value());
  FakeGround durable;
  CHECK(create(durable, {.durable = true, .start_writeback = true}).has_value());
  CHECK(neither.system.calls(Call::start_writeback) + durable.system.calls(Call::start_writeback) == 0);
}

TEST_CASE("a failed sync of the directory is told, and the file stands, locked") {
  FakeGround ground;
  ground.system.fail(Call::sync, 1, EIO);
  const auto creation = create(ground, {.durable = true});
  REQUIRE(creation);
  CHECK(creation->sync_error == -EIO);
  is_complete(ground, *creation);
}

TEST_CASE("a temp file that a sweep has taken for a leftover is made again") {
  FakeGround ground;
  ground.system.fail(Call::rename, 1, ENOENT);
  const auto creation = create(ground);
  REQUIRE(creation);
  CHECK(creation->lock.identity() == ground.system.look("/a").identity);
  ground.system.fail(Call::rename, 1, ENOENT, test::Repeat::for_good);
  FakeGround unlucky;
  unlucky.system.fail(Call::rename, 1, ENOENT, test::Repeat::for_good);
  CHECK_THROWS_AS(static_cast<void>(create(unlucky)), IoError);
  CHECK_FALSE(unlucky.system.exists("/a"));
}
