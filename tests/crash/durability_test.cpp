// What each durability level promises of a power cut.
#include "cutting.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sess::test {
namespace {

constexpr CommitMethod methods[] = {CommitMethod::automatic, CommitMethod::rename_only};
constexpr Durability levels[] = {Durability::relaxed, Durability::durable};

std::string named(const char* what, Durability durability, CommitMethod method) {
  return std::string(what) + (durability == Durability::durable ? ", durable" : ", relaxed") +
         (method == CommitMethod::automatic ? "" : ", by rename");
}

void change(Machine& machine) {
  Session session = machine.create();
  // Smaller and larger than a sector, than the version before, and than a page.
  machine.commit(session, {100, 700, 90, 9000, 5000});
}

void change_and_destroy(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, {100, 700, 200});
  machine.destroy(std::move(session));
}

void settle_and_destroy(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, {100, 700, 200});
  machine.settle();
  machine.destroy(std::move(session));
}

/// The first change of a session that has been on the disk for long: its version before must not be lost with it.
void change_what_was_settled(Machine& machine) {
  Session session = machine.create();
  machine.commit(session, 700);
  machine.settle();
  machine.commit(session, 900);
}

TEST_CASE("a power cut at durability durable leaves the last acknowledged version") {
  for (const CommitMethod method : methods) {
    const Counts counts = check_everywhere({.name = named("change", Durability::durable, method),
                                            .program = change,
                                            .options = {.durability = Durability::durable, .commit_method = method}},
                                           600);
    CHECK(counts.older == 0);
    CHECK(counts.gone == 0);
  }
}

TEST_CASE("a power cut at durability relaxed leaves an earlier version or none, never a wrong one") {
  for (const CommitMethod method : methods) {
    const Counts counts = check_everywhere({.name = named("change", Durability::relaxed, method),
                                            .program = change,
                                            .options = {.durability = Durability::relaxed, .commit_method = method}},
                                           3'500);
    CHECK(counts.older > 0);  // or the bound leaves out what the test is about
    CHECK(counts.gone > 0);
  }
}

TEST_CASE("a power cut in the first change of a settled session leaves one of its two versions, at both levels") {
  for (const Durability durability : levels) {
    const Counts counts = check_everywhere({.name = named("first change of a settled session", durability, {}),
                                            .program = change_what_was_settled,
                                            .options = {.durability = durability}},
                                           50);
    CHECK(counts.gone == 0);
  }
}

TEST_CASE("logout is final across a power cut, at both durability levels") {
  for (const Durability durability : levels)
    for (const CommitMethod method : methods) {
      const StoreOptions options{.durability = durability, .commit_method = method};
      check_everywhere({named("change, destroy", durability, method), change_and_destroy, options}, 80);
      check_everywhere({named("change, settle, destroy", durability, method), settle_and_destroy, options}, 80);
    }
}

TEST_CASE("logout is final across a power cut where it is a sync of the whole file system") {
  const auto destroy_on_btrfs = [](Breakage breakage) {
    return Scenario{.name = named("change, destroy, on btrfs", Durability::relaxed, {}),
                    .program = change_and_destroy,
                    .breakage = breakage,
                    .file_system_type = btrfs_type};
  };
  check_everywhere(destroy_on_btrfs(Breakage::none), 80);
  CHECK(cut_everywhere(destroy_on_btrfs(Breakage::no_sync)).back > 0);
}

TEST_CASE("the tests above notice syncs that do nothing") {
  const Counts changed = cut_everywhere({.name = "noticed: no sync, change",
                                         .program = change,
                                         .options = {.durability = Durability::durable},
                                         .breakage = Breakage::no_sync});
  CHECK(changed.broken > 0);
  const Counts destroyed = cut_everywhere(
      {.name = "noticed: no sync, destroy", .program = settle_and_destroy, .breakage = Breakage::no_sync});
  CHECK(destroyed.back > 0);
}

}  // namespace
}  // namespace sess::test
