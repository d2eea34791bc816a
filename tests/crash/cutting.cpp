#include "cutting.hpp"

#include "store/core.hpp"
#include "support/power_cut.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sess::test {

namespace {

/// Of one cut. A sanitizer's memory makes each cost ten times as much.
std::uint64_t disks_of_a_cut() {
  if (long_run()) return 4'000;
#ifdef __SANITIZE_ADDRESS__
  return 25;
#else
  return 300;
#endif
}

/// Runs until the machine stops before its `call`-th call. False if the program ended before.
bool run_until(std::uint64_t call, Machine& machine, const Program& program) {
  machine.system->fail_any(call, EIO, Repeat::for_good);
  const std::uint64_t before = machine.system->calls();
  try {
    program(machine);
  } catch (const Error&) {
  } catch (const Stopped&) {
  }
  return machine.system->calls() - before >= call;
}

/// How many calls have changed what a cut may leave.
std::size_t changes_of(const FakeSystem& system) {
  const auto log = system.log();
  return static_cast<std::size_t>(std::ranges::count_if(log, [](const LoggedCall& call) {
    if (call.result < 0) return false;
    switch (call.call) {
      case Call::open:
        return call.path.ends_with(".temp") || call.path.ends_with(".new") ||
               call.path.find("probe") != std::string::npos;
      case Call::close:
      case Call::try_lock:
      case Call::unlock:
      case Call::try_lock_byte:
        return false;
      case Call::sync_data:
      case Call::sync:
      case Call::sync_file_system:
        return true;
      default:
        return !is_read_only(call.call);
    }
  }));
}

void print(const Scenario& scenario, const Counts& counts) {
  const auto number = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
  std::printf("%-50s %4zu B %4llu calls %4llu cuts %6llu disks of %-7.2g", scenario.name.c_str(), scenario.sector_size,
              number(counts.calls), number(counts.cuts), number(counts.disks), counts.possible);
  if (counts.exhaustive == counts.cuts) {
    std::printf(" exhaustive      ");
  } else {
    std::printf(" %4llu cuts in full", number(counts.exhaustive));
  }
  std::printf(" %6llu older %6llu gone %6llu recovered", number(counts.older), number(counts.gone),
              number(counts.recovered));
  if (counts.second > 0) std::printf(" %6llu cut again", number(counts.second));
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

Counts cut_everywhere(const Scenario& scenario) {
  Counts counts;
  std::optional<std::pair<std::size_t, History>> last;  // cut at
  bool stopped = true;
  for (std::uint64_t call = 1; stopped; call += scenario.stride) {
    Machine machine{std::make_shared<FakeSystem>(
        FakeOptions{.sector_size = scenario.sector_size, .file_system_type = scenario.file_system_type})};
    if (scenario.makes_store) {
      StoreOptions options = scenario.options;
      options.create = true;
      machine.store =
          open_store(std::make_shared<BrokenSystem>(machine.system, scenario.breakage), store_path, options);
      machine.system->settle();
    }
    machine.system->clear_log();
    stopped = run_until(call, machine, scenario.program);
    ++counts.calls;
    // The machine ends as it is answered, not with its last call.
    auto cut = std::pair(changes_of(*machine.system), machine.history);
    if (stopped && last == cut) continue;
    last = std::move(cut);
    ++counts.cuts;
    const PowerCutSummary summary = machine.system->power_cut_states(
        {.limit = scenario.disks != 0 ? scenario.disks : disks_of_a_cut(), .seed = call}, [&](const DiskImage& image) {
          ++counts.disks;
          scenario.judge(image, machine, counts);
        });
    counts.possible += summary.possible;
    if (summary.exhaustive) ++counts.exhaustive;
  }
  print(scenario, counts);
  return counts;
}

Counts check_everywhere(const Scenario& scenario, std::uint64_t least_disks) {
  CAPTURE(scenario.name);
  CAPTURE(scenario.sector_size);
  const Counts counts = cut_everywhere(scenario);
#ifndef __SANITIZE_ADDRESS__
  CHECK(counts.disks >= least_disks);
#endif
  CHECK(counts.wrong == 0);
  CHECK(counts.back == 0);
  CHECK(counts.broken == 0);
  return counts;
}

namespace {

/// What came back can be worked with, and ends like any other.
void judge_version(Store& store, const Snapshot& snapshot, const Machine& machine, Counts& counts) {
  const auto generation = snapshot.facts().generation;
  if (!store.update(*machine.key, [](Editor& editor) { editor.add("after", 1); }) ||
      store.snapshot(*machine.key)->facts().generation <= generation)
    ++counts.wrong;
  if (!store.destroy(*machine.key) || store.snapshot(*machine.key)) ++counts.wrong;
}

/// The number of the version that is left, 0 if there is none; and what is wrong with that.
std::int64_t compare(const Result<Snapshot>& snapshot, const Machine& machine, Counts& counts) {
  const History& history = machine.history;
  if (!snapshot) {
    if (history.destroy_tried) return 0;
    if (history.acknowledged > 0) ++counts.gone;
    if (history.promised > 0) ++counts.broken;
    return 0;
  }
  const std::int64_t number = number_of(*snapshot);
  if (history.destroy_acknowledged) ++counts.back;
  if (!is_version(*snapshot, history)) ++counts.wrong;
  if (number < history.acknowledged) ++counts.older;
  if (number < history.promised) ++counts.broken;
  return number;
}

/// Starts from the disk. The number of the version that is left; `recovered` if a record did not verify.
std::int64_t look(const DiskImage& image, const Machine& machine, Counts& counts, bool& recovered) {
  if (!machine.key && !machine.also) return 0;
  try {
    const auto system = std::make_shared<FakeSystem>(image);
    Store store = open_store(system, store_path, {.on_event = [&recovered](const Event& event) {
                               if (event.kind == Event::Kind::recovered || event.kind == Event::Kind::quarantined)
                                 recovered = true;
                             }});
    std::int64_t number = 0;
    if (machine.key) {
      const auto snapshot = store.snapshot(*machine.key);
      number = compare(snapshot, machine, counts);
      if (snapshot) judge_version(store, *snapshot, machine, counts);
    }
    if (machine.also && !machine.also(*system, store)) ++counts.wrong;
    if (recovered) ++counts.recovered;
    return number;
  } catch (const Error& error) {
    MESSAGE(image.description, ": ", error.what());
    ++counts.wrong;
    return 0;
  }
}

// A cut in a recovery leaves little undecided: one file's data and its times.
constexpr std::uint64_t disks_of_a_second_cut = 12;

}  // namespace

void judge_session(const DiskImage& image, const Machine& machine, Counts& counts) {
  bool recovered = false;
  static_cast<void>(look(image, machine, counts, recovered));
}

void judge_recovery(const DiskImage& image, const Machine& machine, Counts& counts) {
  bool recovered = false;
  const std::int64_t number = look(image, machine, counts, recovered);
  if (!recovered) return;
  bool stopped = true;
  for (std::uint64_t call = 1; stopped; ++call) {
    Machine again{std::make_shared<FakeSystem>(image)};
    again.store = open_store(again.system, store_path, {});
    again.key = machine.key;
    again.history = machine.history;
    // What this recovery finds is on the disk, and no cut in it changes that.
    again.history.acknowledged = again.history.promised = number;
    again.history.relaxed = 0;
    again.history.destroy_tried = again.history.destroy_acknowledged = false;
    stopped = run_until(call, again, [](Machine& recovering) {
      auto session = recovering.store->lock(*recovering.key);
      if (session) recovering.commit(*session, 200);
    });
    again.system->power_cut_states({.limit = disks_of_a_second_cut, .seed = call}, [&](const DiskImage& second) {
      ++counts.second;
      bool recovered_again = false;
      Counts of_second;
      static_cast<void>(look(second, again, of_second, recovered_again));
      counts.wrong += of_second.wrong;
      counts.broken += of_second.broken;
    });
  }
}

}  // namespace sess::test
