// Records of all sizes, both files of a session written to since the last sync, and levels in turns.
#include "cutting.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace sess::test {
namespace {

constexpr std::array<std::size_t, 2> sector_sizes = {512, 4096};
// So much of a record of 64 KiB is not the text: header, names, types.
constexpr std::size_t overhead = 256;
constexpr std::size_t largest = 64 * 1024 - overhead;

const CommitOptions durable{.durability = Durability::durable};
const CommitOptions scrub{.scrub = true};

/// Growth and shrinking of the one file and of the other, from 100 bytes to 64 KiB.
void change_size(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, {100, largest, 100, 5000, largest, 4000, 300});
}

/// Two commits, or three, since the session was on the disk, each to the other file.
void dirty_both(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, {600, 1500});
  machine.settle();
  machine.commit(session, {1400, 700, 1600});
}

void dirty_both_of_a_sector(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, {40, 60});
  machine.settle();
  machine.commit(session, {50, 30, 60});
}

void change_at_both_levels(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, 900, durable);
  machine.commit(session, 1000);
  machine.commit(session, 400, durable);
  machine.commit(session, {1200, 300});
  machine.commit(session, 800, durable);
  machine.commit(session, 100);
}

void change_and_scrub(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, 900);
  machine.commit(session, 300, scrub);
  machine.commit(session, {1000, 600});
  machine.commit(session, 200, scrub);
  machine.commit(session, 1100, scrub);
  machine.commit(session, 700, durable);
  machine.commit(session, 600, scrub);
}

void create_and_change_once(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, {700, 900});
}

TEST_CASE("a power cut while records grow and shrink between 100 bytes and 64 KiB leaves none that is torn") {
  for (const std::size_t sector_size : sector_sizes) {
    const Counts relaxed = check_everywhere(
        {.name = "growth and shrinking, relaxed", .program = change_size, .sector_size = sector_size}, 6'000);
    CHECK(relaxed.recovered > 0);
    const Counts synced = check_everywhere({.name = "growth and shrinking, durable",
                                            .program = change_size,
                                            .options = {.durability = Durability::durable},
                                            .sector_size = sector_size},
                                           1'500);
    CHECK(synced.older + synced.gone == 0);
  }
}

TEST_CASE("a power cut with both files of a session dirty leaves one of its versions whole, or none") {
  for (const std::size_t sector_size : sector_sizes) {
    const Counts counts =
        check_everywhere({.name = "both files dirty", .program = dirty_both, .sector_size = sector_size}, 2'000);
    CHECK(counts.gone > 0);  // or they were not both dirty
    check_everywhere(
        {.name = "both files dirty, of one sector each", .program = dirty_both_of_a_sector, .sector_size = sector_size},
        2'000);
  }
}

TEST_CASE("a power cut after one relaxed commit to a durable session leaves it, in this version or in an earlier one") {
  for (const std::size_t sector_size : sector_sizes) {
    const Counts counts = check_everywhere(
        {.name = "levels in turns", .program = change_at_both_levels, .sector_size = sector_size}, 4'000);
    CHECK(counts.older > 0);
  }
  check_everywhere({.name = "levels in turns, by rename",
                    .program = change_at_both_levels,
                    .options = {.commit_method = CommitMethod::rename_only}},
                   3'000);
}

TEST_CASE(
    "a power cut in commits that scrub leaves the version before or the new one, whatever was not synced before") {
  for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only})
    check_everywhere({.name = method == CommitMethod::automatic ? "scrub" : "scrub, by rename",
                      .program = change_and_scrub,
                      .options = {.commit_method = method}},
                     3'000);
}

TEST_CASE(
    "a power cut in a creation and the first change leaves nothing that is wrong, with early writeback or without") {
  for (const bool early : {false, true})
    check_everywhere({.name = early ? "creation and first change, early writeback" : "creation and first change",
                      .program = create_and_change_once,
                      .options = {.early_writeback = early}},
                     1'500);
}

}  // namespace
}  // namespace sess::test
