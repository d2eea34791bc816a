// The explorer: it counts orders right, and finds what is planted and nothing else.
#include "support/scheduled_system.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include "support/explorer.hpp"
#include "support/fake_system.hpp"
#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"
#include "unit/support/actors.hpp"

using namespace sess;
using test::explore;
using test::fake_with;
using test::FakeSystem;
using test::increment;
using test::Report;
using test::require;
using test::top;
using test::World;

namespace {

/// Adds actors that each add one to the number in "n", which is 0.
std::shared_ptr<FakeSystem> add_incrementers(World& world, int actors, bool with_lock) {
  auto fake = fake_with("n", "0");
  auto& system = world.use(fake);
  for (int i = 0; i < actors; ++i) {
    world.actor("actor " + std::to_string(i), [&system, with_lock] { increment(system, "n", with_lock); });
  }
  return fake;
}

/// Several incrementers of one number, which must all count.
test::Scenario counting(int actors, bool with_lock) {
  return [=](World& world) {
    const auto fake = add_incrementers(world, actors, with_lock);
    world.check([fake, actors] { require(fake->text("n") == std::to_string(actors), "an update was lost"); });
  };
}

/// Actors that make so many calls each, none of which concerns another.
test::Scenario independent(std::vector<int> calls, std::set<std::string>* orders = nullptr) {
  return [=](World& world) {
    auto& system = world.use(std::make_shared<FakeSystem>());
    auto order = std::make_shared<std::string>();
    for (std::size_t actor = 0; actor < calls.size(); ++actor) {
      world.actor(std::string(1, static_cast<char>('a' + actor)), [=, &system, count = calls[actor]] {
        for (int i = 0; i < count; ++i) {
          sys::FileStatus status;
          require(system.status_at(top, "/", status) == 0, "no root");
          *order += static_cast<char>('a' + actor);
        }
      });
    }
    world.check([=] {
      if (orders != nullptr) require(orders->insert(*order).second, "the same order twice");
    });
  };
}

}  // namespace

TEST_CASE("the orders of two actors are as many as the binomial coefficient says, each once") {
  for (const auto& [n, m, expected] : {std::tuple{1, 1, 2}, {3, 2, 10}, {4, 4, 70}, {0, 5, 1}, {6, 3, 84}}) {
    std::set<std::string> orders;
    const Report report = explore(independent({n, m}, &orders));
    CHECK_MESSAGE(report.ok(), report.to_string());
    CHECK(report.orders == static_cast<std::uint64_t>(expected));
    CHECK(report.exhaustive);
    CHECK(report.longest == static_cast<std::uint64_t>(n + m));
  }
  CHECK(explore(independent({2, 2, 2})).orders == 90);
}

TEST_CASE("the bounds on orders and on preemptions hold") {
  const Report few = explore(independent({4, 4}), {.most_orders = 7});
  CHECK(few.orders == 7);
  CHECK_FALSE(few.exhaustive);
  CHECK(explore(independent({4, 4}), {.most_preemptions = 0}).orders == 2);
  // One switch inside either actor (at three places), or none.
  CHECK(explore(independent({4, 4}), {.most_preemptions = 1}).orders == 2 + 2 * 3);
}

TEST_CASE("the reduction runs one order of calls that commute, and none less where they do not") {
  const Report apart = explore(independent({5, 5, 5}), {.reduce = true});
  CHECK(apart.orders == 1);
  CHECK(apart.exhaustive);
  std::set<std::string> results;
  const auto racing = [&](World& world) {
    const auto fake = add_incrementers(world, 3, false);
    world.check([&results, fake] { results.insert(fake->text("n")); });
  };
  const Report reduced = explore(racing, {.reduce = true});
  const std::set<std::string> with_reduction = std::exchange(results, {});
  const Report full = explore(racing);
  CHECK(reduced.exhaustive);
  CHECK(full.exhaustive);
  CHECK(with_reduction == std::set<std::string>{"1", "2", "3"});
  CHECK(results == with_reduction);
  CHECK(reduced.orders * 10 < full.orders);
}

TEST_CASE("a planted lost update is found, printed, and found again by what was printed") {
  const Report report = explore(counting(2, false));
  REQUIRE_FALSE(report.ok());
  CHECK(report.failure->message == "an update was lost");
  CHECK(report.to_string().find("actor 1: write(n) = 1") != std::string::npos);
  const Report again = explore(counting(2, false), {.replay = report.failure->choices});
  REQUIRE_FALSE(again.ok());
  CHECK(again.orders == 1);
  CHECK(again.failure->calls == report.failure->calls);
}

TEST_CASE("one preemption is enough to find the lost update, and none is not") {
  CHECK(explore(counting(2, false), {.most_preemptions = 0}).ok());
  CHECK_FALSE(explore(counting(2, false), {.most_preemptions = 1}).ok());
}

TEST_CASE("with a lock no update is lost, in any order") {
  for (const bool reduce : {false, true}) {
    const Report report = explore(counting(2, true), {.reduce = reduce});
    CHECK_MESSAGE(report.ok(), report.to_string());
    CHECK(report.exhaustive);
  }
  const Report three = explore(counting(3, true), {.reduce = true});
  CHECK_MESSAGE(three.ok(), three.to_string());
  CHECK(three.exhaustive);
}

TEST_CASE("random orders depend on the seed alone, and find the lost update too") {
  const Report report = explore(counting(2, false), {.most_orders = 1000, .random_seed = 3});
  REQUIRE_FALSE(report.ok());
  CHECK(report.to_string().find("seed 3") != std::string::npos);
  const Report again = explore(counting(2, false), {.most_orders = 1000, .random_seed = 3});
  CHECK(again.orders == report.orders);
  CHECK(again.failure->choices == report.failure->choices);
  CHECK_FALSE(explore(counting(2, false), {.replay = report.failure->choices}).ok());
  const Report locked = explore(counting(3, true), {.most_orders = 500, .random_seed = 3});
  CHECK_MESSAGE(locked.ok(), locked.to_string());
  CHECK(locked.orders == 500);
}

TEST_CASE("the explorer works over the real file system as well") {
  const auto scenario = [](bool with_lock) {
    return [with_lock](World& world) {
      auto directory = std::make_shared<test::TemporaryDirectory>();
      auto& system = world.use(std::make_shared<sys::PosixSystem>());
      const std::string path = *directory / "n";
      const int descriptor = system.open(top, path.c_str(), sys::OpenMode::create_exclusive);
      system.write(descriptor, std::as_bytes(std::span("0", 1)), 0);
      for (int i = 0; i < 2; ++i) {
        world.actor("actor", [&system, path, with_lock] { increment(system, path.c_str(), with_lock); });
      }
      world.check([&system, directory, descriptor] {
        char digit = 0;
        system.read(descriptor, std::as_writable_bytes(std::span(&digit, 1)), 0);
        system.close(descriptor);
        require(digit == '2', "an update was lost");
      });
    };
  };
  CHECK_FALSE(explore(scenario(false)).ok());
  const Report report = explore(scenario(true), {.most_orders = 200});
  CHECK_MESSAGE(report.ok(), report.to_string());
}

TEST_CASE("a waiter whose lock never comes free reaches its deadline in virtual time") {
  const Report report = explore([](World& world) {
    auto& system = world.use(fake_with("n", "0"));
    const int holder = system.open(top, "n", sys::OpenMode::read_write);  // the scenario's own, never released
    system.try_lock(holder);
    for (int i = 0; i < 2; ++i) {
      world.actor("waiter", [&system] {
        const auto deadline = system.monotonic_clock() + std::chrono::hours(1);
        const int descriptor = system.open(top, "n", sys::OpenMode::read_write);
        while (system.try_lock(descriptor) != 0) {
          if (system.monotonic_clock() >= deadline) return;
          system.pause(std::chrono::milliseconds(1));
        }
        throw std::runtime_error("locked");
      });
    }
  });
  CHECK_MESSAGE(report.ok(), report.to_string());
  CHECK(report.exhaustive);
  CHECK(report.longest < 200);
}

TEST_CASE("a waiter may go on as soon as the lock is free, and before") {
  const auto explored = [](test::Wake wake, std::set<std::string>& orders) {
    return explore(
        [&orders](World& world) {
          auto& system = world.use(fake_with("n", "0"));
          auto order = std::make_shared<std::string>();
          world.actor("holder", [&system, order] {
            const int descriptor = system.open(top, "n", sys::OpenMode::read_write);
            system.try_lock(descriptor);
            for (int i = 0; i < 2; ++i) system.write(descriptor, std::as_bytes(std::span("1", 1)), 0);
            system.unlock(descriptor);
            *order += "unlocked ";
            system.close(descriptor);
            *order += "closed ";
          });
          world.actor("waiter", [&system, order] {
            const int descriptor = system.open(top, "n", sys::OpenMode::read_write);
            while (system.try_lock(descriptor) != 0) {
              *order += "busy ";
              system.pause(std::chrono::milliseconds(1));
            }
            *order += "locked ";
          });
          world.check([&orders, order] { orders.insert(*order); });
        },
        {.wake = wake});
  };
  std::set<std::string> orders;
  const Report all = explored(test::Wake::any_change, orders);
  CHECK(orders.contains("busy unlocked locked closed "));
  CHECK(orders.contains("busy busy busy unlocked closed locked "));  // it tried again after each write
  orders.clear();
  const Report fewer = explored(test::Wake::names_or_locks, orders);
  CHECK(orders.contains("busy unlocked locked closed "));
  CHECK_FALSE(orders.contains("busy busy busy unlocked closed locked "));
  CHECK(fewer.orders < all.orders);
}

TEST_CASE("an actor that makes calls without end fails its order") {
  const Report report = explore(
      [](World& world) {
        auto& system = world.use(std::make_shared<FakeSystem>());
        world.actor("endless", [&system] {
          for (;;) system.unlink(top, "nothing");
        });
      },
      {.most_calls = 100});
  REQUIRE_FALSE(report.ok());
  CHECK(report.failure->message.find("does not end") != std::string::npos);
}

TEST_CASE("an actor that throws fails its order") {
  const Report report = explore([](World& world) {
    world.use(std::make_shared<FakeSystem>());
    world.actor("thrower", [] { throw std::runtime_error("no luck"); });
  });
  REQUIRE_FALSE(report.ok());
  CHECK(report.failure->message == "thrower threw: no luck");
}

TEST_CASE("a scenario that does not do the same each time is told so") {
  int run = 0;
  const auto scenario = [&run](World& world) {
    auto& system = world.use(std::make_shared<FakeSystem>());
    for (int i = 0; i < 2; ++i) {
      world.actor("actor", [&system, own = ++run] {
        sys::FileStatus status;
        own > 2 ? system.status_at(top, "/", status) : system.unlink(top, "nothing");
      });
    }
  };
  CHECK_THROWS_AS(explore(scenario), std::logic_error);
}

TEST_CASE("a step is a point between two operations") {
  std::set<std::string> orders;
  const Report report = explore(
      [&](World& world) {
        auto& system = world.use(std::make_shared<FakeSystem>());
        auto order = std::make_shared<std::string>();
        for (const char name : {'a', 'b'}) {
          world.actor(std::string(1, name), [&system, order, name] {
            for (int i = 0; i < 2; ++i) {
              system.step("next operation");
              *order += name;
            }
          });
        }
        world.check([&orders, order] { orders.insert(*order); });
      },
      {.reduce = true});
  CHECK(report.orders == 6);
  CHECK(orders == std::set<std::string>{"aabb", "abab", "abba", "baab", "baba", "bbaa"});
}
