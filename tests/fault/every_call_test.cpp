// Every system call fails: each public operation, with each error that each of its calls is documented to answer, once
// and for good, and with transfers that stop short.
#include "failing.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace sess::test {
namespace {

constexpr std::size_t shown = 20;  // of what is wrong with one subject; the rest is counted

/// A sanitizer's memory makes each disk cost ten times as much.
Effort effort() {
  if (long_run()) return {.every_call = true, .sweep_stride = 1, .disks = 200};
#ifdef __SANITIZE_ADDRESS__
  return {.disks = 2};
#else
  return {};
#endif
}

/// A little less than there is today: whoever makes calls or faults vanish by mistake is to notice.
struct Floor {
  std::size_t runs;
  std::size_t failed;
};

/// Prints a line for each subject and one for all.
void fail_all(const char* what, const std::vector<Subject>& subjects, const Floor& floor) {
  const auto start = std::chrono::steady_clock::now();
  Tally all;
  for (const Subject& subject : subjects) {
    const Tally tally = fail_everywhere(subject, effort());
    for (std::size_t i = 0; i < tally.wrong.size() && i < shown; ++i) FAIL_CHECK(tally.wrong[i]);
    if (tally.wrong.size() > shown) FAIL_CHECK("and ", (tally.wrong.size() - shown), " more");
    std::printf("%-52s %4zu of %4zu calls %6zu faults %6zu failed %6zu disks\n", subject.name.c_str(), tally.visited,
                tally.calls, tally.runs, tally.failed, tally.disks);
    all.visited += tally.visited;
    all.calls += tally.calls;
    all.runs += tally.runs;
    all.failed += tally.failed;
    all.disks += tally.disks;
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::printf("%-52s %4zu of %4zu calls %6zu faults %6zu failed %6zu disks %5.1f s%s\n", what, all.visited, all.calls,
              all.runs, all.failed, all.disks, taken.count(),
              all.visited == all.calls ? "" : " (the rest, which repeats others, with LONG=1)");
  std::fflush(stdout);
  CHECK(all.runs >= floor.runs);
  CHECK(all.failed >= floor.failed);
}

TEST_CASE("a first commit that meets a fault") { fail_all("first commits", first_commits(), {1'690, 1'260}); }
TEST_CASE("a commit that meets a fault") { fail_all("commits", commits(), {15'200, 12'550}); }
TEST_CASE("a commit by rename that meets a fault") {
  fail_all("commits by rename", commits_by_rename(), {5'150, 4'400});
}
TEST_CASE("a read or a renewal that meets a fault") {
  fail_all("reads and renewals", reads_and_renewals(), {800, 620});
}
TEST_CASE("an end that meets a fault") { fail_all("ends", ends(), {1'470, 1'230}); }
TEST_CASE("an ID that is replaced while there is a fault") {
  fail_all("replaced IDs", replaced_ids(), {14'840, 12'500});
}
TEST_CASE("the sessions of a principal while there is a fault") {
  fail_all("principals", principals(), {29'000, 20'900});
}
TEST_CASE("a repair that meets a fault") { fail_all("repairs", repairs(), {13'500, 10'300}); }
TEST_CASE("a sweep that meets a fault") { fail_all("sweeps", sweeps(), {3'900, 450}); }
TEST_CASE("a listing that meets a fault") { fail_all("listings", listings(), {1'850, 1'280}); }
TEST_CASE("a store that meets a fault when it is opened") { fail_all("stores", stores(), {4'900, 3'550}); }

TEST_CASE("what looks at no file makes no system call that could fail") {
  const Setting setting;
  Machine machine(setting);
  const auto changes = machine.store->snapshot(machine.key())->edit();
  machine.fake->clear_log();
  CHECK_FALSE(machine.store->parse("no session ID"));
  CHECK(machine.store->facts().path == store_path);
  CHECK(machine.store->options().idle_timeout.count() > 0);
  CHECK(machine.store->find("", 10).empty());
  CHECK(machine.store->merge(changes, {.renew = false}));
  CHECK(machine.fake->log() == std::vector<LoggedCall>{});
}

}  // namespace
}  // namespace sess::test
