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

constexpr std::size_t shown = 300;  // of what is wrong with one subject; the rest is counted

Effort effort() { return long_run() ? Effort{.every_call = true, .sweep_stride = 1, .disks = 200} : Effort{}; }

/// Prints a line for each subject and one for all. The runs with a fault.
std::size_t fail_all(const char* what, const std::vector<Subject>& subjects) {
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
  return all.runs;
}

// The floors are a little below what there is today: whoever makes calls or faults vanish by mistake is to notice.

TEST_CASE("a first commit that meets a fault") { CHECK(fail_all("first commits", first_commits()) >= 1); }
TEST_CASE("a commit that meets a fault") { CHECK(fail_all("commits", commits()) >= 1); }
TEST_CASE("a commit by rename that meets a fault") { CHECK(fail_all("commits by rename", commits_by_rename()) >= 1); }
TEST_CASE("a read or a renewal that meets a fault") {
  CHECK(fail_all("reads and renewals", reads_and_renewals()) >= 1);
}
TEST_CASE("an end that meets a fault") { CHECK(fail_all("ends", ends()) >= 1); }
TEST_CASE("a repair that meets a fault") { CHECK(fail_all("repairs", repairs()) >= 1); }
TEST_CASE("a sweep that meets a fault") { CHECK(fail_all("sweeps", sweeps()) >= 1); }
TEST_CASE("a listing that meets a fault") { CHECK(fail_all("listings", listings()) >= 1); }
TEST_CASE("a store that meets a fault when it is opened") { CHECK(fail_all("stores", stores()) >= 1); }

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
