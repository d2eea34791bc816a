// Two writers of one session, killed one after the other, each at every call: what the first has left in the spare must
// not mislead the second, nor who comes after both.
#include "killing.hpp"
#include "onlooker.hpp"
#include "session_operation.hpp"
#include "traced_process.hpp"

#include <doctest/doctest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sess::test {
namespace {

constexpr std::array looks = {Look::reader};

TracedRun run(Scene& scene, const SessionOperation& operation, const std::optional<KillPoint>& point) {
  const auto ready = [&] {
    return [&scene, &operation, store = scene.open(operation.options)] { operation.perform(store, scene); };
  };
  return run_traced(ready, point);
}

bool kill_first(Scene& scene, const SessionOperation& first, std::size_t call) {
  return run(scene, first, KillPoint{call, Moment::exit}).killed;
}

/// A commit to what `first` has left, killed after this call.
SessionOperation commit_after(const SessionOperation& first, std::size_t call, CommitMethod method) {
  return {.name = first.name + ", killed at the exit of call " + std::to_string(call) + ", then another commit",
          .prepare =
              [=](Scene& scene) {
                Expected expected = first.prepare(scene);
                kill_first(scene, first, call);
                const Seen seen = by_snapshot(scene.open(), scene.key());
                if (seen.sight != expected.before && seen.sight != expected.after)
                  throw std::runtime_error("the first writer has left neither version");
                scene.pass(std::chrono::hours(1));
                return changed({.before = seen.sight, .after = {}, .generation = seen.generation}, scene, version(4));
              },
          .perform =
              [](const Store& store, Scene& scene) {
                const auto commit = [](Editor& editor) {
                  editor.clear();
                  for (const auto& [name, value] : version(4)) editor.set(name, value);
                };
                if (!store.update(scene.key(), commit)) throw std::runtime_error("update");
              },
          .options = {.commit_method = method}};
}

/// Kills the first writer after each of its calls, and each time the second everywhere. The number of kills of second
/// ones.
std::size_t kill_both(Scene& scene, std::string_view first_name, CommitMethod method) {
  const SessionOperation first = operation_called(first_name);
  std::size_t kills = 0;
  for (std::size_t call = 1;; ++call) {
    scene.clear();
    first.prepare(scene);
    if (!kill_first(scene, first, call)) break;
    SessionSubject second(scene, commit_after(first, call, method));
    const Tally tally = kill_everywhere(second, looks);
    for (const std::string& line : tally.wrong) FAIL_CHECK(line);
    kills += tally.kills;
  }
  return kills;
}

TEST_SUITE_BEGIN("traced");

TEST_CASE("a writer that is killed after one that was killed leaves the old version or the new one") {
  Scene scene(file_systems().back());
  std::size_t kills = kill_both(scene, "commit", CommitMethod::automatic);
  if (!forks_are_slow) {
    kills += kill_both(scene, "commit, no spare yet", CommitMethod::automatic);
    kills += kill_both(scene, "commit by rename", CommitMethod::automatic);
    kills += kill_both(scene, "commit", CommitMethod::rename_only);
  }
  std::printf("%zu kills of a second writer\n", kills);
  REQUIRE(kills >= (forks_are_slow ? 480 : 2400));
}

TEST_CASE("two writers that are killed between their write and their times do not let the generation go back") {
  Scene scene(file_systems().back());
  const SessionOperation commit = operation_called("commit");
  commit.prepare(scene);
  const std::vector<long> calls = run(scene, commit, std::nullopt).calls;
  const auto write = static_cast<std::size_t>(std::ranges::find(calls, SYS_pwrite64) - calls.begin()) + 1;
  // A write sets the times to those of the kernel's clock, whose last digits are any.
  for (const std::uint32_t digits : {700'000U, 300'000U}) {
    scene.clear();
    const Expected expected = commit.prepare(scene);
    REQUIRE(kill_first(scene, commit, write));
    scene.set_spare_digits(digits);
    REQUIRE(kill_first(scene, commit, write));
    scene.set_spare_digits(1'000'000U - digits);
    CHECK(Onlooker(scene, expected).look(Look::reader).what_is_wrong == "");
  }
}

TEST_SUITE_END();

}  // namespace
}  // namespace sess::test
