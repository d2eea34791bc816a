// Runs a few actors through the orders of their system calls, and checks what comes out of each.
//
//   const Report report = explore([](World& world) {
//     auto fake = std::make_shared<FakeSystem>();
//     auto& system = world.use(fake);
//     auto counter = std::make_shared<Counter>(system, "hits");      // whatever is tested, over `system`
//     world.actor("first", [counter] { counter->add(1); });
//     world.actor("second", [counter] { counter->add(1); });
//     world.check([fake] { if (fake->text("hits") != "2") throw std::runtime_error("an update was lost"); });
//   });
//   CHECK_MESSAGE(report.ok(), report.to_string());
//
// The scenario is run once for each order, and must do the same each time: no real clock, no real randomness, no state
// that outlives the World. What an actor opens must live inside the actor's function, or a kill cannot take it
// away. An actor fails the order by an exception; so does the check, which runs when all actors have ended.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/controller.hpp"
#include "support/scheduled_system.hpp"

namespace sess::test {

/// What a scenario is made of; a fresh one for each order.
class World {
 public:
  explicit World(Controller& controller) : controller_(controller) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// The system to give to the actors; call it once.
  ScheduledSystem& use(std::shared_ptr<sys::System> system);
  /// The same, for who shares its system.
  std::shared_ptr<sys::System> system() const { return system_; }
  void actor(std::string name, std::function<void()> body);
  void check(std::function<void()> body) { checks_.push_back(std::move(body)); }

 private:
  friend class Explorer;
  Controller& controller_;
  std::shared_ptr<ScheduledSystem> system_;
  std::vector<ActorBody> actors_;
  std::vector<std::function<void()>> checks_;
};

using Scenario = std::function<void(World&)>;

struct ExploreOptions {
  /// The most orders that are run.
  std::uint64_t most_orders = 100'000;
  /// Only orders with at most so many switches away from an actor that could go on. Most faults need one or two.
  std::optional<unsigned> most_preemptions = {};
  /// Runs one of the orders that differ only in calls that commute. See EveryOrder for when that is sound.
  bool reduce = false;
  /// Draws `most_orders` orders with this seed instead.
  std::optional<std::uint64_t> random_seed = {};
  /// Runs only this order: what a failure prints.
  std::optional<std::vector<std::size_t>> replay = {};
  std::optional<Kill> kill = {};
  Wake wake = Wake::any_change;
  std::uint64_t most_calls = 10'000;  // in one order; more is a failure
};

struct Report {
  std::uint64_t orders = 0;     // run to the end and checked
  std::uint64_t abandoned = 0;  // given up by the reduction, as they show nothing new
  std::uint64_t kills = 0;      // orders in which the actor was killed
  std::uint64_t longest = 0;    // calls
  bool exhaustive = false;      // every order (within the bound on preemptions) was run

  struct Failure {
    std::string message;
    std::vector<std::string> calls;    // "login: open(a) = 3"
    std::vector<std::size_t> choices;  // for ExploreOptions::replay
    std::optional<Kill> kill;
  };
  std::optional<Failure> failure;  // the first one ends the exploration
  std::optional<std::uint64_t> random_seed;

  bool ok() const { return !failure.has_value(); }
  std::string to_string() const;
};

/// Keeps its threads between explorations. For use by one thread.
class Explorer {
 public:
  Report explore(const Scenario& scenario, const ExploreOptions& options = {});
  /// Once without a kill, then with each actor killed before its first, second, ... call, as long as there is one.
  /// The bounds are for each of these; the report is of all of them.
  Report explore_with_kills(const Scenario& scenario, ExploreOptions options = {});

 private:
  bool run(const Scenario& scenario, const ExploreOptions& options, Chooser& chooser, Report& report);

  Controller controller_;
};

Report explore(const Scenario& scenario, const ExploreOptions& options = {});
Report explore_with_kills(const Scenario& scenario, const ExploreOptions& options = {});

}  // namespace sess::test
