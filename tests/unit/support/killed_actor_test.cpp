// Actors that are killed before a call: they do nothing more, and the kernel cleans up after them.
#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>

#include "support/explorer.hpp"
#include "unit/support/actors.hpp"

using namespace sess;
using test::explore;
using test::fake_with;
using test::increment;
using test::Report;
using test::require;
using test::top;
using test::World;

namespace {

/// Writes "new" to a temp file, renames it to "a", and cleans up in destructors.
struct Replacement {
  explicit Replacement(sys::System& its_system) : system(its_system) {}
  ~Replacement() {
    if (descriptor >= 0) {
      system.withdraw_lock(descriptor);
      system.close(descriptor);
    }
    if (!renamed) system.unlink(top, "temp");
  }
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  void run() {
    descriptor = system.open(top, "temp", sys::OpenMode::create_exclusive);
    sys::FileStatus status;
    require(system.status(descriptor, status) == 0, "no status");
    REQUIRE(system.announce_lock(descriptor, status.identity, system.fork_count()));
    require(system.try_lock(descriptor) == 0, "cannot lock");
    require(system.write(descriptor, std::as_bytes(std::span("new", 3)), 0) == 3, "cannot write");
    require(system.rename(top, "temp", top, "a", sys::RenameMode::replace) == 0, "cannot rename");
    renamed = true;
  }

  sys::System& system;
  int descriptor = -1;
  bool renamed = false;
};

}  // namespace

TEST_CASE("a killed actor does nothing more, and its descriptors and locks go as the kernel takes them") {
  std::set<std::string> ends;
  bool acknowledged_too_early = false;
  const Report report = test::explore_with_kills([&](World& world) {
    auto fake = fake_with("a", "old");
    auto& system = world.use(fake);
    auto acknowledged = std::make_shared<bool>(false);
    world.actor("writer", [&system, acknowledged] {
      {
        Replacement replacement(system);
        replacement.run();
      }
      if (system.alive()) *acknowledged = true;
    });
    world.check([&, fake, acknowledged] {
      require(fake->leaks().none(), "the kernel leaves nothing open, locked or announced");
      std::string end;
      for (const std::string& name : fake->names_below()) end += name + "=" + fake->text(name) + " ";
      ends.insert(end);
      if (*acknowledged && end != "a=new ") acknowledged_too_early = true;
    });
  });
  CHECK_MESSAGE(report.ok(), report.to_string());
  // Before open, status, try_lock, write, rename, and close in the destructor.
  CHECK(report.kills == 6);
  CHECK(report.exhaustive);
  CHECK(ends == std::set<std::string>{"a=old ", "a=old temp= ", "a=old temp=new ", "a=new "});
  CHECK_FALSE(acknowledged_too_early);
}

TEST_CASE("a waiter gets the lock of a killed holder") {
  const auto scenario = [](World& world) {
    auto fake = fake_with("n", "0");
    auto& system = world.use(fake);
    auto counted = std::make_shared<int>(0);
    for (int i = 0; i < 2; ++i) {
      world.actor("actor " + std::to_string(i), [&system, counted] {
        increment(system, "n", true);
        if (system.alive()) ++*counted;
      });
    }
    world.check([fake, counted] {
      const int stored = fake->text("n")[0] - '0';
      // Who was killed after the write has counted, and could not say so.
      require(stored == *counted || stored == *counted + 1, "an update was lost or made up");
      require(fake->leaks().none(), "something is left open or locked");
    });
  };
  const Report report = test::explore_with_kills(scenario, {.reduce = true});
  CHECK_MESSAGE(report.ok(), report.to_string());
  CHECK(report.kills > 10);
}

TEST_CASE("a killed actor that swallows every exception still ends, without effect") {
  const Report report = explore(
      [](World& world) {
        auto fake = fake_with("a", "1");
        auto& system = world.use(fake);
        world.actor("stubborn", [&system] {
          for (int i = 0; i < 10; ++i) {
            try {
              system.rename(top, "a", top, "b", sys::RenameMode::replace);
            } catch (...) {
            }
            system.unlink(top, "a");
          }
        });
        world.check([fake] { require(fake->exists("a"), "a dead actor changed something"); });
      },
      {.kill = test::Kill{0, 1}});
  CHECK_MESSAGE(report.ok(), report.to_string());
  CHECK(report.kills == 1);
}
