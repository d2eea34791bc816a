// The benchmark: libsess, the floor and its peers at the same work in the same run (tests/bench/README.md).
//
//   build/bench/compare [--rounds N] [--sessions N] [--only TEXT] [--output FILE] [DIRECTORY...]
//   build/bench/compare --early-writeback [DIRECTORY...]    what that option costs: early_writeback.hpp
#include "bench/early_writeback.hpp"
#include "bench/peers/systems.hpp"
#include "bench/results.hpp"
#include "bench/station.hpp"
#include "support/temporary_directory.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace sess::bench {
namespace {

/// Nothing: each round is told of by itself, when its figure is known.
class Silent : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

struct Settings {
  int rounds = 9;
  int sessions = 10'000;
  std::string only;
  std::vector<std::string> directories;
};

/// The sessions that a round works on, so that each round has others as long as there are.
struct Portion {
  Operation operation;
  int times;    // operations in a round
  bool beyond;  // on sessions that come and go, beside those that the store is filled with
};

class Comparison {
 public:
  Comparison(const Settings& settings, std::string filesystem, std::size_t payload)
      : settings_(settings), filesystem_(std::move(filesystem)), payload_(payload), directory_(filesystem_) {}

  void fill(const std::vector<System>& systems) {
    for (const System& system : systems) {
      const std::string place = directory_ / std::to_string(stations_.size());
      Station& station =
          *stations_.emplace_back(std::make_unique<Station>(system, Place{place, payload_}, settings_.sessions));
      // The first change of a session makes a file, and the second one finds it: what is timed comes after both.
      if (station.has(Operation::update))
        station.run({{Operation::update, 0, settings_.sessions, 2 * settings_.sessions}});
    }
  }

  /// One process.
  void run(const Portion& portion, Results& results) {
    const Case of{std::string(operation_names[static_cast<std::size_t>(portion.operation)]), filesystem_, payload_,
                  settings_.sessions, 1};
    for (const auto& station : stations_) {
      if (!station->has(portion.operation)) continue;
      add(*station, of, results, [this, portion](int round) {
        const int first =
            portion.beyond ? settings_.sessions + round * portion.times : round * portion.times % settings_.sessions;
        const int count = portion.beyond ? portion.times : std::min(portion.times, settings_.sessions - first);
        return std::vector<Task>{{portion.operation, first, count, portion.times}};
      });
    }
    run_all();
  }

  /// Several processes: each on sessions of its own, or all on the first one.
  void run_together(Operation operation, int processes, int times, bool same, Results& results) {
    Case of{std::string(operation_names[static_cast<std::size_t>(operation)]), filesystem_, payload_,
            settings_.sessions, processes};
    if (same) of.operation += " of one session";
    for (const auto& station : stations_) {
      if (!station->has(operation)) continue;
      add(*station, of, results, [=, this](int) {
        std::vector<Task> tasks;
        const int share = settings_.sessions / processes;
        for (int i = 0; i < processes; ++i)
          tasks.push_back({operation, same ? 0 : i * share, same ? 1 : std::min(share, times), times / processes});
        return tasks;
      });
    }
    std::map<const Station*, long long> before;
    for (const auto& station : stations_)
      if (station->has(operation)) before[station.get()] = station->sum(0, settings_.sessions);
    run_all();
    // A figure of a system that has lost an update is none.
    const long long updates = operation == Operation::update ? times / processes * processes * settings_.rounds : -1;
    for (const auto& station : stations_) {
      if (updates < 0 || !station->has(operation) || before[station.get()] < 0) continue;
      const long long done = station->sum(0, settings_.sessions) - before[station.get()];
      if (done != updates)
        throw std::runtime_error(fmt::format("{} lost {} of {} updates", station->name(), updates - done, updates));
    }
  }

 private:
  template <class Tasks>
  void add(Station& station, const Case& of, Results& results, Tasks tasks) {
    // Google Benchmark gives the repetitions of all that are registered in random order.
    benchmark::RegisterBenchmark(station.name().c_str(),
                                 [&station, of, &results, tasks, number = 0](benchmark::State& state) mutable {
                                   for ([[maybe_unused]] auto iteration : state) {
                                     const Station::Round round = station.run(tasks(number++));
                                     results.add(of, station.name(), round.microseconds_each, round.each);
                                     state.SetIterationTime(round.microseconds_each / 1e6);
                                   }
                                 })
        ->Iterations(1)
        ->Repetitions(settings_.rounds)
        ->UseManualTime();
  }
  static void run_all() {
    Silent silent;
    benchmark::RunSpecifiedBenchmarks(&silent);
    benchmark::ClearRegisteredBenchmarks();
  }

  const Settings& settings_;
  std::string filesystem_;
  std::size_t payload_;
  test::TemporaryDirectory directory_;
  std::vector<std::unique_ptr<Station>> stations_;
};

void print(const std::vector<Row>& rows) {
  const Case* of = nullptr;
  for (const Row& row : rows) {
    if (of == nullptr || !(*of == row.of))
      fmt::print("\n{}, {} bytes, {} sessions, {} {}, {}\n", row.of.operation, row.of.payload_bytes, row.of.sessions,
                 row.of.processes, row.of.processes == 1 ? "process" : "processes", row.of.filesystem);
    of = &row.of;
    fmt::print("  {:<20} {:>9.2f} us {:>9.2f} p99", row.system, row.median_us, row.p99_us);
    if (row.ratio_to_floor > 0)
      fmt::print(" {:>7.2f}   {:.2f} to {:.2f}", row.ratio_to_floor, row.ratio_low, row.ratio_high);
    fmt::print("\n");
  }
}

int run(const Settings& settings, const std::string& output) {
  using enum Operation;
  Results results;
  for (const std::string& directory : settings.directories) {
    std::vector<System> systems = all_systems();
    std::erase_if(systems, [&](const System& system) {
      return !settings.only.empty() && system.name != "floor" && system.name.find(settings.only) == std::string::npos;
    });
    Comparison comparison(settings, directory, 512);
    comparison.fill(systems);
    const Portion portions[] = {{read, 1000, false},      {reread, 1000, false}, {touch, 1000, false},
                                {unchanged, 1000, false}, {update, 1000, false}, {merge, 1000, false},
                                {durable, 50, false},     {create, 500, true},   {destroy, 500, true},
                                {mix, 2000, false}};
    for (const Portion& portion : portions) comparison.run(portion, results);
    for (const int processes : {2, 16}) {
      comparison.run_together(mix, processes, 4000, false, results);
      comparison.run_together(update, processes, 2000, false, results);
      comparison.run_together(update, processes, 2000, true, results);
    }
  }
  const auto rows = results.rows("floor");
  print(rows);
  std::ofstream(output) << json_of(rows);
  return 0;
}

}  // namespace
}  // namespace sess::bench

int main(int count, char** arguments) {
  sess::bench::Settings settings;
  std::string output = "results.json";
  CLI::App app("compares session stores");
  app.add_option("--rounds", settings.rounds);
  app.add_option("--sessions", settings.sessions);
  app.add_option("--only", settings.only, "systems whose name has this, and the floor");
  app.add_option("--output", output);
  bool early_writeback = false;
  app.add_flag("--early-writeback", early_writeback);
  app.add_option("DIRECTORY", settings.directories);
  CLI11_PARSE(app, count, arguments);
  if (settings.directories.empty()) settings.directories = sess::test::file_systems();

  char name[] = "compare", interleaved[] = "--benchmark_enable_random_interleaving=true";
  char* options[] = {name, interleaved, nullptr};
  int options_count = 2;
  benchmark::Initialize(&options_count, options);
  try {
    if (early_writeback) {
      for (const std::string& directory : settings.directories) sess::bench::compare_early_writeback(directory);
      return 0;
    }
    return sess::bench::run(settings, output);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
