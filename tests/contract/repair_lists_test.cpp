// Repair and the lists of principals: what is made again from the sessions, and when it is not.
#include "contract/repairing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;
using Action = Repaired::Action;
using Kind = Finding::Kind;

TEST_CASE_FIXTURE(DamagedStore, "a list that is damaged is made again from the sessions") {
  const SessionKey first = log_in("ann");
  flip(list());
  CHECK(repaired_alone(*this).action == Action::mended);
  CHECK(findings_of(store).empty());
  const auto sessions = store.sessions_of("ann");
  REQUIRE(sessions);
  REQUIRE(sessions->size() == 1);
  CHECK(sessions->front().key == first);
  CHECK(files_in("quarantine").size() >= 1);
}

TEST_CASE_FIXTURE(DamagedStore, "a session that its list lacks is entered, and then ended with the others") {
  static_cast<void>(log_in("ann"));
  const auto before = system->content(list());
  const sys::FileTime times = system->look(list()).modified;
  const SessionKey second = log_in("ann");
  system->set_content(list(), before);
  system->set_modified(list(), times);
  CHECK(repaired_alone(*this).action == Action::mended);
  CHECK(findings_of(store).empty());
  REQUIRE(store.destroy_principal("ann").ok());
  CHECK(store.snapshot(second).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(DamagedStore, "entries of sessions that ended are dropped, and all others stay") {
  const SessionKey kept = log_in("ann");
  for (int n = 0; n < 3; ++n) REQUIRE(store.destroy(log_in("ann")).ok());
  CHECK(repaired_alone(*this).action == Action::mended);
  CHECK(findings_of(store).empty());
  REQUIRE(store.sessions_of("ann")->size() == 1);
  CHECK(store.sessions_of("ann")->front().key == kept);
}

/// Moves the index aside, as somebody does who removes it.
void remove_index(const DamagedStore& damaged) {
  REQUIRE(damaged.system->rename(sys::working_directory, damaged.in_store("principals").c_str(), sys::working_directory,
                                 "/srv/away", sys::RenameMode::replace) == 0);
}

TEST_CASE_FIXTURE(DamagedStore,
                  "a missing index is made again when the damage of sessions has been repaired and told") {
  const SessionKey ann = log_in("ann");
  const SessionKey lost = make();
  const SessionKey restored = make_with_spare();
  flip(record(lost));
  flip(record(restored));
  const auto bytes = system->content(record(restored));
  remove_index(*this);
  const auto all = repaired_of(store);
  REQUIRE(all.size() == 3);
  CHECK(all.back().finding.kind == Kind::missing);
  for (const Repaired& repaired : all)
    CHECK(repaired.action == (repaired.finding.key == lost ? Action::quarantined : Action::mended));
  CHECK(std::ranges::any_of(files_in("quarantine"),
                            [&](const std::string& file) { return system->content(file) == bytes; }));
  REQUIRE(store.sessions_of("ann")->size() == 1);
  CHECK(store.sessions_of("ann")->front().key == ann);
  CHECK(findings_of(store).empty());
}

TEST_CASE_FIXTURE(DamagedStore, "nothing is made again from sessions of which one is damaged and was left") {
  static_cast<void>(log_in("ann"));
  const SessionKey key = make_with_spare();
  flip(record(key));
  const auto bytes = system->content(record(key));
  system->fail({.call = Call::write, .error = ENOSPC, .repeat = Repeat::for_good, .path = "quarantine/"});
  SUBCASE("the index") { remove_index(*this); }
  SUBCASE("a list") { flip(list()); }
  const auto all = repaired_of(store);
  REQUIRE(all.size() == 2);
  CHECK(all.front().action == Action::failed);
  CHECK(all.back().action == Action::left);
  CHECK(all.back().what.find("run repair again") != std::string::npos);
  CHECK(system->content(record(key)) == bytes);
  system->clear_faults();
  for (const Repaired& repaired : repaired_of(store)) CHECK(repaired.action == Action::mended);
  CHECK(findings_of(store).empty());
}

TEST_CASE("a damaged list that is locked is left, and not told as mended") {
  DamagedStore damaged({.lock_timeout = 0ms});
  static_cast<void>(damaged.log_in("ann"));
  const std::string list = damaged.list();
  std::vector<Repaired> all;
  int descriptor = -1;
  // The finding before it is told when it has been found and before it is acted on.
  damaged.system->set_text(damaged.in_store(list.substr(damaged.in_store("").size(), 14) + "/0"), "x");
  damaged.flip(list);
  static_cast<void>(repair(damaged.store, {.jobs = 1}, [&](const Repaired& repaired) {
    all.push_back(repaired);
    if (descriptor >= 0) return;
    descriptor = damaged.system->open(sys::working_directory, list.c_str(), sys::OpenMode::read_write);
    REQUIRE(damaged.system->try_lock(descriptor) == 0);
  }));
  damaged.system->close(descriptor);
  REQUIRE(all.size() == 2);
  CHECK(all.back().action == Action::left);
  CHECK(all.back().error_number == EWOULDBLOCK);
}

TEST_CASE_FIXTURE(DamagedStore, "the entry of a session that goes to quarantine stays, so that it can be restored") {
  const SessionKey key = log_in("ann");
  REQUIRE(store.destroy_principal("ann").ok());
  const SessionKey lost = log_in("ann");
  const auto bytes = system->content(record(lost));
  flip(record(lost));
  for (const Repaired& repaired : repaired_of(store)) CHECK(repaired.finding.key != key);
  static_cast<void>(repaired_of(store));
  const Quarantine quarantine(store);
  REQUIRE(quarantine.list().size() == 1);
  const std::string name = quarantine.list().front().name;
  system->set_content(in_store("quarantine/" + name), bytes);
  CHECK(quarantine.restore(name) == QuarantineOutcome::restored);
}

}  // namespace
}  // namespace sess::test
