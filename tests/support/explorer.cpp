#include "support/explorer.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace sess::test {
namespace {

std::unique_ptr<Chooser> chooser_for(const ExploreOptions& options) {
  if (options.replay) return std::make_unique<GivenOrder>(*options.replay);
  if (options.random_seed) return std::make_unique<RandomOrder>(*options.random_seed, options.most_orders);
  return std::make_unique<EveryOrder>(options.most_preemptions, options.reduce);
}

std::string joined(const std::vector<std::size_t>& choices) {
  std::string text;
  for (const std::size_t choice : choices) text += (text.empty() ? "" : ", ") + std::to_string(choice);
  return text;
}

}  // namespace

ScheduledSystem& World::use(std::shared_ptr<sys::System> system) {
  if (system_) throw std::logic_error("a world has one system");
  system_ = std::make_shared<ScheduledSystem>(std::move(system), controller_);
  return *system_;
}

void World::actor(std::string name, std::function<void()> body) {
  actors_.push_back({std::move(name), std::move(body)});
}

std::string Report::to_string() const {
  std::string text = std::to_string(orders) + " orders";
  text += random_seed ? " drawn with seed " + std::to_string(*random_seed) : exhaustive ? ", all" : ", not all";
  text += ", the longest of " + std::to_string(longest) + " calls";
  if (kills > 0) text += ", " + std::to_string(kills) + " with a kill";
  if (abandoned > 0) text += ", " + std::to_string(abandoned) + " more cut short";
  if (!failure) return text;
  text += "\nfailed: " + failure->message + "\n";
  for (const std::string& call : failure->calls) text += "  " + call + "\n";
  text += "replay with {.replay = {{" + joined(failure->choices) + "}}";
  if (failure->kill) {
    text += ", .kill = Kill{" + std::to_string(failure->kill->actor) + ", " +
            std::to_string(failure->kill->before_call) + "}";
  }
  return text + "}";
}

/// Runs one order; false if there is no use in another one.
bool Explorer::run(const Scenario& scenario, const ExploreOptions& options, Chooser& chooser, Report& report) {
  World world(controller_);
  scenario(world);
  if (!world.system_) throw std::logic_error("a scenario calls World::use");
  world.system_->wake = options.wake;
  RunSettings settings{options.most_calls, options.kill};
  const RunResult result = controller_.run(world.actors_, world.system_->inner(), chooser, settings,
                                           [&world](Controller::Actor& actor) { world.system_->exit_of(actor); });
  std::optional<std::string> error = result.error;
  if (result.abandoned && !error) {
    ++report.abandoned;
    return true;
  }
  ++report.orders;
  if (result.killed) ++report.kills;
  report.longest = std::max<std::uint64_t>(report.longest, result.made.size());
  try {
    if (!error) {
      for (const auto& check : world.checks_) check();
    }
  } catch (const std::exception& exception) {
    error = exception.what();
  } catch (...) {
    error = "the check threw something that is not a std::exception";
  }
  if (!error) return true;
  report.failure = Report::Failure{*error, result.calls(), result.choices, options.kill};
  return false;
}

Report Explorer::explore(const Scenario& scenario, const ExploreOptions& options) {
  Report report;
  if (!options.replay) report.random_seed = options.random_seed;
  const std::unique_ptr<Chooser> chooser = chooser_for(options);
  for (;;) {
    // The bound is on runs, so that it bounds the time: a run that the reduction abandons costs some too.
    if (report.orders + report.abandoned == options.most_orders) return report;
    if (!run(scenario, options, *chooser, report)) return report;
    if (!chooser->next()) break;
  }
  report.exhaustive = !options.random_seed && !options.replay;
  return report;
}

Report Explorer::explore_with_kills(const Scenario& scenario, ExploreOptions options) {
  options.kill.reset();
  Report total = explore(scenario, options);
  std::size_t actors = 0;
  {
    World world(controller_);
    scenario(world);
    actors = world.actors_.size();
  }
  for (std::size_t actor = 0; actor < actors; ++actor) {
    for (std::uint64_t before_call = 1; total.ok(); ++before_call) {
      options.kill = Kill{actor, before_call};
      Report report = explore(scenario, options);
      if (report.ok() && report.kills == 0) break;  // the actor makes no such call, in any order that was run
      total.orders += report.orders;
      total.abandoned += report.abandoned;
      total.kills += report.kills;
      total.longest = std::max(total.longest, report.longest);
      total.exhaustive = total.exhaustive && report.exhaustive;
      total.failure = std::move(report.failure);
    }
  }
  return total;
}

Report explore(const Scenario& scenario, const ExploreOptions& options) {
  return Explorer().explore(scenario, options);
}

Report explore_with_kills(const Scenario& scenario, const ExploreOptions& options) {
  return Explorer().explore_with_kills(scenario, options);
}

}  // namespace sess::test
