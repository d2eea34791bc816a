// Every system call is the last: each operation, killed before and after each of its calls, on the disk's file system
// and on the memory's.
#include "forked_holder.hpp"
#include "init_subject.hpp"
#include "killing.hpp"
#include "principals_subject.hpp"
#include "repair_subject.hpp"
#include "replaced_id_subject.hpp"
#include "rotation_subject.hpp"
#include "session_operation.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

/// Prints a line for each operation and one for all, and notes what is wrong.
class Table {
 public:
  explicit Table(std::string place) : place_(std::move(place)) {}

  void add(Subject& subject, std::span<const Look> looks, const Sampling& sampling = {}) {
    const auto start = std::chrono::steady_clock::now();
    const Tally tally = kill_everywhere(subject, looks, sampling);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    const std::size_t shown = std::min(tally.wrong.size(), most_lines);
    for (const std::string& line : std::span(tally.wrong).first(shown)) FAIL_CHECK(line);
    if (const std::size_t more = tally.wrong.size() - shown; more != 0) FAIL_CHECK(more, " more of ", subject.name());
    print(subject.name(), tally.calls, tally.kills, taken);
    taken_ += taken;
    calls_ += tally.calls;
    kills_ += tally.kills;
  }
  /// Prints the sums. The kills.
  std::size_t total() const {
    print("all of these", calls_, kills_, taken_);
    return kills_;
  }

 private:
  /// A fault that every kill shows would fill the log of a whole run, and hide what else there is in it.
  static constexpr std::size_t most_lines = 20;

  void print(const std::string& name, std::size_t calls, std::size_t kills, std::chrono::duration<double> taken) const {
    std::printf("%-8s  %-59s %5zu calls %5zu kills %5.1f s\n", place_.c_str(), name.c_str(), calls, kills,
                taken.count());
    std::fflush(stdout);
  }

  std::string place_;
  std::size_t calls_ = 0;
  std::size_t kills_ = 0;
  std::chrono::duration<double> taken_{0};
};

/// Where there are several file systems, the last is the quickest: there everything is done.
bool is_quickest(const std::string& place) { return place == file_systems().back(); }

std::vector<std::string> places() { return forks_are_slow ? std::vector{file_systems().back()} : file_systems(); }

constexpr std::array all_looks = {Look::locker, Look::reader, Look::sweeper};

/// A little less than there are kills today, in one place: whoever makes calls vanish by mistake is to notice.
struct Floor {
  std::size_t everything;
  std::size_t part;
};

/// `add` puts into the table of each place what is killed there: everything where that is quick, else a part.
void kill_in_all_places(const Floor& floor,
                        const std::function<void(Table& table, const std::string& below, bool everything)>& add) {
  std::size_t kills = 0;
  std::size_t least = 0;
  for (const std::string& below : places()) {
    const bool everything = (is_quickest(below) && !forks_are_slow) || long_run();
    Table table(below);
    add(table, below, everything);
    kills += table.total();
    least += everything ? floor.everything : floor.part;
  }
  std::printf("%zu kills\n", kills);
  REQUIRE(kills >= least);
}

TEST_SUITE_BEGIN("traced");

TEST_CASE("an operation that is killed at any system call leaves the old version or the new one") {
  kill_in_all_places({5'620, 1'830}, [](Table& table, const std::string& below, bool everything) {
    const std::span looks = std::span(all_looks).first(everything ? 3 : 1);
    Scene scene(below);
    for (const auto& operations : {creations, commits, renewals_and_reads, ends, repairs, sweeps})
      for (SessionOperation& operation : operations()) {
        const Sampling sampling{.stride = long_run() ? 1 : operation.stride};
        SessionSubject subject(scene, std::move(operation));
        table.add(subject, looks, sampling);
      }
    ForkedHolder holder(scene);
    table.add(holder, looks);
    scene.clear();
    CHECK(scene.all_session_files().empty());
  });
}

TEST_CASE("init that is killed at any system call leaves no store or a whole one") {
  constexpr std::array looks = {Look::reader};
  std::size_t kills = 0;
  std::size_t floor = 0;
  for (const std::string& below : places()) {
    Table table(below);
    const bool everything = is_quickest(below) && !forks_are_slow;
    InitSubject init(below, InitSubject::From::nothing);
    table.add(init, looks, {.stride = everything ? 1U : 127U});
    if (!everything) {
      // Removing some hundred directories before each run takes minutes on some disks.
      InitSubject again(below, InitSubject::From::directories);
      table.add(again, looks, {.stride = long_run() ? 1U : 127U, .skips_repetitions = true});
    }
    kills += table.total();
    floor += everything ? 650 : 45;
  }
  REQUIRE(kills >= floor);
}

TEST_CASE("an ID that is replaced by a process which is killed at any system call is the old one or is replaced") {
  using Kind = ReplacedIdSubject::Kind;
  kill_in_all_places({3'130, 1'030}, [](Table& table, const std::string& below, bool everything) {
    for (const Kind kind : {Kind::supersede, Kind::regenerate, Kind::regenerate_leading, Kind::succeed_expired,
                            Kind::succeed_swept, Kind::join, Kind::logout})
      for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
        ReplacedIdSubject subject(below, kind, method);
        table.add(subject, std::span(all_looks).first(everything ? 3 : 1));
      }
    for (const Kind kind : {Kind::regenerate, Kind::succeed_expired}) {
      ReplacedIdSubject subject(below, kind, CommitMethod::automatic, true);
      table.add(subject, std::span(all_looks).first(everything ? 3 : 1));
    }
  });
}

TEST_CASE(
    "what is done with a principal's sessions by a process which is killed anywhere leaves every live one listed") {
  using Kind = PrincipalsSubject::Kind;
  kill_in_all_places({5'650, 1'570}, [](Table& table, const std::string& below, bool everything) {
    for (const Kind kind : {Kind::first_login, Kind::login, Kind::login_at_the_limit, Kind::refused_login,
                            Kind::regenerate, Kind::end_all, Kind::end_all_but_one, Kind::remake, Kind::rebuild})
      for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
        // Those that visit every session look into every shard.
        const bool visits = kind == Kind::remake || kind == Kind::rebuild;
        if (visits && method == CommitMethod::rename_only && !long_run()) continue;
        PrincipalsSubject subject(below, kind, method);
        const std::size_t stride = visits && !long_run() ? (everything ? 7 : 61) : 1;
        table.add(subject, std::span(all_looks).first(everything && !visits ? 3 : 1), {.stride = stride});
      }
  });
}

TEST_CASE("a repair that is killed at any system call is finished by the next") {
  constexpr std::array looks = {Look::reader, Look::sweeper};
  std::size_t kills = 0;
  for (const std::string& below : places()) {
    Table table(below);
    RepairSubject repair(below);
    table.add(repair, looks);
    kills += table.total();
  }
  REQUIRE(kills >= 340 * places().size());
}

TEST_CASE("a rotation that is killed at any system call leaves the old keyring or the new one") {
  constexpr std::array looks = {Look::reader};
  std::size_t kills = 0;
  for (const std::string& below : places()) {
    Table table(below);
    RotationSubject rotation(below);
    table.add(rotation, looks);
    kills += table.total();
  }
  REQUIRE(kills >= 40 * places().size());
}

TEST_SUITE_END();

}  // namespace
}  // namespace sess::test
