// Repair mends what is safe to mend, sets aside what cannot be had back, and leaves the rest; a dry run changes
// nothing.
#include "contract/repairing.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;
using Action = Repaired::Action;
using Kind = Finding::Kind;

TEST_CASE_FIXTURE(DamagedStore, "a store in order is left as it is") {
  static_cast<void>(make_with_spare());
  static_cast<void>(log_in("ann"));
  system->clear_log();
  CHECK(repaired_of(store).empty());
  for (const LoggedCall& call : system->log())
    CHECK((call.call == Call::open || is_read_only(call.call) || call.call == Call::close));
}

TEST_CASE_FIXTURE(DamagedStore, "a damaged record is restored from its previous version, and its bytes are kept") {
  const SessionKey key = make_with_spare();
  flip(record(key));
  const auto bytes = system->content(record(key));
  CHECK(repaired_alone(*this).action == Action::mended);
  CHECK(findings_of(store).empty());
  REQUIRE(store.snapshot(key));
  CHECK(store.snapshot(key)->get<int>("a") == 1);
  const auto kept = files_in("quarantine");
  REQUIRE(kept.size() == 1);
  CHECK(system->content(kept.front()) == bytes);
  CHECK(repaired_of(store).empty());
}

TEST_CASE_FIXTURE(DamagedStore, "an empty record is restored, and there are no bytes to keep") {
  const SessionKey key = make_with_spare();
  system->set_content(record(key), {});
  CHECK(repaired_alone(*this).action == Action::mended);
  CHECK(files_in("quarantine").empty());
  CHECK(store.snapshot(key));
}

TEST_CASE_FIXTURE(DamagedStore, "a record is not restored where its damaged bytes cannot be kept") {
  const SessionKey key = make_with_spare();
  flip(record(key));
  const auto bytes = system->content(record(key));
  for (const Call call : {Call::open, Call::write, Call::sync, Call::rename}) {
    CAPTURE(to_string(call));
    system->fail({.call = call, .error = ENOSPC, .repeat = Repeat::for_good, .path = "quarantine/" + key.to_string()});
    const auto done = repaired_of(store);
    system->clear_faults();
    REQUIRE(done.size() == 1);
    CHECK(done.front().action == Action::failed);
    CHECK(done.front().error_number == ENOSPC);
    CHECK(system->content(record(key)) == bytes);
    CHECK(files_in("quarantine").empty());
  }
  CHECK(repaired_of(store).front().action == Action::mended);
}

TEST_CASE_FIXTURE(DamagedStore, "a record that cannot be had back is moved to quarantine with its spare") {
  const SessionKey key = make_with_spare();
  flip(record(key));
  flip(spare(key));
  const auto bytes = system->content(record(key));
  const Repaired repaired = repaired_alone(*this);
  CHECK(repaired.action == Action::quarantined);
  CHECK(repaired.finding.key == key);
  CHECK(store.snapshot(key).outcome() == Outcome::absent);
  const auto kept = files_in("quarantine");
  REQUIRE(kept.size() == 2);
  CHECK((system->content(kept[0]) == bytes || system->content(kept[1]) == bytes));
  CHECK(findings_of(store).empty());
}

TEST_CASE_FIXTURE(DamagedStore, "a record of another session is moved aside, and the other one is not") {
  const SessionKey key = make();
  const SessionKey other = make();
  system->set_content(record(key), system->content(record(other)));
  CHECK(repaired_alone(*this).action == Action::quarantined);
  CHECK(store.snapshot(other));
  CHECK_FALSE(store.snapshot(key));
}

TEST_CASE_FIXTURE(DamagedStore, "what a person has to decide is left, and stays as it is") {
  const SessionKey key = make();
  auto content = system->content(record(key));
  content[8] = std::byte{9};  // the format version (src/FORMAT.md)
  system->set_content(record(key), content);
  CHECK(repaired_alone(*this).action == Action::left);
  CHECK(system->content(record(key)) == content);
  CHECK(files_in("quarantine").empty());
  REQUIRE(store.gc().errors == 0);
  system->unlink(sys::working_directory, record(key).c_str());
  system->set_text(in_store("shards/00/core"), "x");
  CHECK(repaired_alone(*this).action == Action::left);
  CHECK(system->exists(in_store("shards/00/core")));
}

TEST_CASE_FIXTURE(DamagedStore,
                  "a damaged record whose previous version is of a newer format is left, with both files") {
  const SessionKey key = make_with_spare();
  flip(record(key));
  auto content = system->content(spare(key));
  content[8] = std::byte{9};
  system->set_content(spare(key), content);
  const auto bytes = system->content(record(key));
  CHECK(repaired_alone(*this).action == Action::left);
  CHECK(system->content(record(key)) == bytes);
  CHECK(system->content(spare(key)) == content);
}

TEST_CASE_FIXTURE(DamagedStore, "files of another user are left") {
  const SessionKey key = make();
  system->set_owner_and_mode(record(key), system->user() + 1, 0644);
  const auto all = repaired_of(store);
  REQUIRE(all.size() == 2);
  for (const Repaired& repaired : all) CHECK(repaired.action == Action::left);
  CHECK(system->look(record(key)).mode == 0644);
}

TEST_CASE_FIXTURE(DamagedStore,
                  "what sweeps remember and cannot be understood is written again, with the clocks of now") {
  system->set_text(in_store("gc"), std::string(8192, 'x'));
  const Repaired repaired = repaired_alone(*this);
  CHECK(repaired.action == Action::mended);
  CHECK(repaired.finding.file == "gc");
  CHECK(findings_of(store).empty());
  CHECK_FALSE(store.last_sweep());
  system->set_wall_clock(std::chrono::milliseconds(system->wall_clock()) + 48h);
  CHECK(store.clock_hold()->jump == 48h);
  system->set_wall_clock(std::chrono::milliseconds(system->wall_clock()) - 48h);
  CHECK(store.gc().complete);
}

TEST_CASE_FIXTURE(DamagedStore, "permissions are set to what libsess gives") {
  const SessionKey key = make_with_spare();
  const std::vector<std::pair<std::string, std::uint32_t>> files{{record(key), 0600},
                                                                 {spare(key), 0600},
                                                                 {in_store("keys"), 0600},
                                                                 {in_store("shards"), 0700},
                                                                 {in_store("shards/00"), 0700}};
  for (const auto& [file, right] : files) {
    const std::string& opened = file;
    CAPTURE(opened);
    system->set_owner_and_mode(file, system->user(), right | 0050);
    CHECK(repaired_alone(*this).action == Action::mended);
    CHECK(system->look(file).mode == right);
  }
}

TEST_CASE_FIXTURE(DamagedStore, "a deadline that the version does not permit is set to the nearest that it does") {
  const SessionKey key = make();
  const sys::FileTime right = system->look(record(key)).modified;
  const auto facts = store.snapshot(key)->facts();
  const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(store.options().lifetime).count();
  const auto idle = std::chrono::duration_cast<std::chrono::seconds>(store.options().idle_timeout).count();
  for (const std::int64_t seconds : {lifetime, std::int64_t{-3600}}) {
    sys::FileTime wrong = right;
    wrong.seconds += seconds;
    system->set_modified(record(key), wrong);
    const auto all = repaired_twice(*this);
    CHECK(all.front().finding.kind == Kind::deadline);
    CHECK(all.front().action == Action::mended);
    CHECK(all.size() == (seconds > 0 ? 2 : 1));  // it is beyond a renewal yet: see below
    CHECK(system->look(record(key)).modified.seconds == right.seconds + (seconds > 0 ? lifetime - idle : 0));
    system->set_modified(record(key), right);
  }
  CHECK(store.snapshot(key)->facts().generation == facts.generation);
}

TEST_CASE_FIXTURE(DamagedStore, "of times that say too late repair leaves what the next verify finds, and says so") {
  const SessionKey key = make_with_spare();
  const sys::FileTime right = system->look(record(key)).modified;
  // Of the same version; of none; of a record that is restored.
  for (const int round : {0, 1, 2}) {
    CAPTURE(round);
    sys::FileTime wrong = right;
    wrong.seconds += std::int64_t{100} * 365 * 24 * 3600;
    if (round == 1) wrong.nanoseconds = 0;
    if (round == 2) flip(record(key));
    system->set_modified(record(key), wrong);
    const auto all = repaired_twice(*this);
    REQUIRE(all.size() == 2);
    CHECK(all[0].action == Action::mended);
    CHECK(all[1].action == Action::left);
    const auto found = findings_of(store);
    REQUIRE(found.size() == 1);
    CHECK(all[1].finding.kind == found[0].kind);
    CHECK(all[1].finding.severity == found[0].severity);
    CHECK(all[1].finding.key == found[0].key);
    CHECK(all[1].finding.file == found[0].file);
    CHECK(all[1].finding.what == found[0].what);
    CHECK(all[1].finding.advice == found[0].advice);
    CHECK(store.snapshot(key)->facts().deadline == store.snapshot(key)->facts().absolute_deadline);
    CHECK(repaired_alone(*this).action == Action::left);
  }
}

TEST_CASE_FIXTURE(DamagedStore, "a session that was renewed outlives a repair by a clock that is behind") {
  const SessionKey key = make();
  system->advance(10min);
  REQUIRE(store.lock(key)->commit().ok());
  const sys::FileTime renewed = system->look(record(key)).modified;
  system->advance(-60min);  // as after booting without a clock that is kept
  const Repaired repaired = repaired_alone(*this);
  CHECK(repaired.finding.kind == Kind::deadline);
  CHECK(repaired.action == Action::left);
  CHECK_FALSE(repaired.finding.advice.empty());
  CHECK(system->look(record(key)).modified == renewed);
  system->advance(60min);
  CHECK(findings_of(store).empty());
  CHECK(store.gc().expired == 0);
  CHECK(store.snapshot(key));
}

TEST_CASE_FIXTURE(DamagedStore, "times that are not those of the version are set to them") {
  const SessionKey key = make();
  const sys::FileTime right = system->look(record(key)).modified;
  sys::FileTime wrong = right;
  wrong.seconds -= 1000;
  ++wrong.nanoseconds;
  system->set_modified(record(key), wrong);
  CHECK(repaired_alone(*this).action == Action::mended);
  CHECK(system->look(record(key)).modified == right);
}

TEST_CASE_FIXTURE(DamagedStore, "what killed programs left is removed when it is old, and not when it is locked") {
  const SessionKey key = make_with_spare();
  system->unlink(sys::working_directory, record(key).c_str());
  CHECK(repaired_alone(*this).action == Action::left);
  system->advance(11min);
  CHECK(repaired_alone(*this).action == Action::removed);
  CHECK_FALSE(system->exists(spare(key)));
  for (const std::string& name :
       {"shards/" + format::temporary_name(key, 7),
        "quarantine/" + format::quarantine_name({key, format::QuarantineName::Kind::copy, 7, true})}) {
    system->set_text(in_store(name), "half");
    CHECK(repaired_of(store).empty());
    system->advance(11min);
    CHECK(repaired_alone(*this).action == Action::removed);
    CHECK_FALSE(system->exists(in_store(name)));
  }
}

TEST_CASE_FIXTURE(DamagedStore, "missing parts are made again") {
  static_cast<void>(log_in("ann"));
  system->unlink(sys::working_directory, in_store("gc").c_str());
  CHECK(repaired_alone(*this).action == Action::mended);
  CHECK(store.gc().complete);
  CHECK(findings_of(store).empty());
}

TEST_CASE("a damaged record that is locked is left for another time") {
  DamagedStore damaged({.lock_timeout = 0ms});
  const SessionKey key = damaged.make();
  damaged.flip(DamagedStore::record(key));
  const int descriptor =
      damaged.system->open(sys::working_directory, DamagedStore::record(key).c_str(), sys::OpenMode::read_write);
  REQUIRE(damaged.system->try_lock(descriptor) == 0);
  CHECK(repaired_alone(damaged).action == Action::left);
  damaged.system->close(descriptor);
  CHECK(repaired_alone(damaged).action == Action::quarantined);
}

TEST_CASE_FIXTURE(DamagedStore, "what has been put right meanwhile is not told") {
  const SessionKey key = make_with_spare();
  flip(record(key));
  const auto other = open_store(system, path, {});
  std::vector<Repaired> all;
  const SessionKey last = make_with_spare();
  flip(record(last));
  const bool in_order = record(key) < record(last);
  // The first finding is told before the second is acted on.
  static_cast<void>(repair(store, {.jobs = 1}, [&](const Repaired& repaired) {
    static_cast<void>(other.snapshot(in_order ? last : key));
    all.push_back(repaired);
  }));
  const bool same_shard = key.bytes()[0] == last.bytes()[0];
  if (same_shard) CHECK(all.size() == 1);
  CHECK(findings_of(store).empty());
}

TEST_CASE_FIXTURE(DamagedStore, "a damaged record of another user is left where it is") {
  const SessionKey key = make_with_spare();
  flip(record(key));
  const auto bytes = system->content(record(key));
  system->set_owner_and_mode(record(key), system->user() + 1, 0600);
  const auto all = repaired_of(store);
  REQUIRE(all.size() == 2);
  for (const Repaired& repaired : all) CHECK(repaired.action == Action::left);
  CHECK(system->content(record(key)) == bytes);
  CHECK(files_in("quarantine").empty());
}

TEST_CASE_FIXTURE(DamagedStore, "what is counted is what was done") {
  const SessionKey lost = make();
  flip(record(lost));
  flip(record(make_with_spare()));
  system->set_text(in_store("shards/00/core"), "x");
  const RepairReport report = repair(store, {}, [](const Repaired&) {});
  CHECK(report.verified.errors == 2);
  CHECK(report.mended == 1);
  CHECK(report.quarantined == 1);
  CHECK(report.left == 1);
  CHECK(report.removed == 0);
  CHECK(report.failed == 0);
}

}  // namespace
}  // namespace sess::test
