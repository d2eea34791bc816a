// A replacement that fails, at each of its calls.
#include "fs/replacement.hpp"

#include "fake_ground.hpp"

#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

using namespace sess;
using fs::acquire;
using fs::Deadline;
using fs::Replacement;
using fs::ReplacementOptions;
using test::Call;
using test::FakeGround;
using test::Repeat;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

namespace {

/// A locked file "a" with the text "current"; with or without a spare that holds "previous".
struct Ground : FakeGround {
  explicit Ground(bool with_spare, bool exchange = true) : FakeGround({.exchange_supported = exchange}) {
    system.set_text("/a", "current");
    if (with_spare) system.set_text("/a~", "previous");
    current = std::move(acquire(directory, "a", Deadline::none()).lock);
    system.clear_log();
  }
  int replace(ReplacementOptions options = {}) {
    Replacement next(directory, {"a", "a~", temporary_names()}, current, options);
    next.prepare(Deadline::after(system, 1s));
    next.write(test::bytes("next"));
    next.set_times({2'000'000'000, 1});
    return next.publish();
  }
  /// The error of a replacement, if it throws one.
  std::optional<int> failed(ReplacementOptions options = {}) {
    try {
      last_answer = replace(options);
    } catch (const IoError& error) {
      return error.error_number();
    }
    return std::nullopt;
  }

  fs::FileLock current;
  int last_answer = 0;
};

/// What must hold after any failure of any call.
void nothing_is_lost(Ground& ground, bool failed) {
  const std::string text = ground.system.text("/a");
  CHECK(text == (failed ? "current" : "next"));
  CHECK(ground.current);
  CHECK(ground.current.identity() == ground.system.look("/a").identity);
  const auto leaks = ground.system.leaks();
  CHECK(leaks.locks.size() == 1);        // the current file's
  CHECK(leaks.descriptors.size() == 2);  // and the directory
  CHECK(leaks.announced == 1);
  if (failed) CHECK((ground.names() == Names{"a"} || ground.names() == Names{"a", "a~"}));  // no temp file
  // A spare of a commit that failed holds nothing that recovery could take for a version.
  if (failed && ground.system.exists("/a~")) {
    const std::string spare = ground.system.text("/a~");
    CHECK(spare != "next");
  }
}

struct Way {
  bool with_spare;
  bool exchange;
  bool durable;
};
const Way ways[] = {{false, true, false},  {true, true, false},  {false, true, true},  {true, true, true},
                    {false, false, false}, {true, false, false}, {false, false, true}, {true, false, true}};

}  // namespace

TEST_CASE("each call of a replacement may fail once: the old version stays whole and locked, or the new one stands") {
  for (const Way& way : ways) {
    for (const int error : {EIO, ENOSPC}) {
      for (std::uint64_t nth = 1;; ++nth) {
        Ground ground(way.with_spare, way.exchange);
        ground.system.fail_any(nth, error);
        CAPTURE(way.with_spare);
        CAPTURE(way.exchange);
        CAPTURE(way.durable);
        CAPTURE(nth);
        const auto found = ground.failed({.exchange = way.exchange, .durable = way.durable});
        if (found) CHECK(*found == error);
        const bool reached = ground.system.calls() >= nth;
        ground.system.clear_faults();
        nothing_is_lost(ground, found.has_value());
        // Whatever was left, the next one works.
        CHECK(ground.replace({.exchange = way.exchange}) == 0);
        CHECK(ground.system.text("/a") == "next");
        if (!reached) break;
        REQUIRE(nth < 100);
      }
    }
  }
}

TEST_CASE("a failure before anything is written leaves a shorter spare as it was, and cuts a longer one") {
  for (const bool shorter : {true, false}) {
    Ground ground(true);
    if (shorter) ground.system.set_text("/a~", "pre");
    ground.system.fail(Call::write, 1, ENOSPC);
    CHECK(ground.failed() == ENOSPC);
    CHECK(ground.system.text("/a~") == "pre");
    nothing_is_lost(ground, true);
  }
}

TEST_CASE("a write that took effect and answered an error leaves nothing complete in the spare") {
  for (const char* spare : {"", "pre", "previous"}) {
    Ground ground(true);
    ground.system.set_text("/a~", spare);
    ground.system.fail(
        test::Fault{.call = Call::write, .nth = 1, .error = EIO, .repeat = Repeat::once, .path = {}, .executed = true});
    CHECK(ground.failed() == EIO);
    nothing_is_lost(ground, true);
  }
}

TEST_CASE("a scrub does not write through the link of a backup that has been made of the current version") {
  for (const bool exchange : {false, true}) {
    for (const bool linkable : {false, true}) {
      Ground ground(false);
      const int at = ground.directory.descriptor();
      REQUIRE(ground.system.link(at, "a", at, "backup") == 0);
      if (!linkable) ground.system.fail(Call::link, 1, EPERM);
      CHECK(ground.replace({.exchange = exchange, .scrub = true}) == 0);
      CHECK(ground.system.text("/backup") == "current");
    }
  }
}

TEST_CASE("a write that was cut short leaves the spare its blocks, and what it has written of the head") {
  Ground ground(true);
  ground.system.set_text("/a~", "next");  // the part that is not written would make it complete
  ground.system.shorten({Call::write, 1, 3, Repeat::once});
  ground.system.fail(Call::write, 2, ENOSPC);
  SUBCASE("with the whole head") {
    CHECK(ground.failed({.head = 3}) == ENOSPC);
    CHECK(ground.system.text("/a~") == "nex");
  }
  SUBCASE("with a part of the head") {
    CHECK(ground.failed({.head = 4}) == ENOSPC);
    CHECK(ground.names() == Names{"a"});
  }
  SUBCASE("not to be cut") {
    ground.system.fail(Call::truncate, 1, EIO);
    CHECK(ground.failed() == ENOSPC);
    CHECK(ground.names() == Names{"a"});
  }
  nothing_is_lost(ground, true);
}

TEST_CASE("a failure after everything is written unlinks the spare, emptied") {
  for (const Call call : {Call::set_times, Call::rename}) {
    for (const bool unlinked : {true, false}) {
      CAPTURE(to_string(call));
      Ground ground(true);
      ground.system.fail(call, 1, EIO);
      if (!unlinked) ground.system.fail(Call::unlink, 1, EIO);
      CHECK(ground.failed() == EIO);
      CHECK(ground.names() == (unlinked ? Names{"a"} : Names{"a", "a~"}));
      if (!unlinked) CHECK(ground.system.text("/a~").empty());
      CHECK(ground.system.calls(Call::sync_data) == 1);  // a power cut may bring back the name
      nothing_is_lost(ground, true);
    }
  }
}

TEST_CASE("a failure before the new version has its name leaves no temp file") {
  for (const Call call : {Call::write, Call::set_times, Call::rename}) {
    CAPTURE(to_string(call));
    Ground ground(false);
    ground.system.fail(call, 1, EIO);
    CHECK(ground.failed() == EIO);
    CHECK(ground.names() == (call == Call::rename ? Names{"a", "a~"} : Names{"a"}));
    nothing_is_lost(ground, true);
  }
}

TEST_CASE("a current file that has got the spare's name as well, and lost none, is not written to") {
  Ground ground(false);
  ground.system.fail(Call::rename, 1, EIO);
  CHECK(ground.failed() == EIO);
  const auto both = ground.system.look("/a");
  REQUIRE(both.identity == ground.system.look("/a~").identity);
  CHECK(both.links == 2);
  CHECK(ground.replace() == 0);
  CHECK(ground.system.text("/a") == "next");
  CHECK(ground.system.text("/a~") == "current");
  CHECK(ground.system.look("/a~").identity == both.identity);
  CHECK(ground.system.look("/a~").links == 1);
  CHECK(ground.names() == Names{"a", "a~"});
}

TEST_CASE("a spare that cannot be cut to its new length is unlinked") {
  Ground ground(true);
  ground.system.set_text("/a~", "a content longer than the next one");
  ground.system.fail(Call::truncate, 1, EIO);
  CHECK(ground.failed() == EIO);
  CHECK(ground.names() == Names{"a"});
  nothing_is_lost(ground, true);
}

TEST_CASE("after a failed sync the spare is unlinked and the sync is not tried again") {
  Ground ground(true);
  ground.system.fail(Call::sync_data, 1, EIO);
  CHECK(ground.failed({.durable = true}) == EIO);
  CHECK(ground.names() == Names{"a"});
  CHECK(ground.system.calls(Call::sync_data) == 1);
  nothing_is_lost(ground, true);
}

TEST_CASE("a failed sync of the directory is told, and the new version stands") {
  for (const bool with_spare : {false, true}) {
    for (const Call call : {Call::sync, Call::open}) {
      Ground ground(with_spare);
      // The directory is opened after the spare, and after the temp file where there is no spare.
      ground.system.fail(call, call == Call::sync ? 1 : with_spare ? 2 : 3, EIO);
      CHECK_FALSE(ground.failed({.durable = true}).has_value());
      CHECK(ground.last_answer == -EIO);
      nothing_is_lost(ground, false);
    }
  }
}

TEST_CASE("a replacement that is given up before it is published leaves the old version") {
  for (const bool with_spare : {false, true}) {
    Ground ground(with_spare);
    {
      Replacement next(ground.directory, {"a", "a~", ground.temporary_names()}, ground.current, {});
      next.prepare(Deadline::none());
      next.write(test::bytes("next"));
    }
    CHECK(ground.names() == Names{"a"});
    nothing_is_lost(ground, true);
  }
}

TEST_CASE("a replacement that was never prepared touches nothing") {
  Ground ground(true);
  { const Replacement next(ground.directory, {"a", "a~", ground.temporary_names()}, ground.current, {}); }
  CHECK(ground.system.text("/a~") == "previous");
  nothing_is_lost(ground, true);
}

TEST_CASE("where the current version cannot be linked as well the new one has no spare") {
  Ground ground(false);
  ground.system.fail(Call::link, 1, EPERM);
  CHECK(ground.replace() == 0);
  CHECK(ground.system.text("/a") == "next");
  CHECK_FALSE(ground.system.exists("/a~"));
  CHECK(ground.replace() == 0);
  CHECK(ground.system.exists("/a~"));
}

TEST_CASE("an exchange that fails for another reason than support is an error and no fallback") {
  Ground ground(true);
  ground.system.fail(Call::rename, 1, ENOENT);
  CHECK(ground.failed() == ENOENT);
  CHECK(ground.system.calls(Call::rename) == 1);
  nothing_is_lost(ground, true);
}

TEST_CASE("a forked child gives a replacement up without touching the parent's files") {
  Ground ground(true);
  {
    Replacement next(ground.directory, {"a", "a~", ground.temporary_names()}, ground.current, {});
    next.prepare(Deadline::none());
    next.write(test::bytes("next"));
    ground.system.continue_as_forked_child();
    ground.system.clear_log();
  }
  CHECK(ground.system.calls(Call::truncate) + ground.system.calls(Call::unlink) == 0);
  CHECK(ground.system.text("/a~") == "next");
  ground.current.release();
}
