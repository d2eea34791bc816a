// Replays over real HTTP what goes wrong with sessions, against a naive store and against libsess, and counts.
//
// Exit status: 0 if libsess had no fault and the naive store had the one that each timeline is about; 1 if not; 2 if
// the replay could not be done.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "demo/replay/report.hpp"
#include "demo/replay/timeline.hpp"

namespace {

struct Options {
  demo::Address address;
  std::string gate;
  std::size_t replays = 1000;
  std::size_t crowds = 0;
  std::size_t increments = 200;
  std::size_t lanes = 4;
  std::uint64_t seed = 1;
  std::vector<std::string> naive = {"/naive-cgi", "/naive-fcgi"};
  std::vector<std::string> libsess = {"/cgi", "/fcgi"};
};

/// What "/cgi+/fcgi" and the like say; the preparations go to the first program of the last of them.
std::vector<demo::Target> targets_of(const std::string& keeper, const std::vector<std::string>& channels) {
  std::vector<demo::Target> targets;
  for (const std::string& channel : channels) {
    demo::Target target{.keeper = keeper, .prefixes = {}, .preparation = {}};
    for (std::size_t begin = 0; begin <= channel.size();) {
      const std::size_t end = std::min(channel.find('+', begin), channel.size());
      target.prefixes.push_back(channel.substr(begin, end - begin));
      begin = end + 1;
    }
    targets.push_back(std::move(target));
  }
  for (demo::Target& target : targets) target.preparation = targets.back().prefixes.front();
  return targets;
}

/// Replays one timeline against one target, its cases shuffled, in several lanes at once.
void replay(const Options& options, demo::GateKeeper& gate, demo::Timeline& timeline, const demo::Target& target,
            std::size_t replays, std::size_t lane_count, demo::Counts& total, demo::Outcome& outcome) {
  std::vector<std::size_t> cases;
  for (std::size_t place = 0; place < replays; ++place) cases.push_back(place % timeline.case_count());
  std::shuffle(cases.begin(), cases.end(), std::mt19937_64(options.seed));

  demo::Lane preparing(options.address, gate, target);
  timeline.prepare(preparing, cases, total);

  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      demo::Lane lane(options.address, gate, target);
      for (std::size_t place = next++; place < cases.size(); place = next++) {
        demo::Counts counts{.replays = 1};
        timeline.replay(lane, place, cases[place], counts);
        const std::lock_guard lock(mutex);
        total += counts;
        outcome.by_order[timeline.order(cases[place])][target.keeper] += counts;
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = cases.size();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t lane = 0; lane < lane_count; ++lane) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

struct Plan {
  std::size_t others;  // replays against each target of a store but the last
  std::size_t last;
  std::size_t lanes;
};

class Progress {
 public:
  void tell(const demo::Timeline& timeline, const demo::Target& target, const demo::Counts& counts) {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> took = now - since_;
    since_ = now;
    fmt::print("{:<42} {:>7} {:<17} {:>6} replays, {:>7} requests, {:>7} faults, {:>6.1f} s\n", timeline.title(),
               target.keeper, target.channel(), counts.replays, counts.requests, counts.faults(), took.count());
    static_cast<void>(std::fflush(stdout));
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

int run(const Options& options) {
  std::vector<demo::Target> targets = targets_of("naive", options.naive);
  for (demo::Target& target : targets_of("libsess", options.libsess)) targets.push_back(std::move(target));
  demo::GateKeeper gate(options.gate);
  Progress progress;
  std::vector<demo::Outcome> outcomes;
  bool proved = true;

  // A timeline is made anew for each target: it may keep cookies.
  const auto tell = [&](auto make, const Plan& plan) {
    demo::Outcome outcome;
    std::uint64_t naive_proof = 0;
    std::uint64_t libsess_faults = 0;
    for (const demo::Target& target : targets) {
      const std::unique_ptr<demo::Timeline> timeline = make(target);
      demo::Counts counts;
      const bool last = target.channel() == (target.keeper == "naive" ? options.naive : options.libsess).back();
      const std::size_t replays = last ? plan.last : plan.others;
      replay(options, gate, *timeline, target, replays, plan.lanes, counts, outcome);
      progress.tell(*timeline, target, counts);
      outcome.title = timeline->title();
      outcome.by_target.push_back(counts);
      (target.keeper == "naive" ? naive_proof : libsess_faults) +=
          target.keeper == "naive" ? timeline->proof(counts) : counts.faults();
    }
    proved = proved && naive_proof > 0 && libsess_faults == 0;
    outcomes.push_back(std::move(outcome));
  };

  const std::size_t half = options.replays / 2;
  const Plan even{.others = half, .last = options.replays - half, .lanes = options.lanes};
  // A process for each of some hundred requests takes its time, so most of these are replayed against the last target,
  // which is FastCGI.
  const std::size_t crowds = options.crowds == 0 ? options.replays : options.crowds;
  const std::size_t few = std::max<std::size_t>(1, crowds / 50);
  const Plan mostly_last{.others = few, .last = crowds - std::min(few, crowds - 1), .lanes = 1};

  tell([](const demo::Target&) { return demo::expired_cookie(); }, even);
  tell([](const demo::Target&) { return demo::lost_captcha(); }, even);
  tell(
      [&](const demo::Target& target) {
        return demo::concurrent_increments(options.address, target, options.increments);
      },
      mostly_last);
  tell([](const demo::Target&) { return demo::logout_in_flight(); }, even);

  demo::print_orders(outcomes);
  demo::print_table(targets, outcomes);
  fmt::print("\n{} (seed {})\n",
             proved ? "libsess: no fault. The naive store: every one of them." : "NOT as it should be", options.seed);
  return proved ? 0 : 1;
}

int parse_and_run(int argc, char** argv) {
  Options options;
  CLI::App app("Replays session races over HTTP against the demo site.");
  app.add_option("--port", options.address.port, "of the web server on 127.0.0.1")->required();
  app.add_flag("--keep-alive,!--no-keep-alive", options.address.keep_alive, "requests share connections (the default)");
  app.add_option("--gate", options.gate, "path of the gate's socket, the site's DEMO_GATE")->required();
  app.add_option("--naive", options.naive, "programs of the naive site, fast ones last; a+b: requests to both at once")
      ->capture_default_str();
  app.add_option("--libsess", options.libsess, "programs of the site over libsess, likewise")->capture_default_str();
  app.add_option("--replays", options.replays,
                 "of each timeline: half against the last program of each store, half against each other")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{2}, std::size_t{1} << 20));
  app.add_option("--crowds", options.crowds, "replays of (c), which takes longest (default: as many as of the others)")
      ->check(CLI::Range(std::size_t{2}, std::size_t{1} << 20));
  app.add_option("--increments", options.increments, "that are concurrent in (c)")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{2}, std::size_t{1000}));
  app.add_option("--lanes", options.lanes, "replays at the same time")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{8}));
  app.add_option("--seed", options.seed, "of the order in which the cases are replayed")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return run(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::fputs("replay: ", stderr);
    std::fputs(error.what(), stderr);
    std::fputs("\n", stderr);
    return 2;
  }
}
