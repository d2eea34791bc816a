// What was moved to quarantine can be looked at, brought back where nothing speaks against it, and deleted.
#include "contract/damaged_store.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

struct QuarantineStore : DamagedStore {
  /// Damages the record of a session that has no spare, and has it moved.
  std::string move_aside(const SessionKey& key) {
    bytes = system->content(record(key));
    flip(record(key));
    static_cast<void>(repair(store, {}, [](const Repaired&) {}));
    REQUIRE_FALSE(system->exists(record(key)));
    const auto all = quarantine.list();
    REQUIRE(all.size() == 1);
    REQUIRE(all.front().key == key);
    return all.front().name;
  }
  /// As an operator does who has a copy of it.
  void mend(const std::string& name) const { system->set_content(in_store("quarantine/" + name), bytes); }

  std::vector<std::byte> bytes;
  Quarantine quarantine{store};
};

TEST_CASE_FIXTURE(QuarantineStore, "an empty quarantine lists nothing") {
  CHECK(quarantine.list().empty());
  CHECK(quarantine.restore("nothing") == QuarantineOutcome::absent);
  CHECK_FALSE(quarantine.purge("nothing"));
}

TEST_CASE_FIXTURE(QuarantineStore, "what is in quarantine is told with what its header says, sure or not") {
  const SessionKey key = make();
  const auto created = store.snapshot(key)->facts().created;
  const std::string name = move_aside(key);
  CHECK(name.starts_with(key.to_string() + "."));
  Quarantined kept = quarantine.list().front();
  CHECK(kept.since.time_since_epoch() == std::chrono::milliseconds(system->wall_clock()));
  CHECK_FALSE(kept.previous);
  REQUIRE(kept.record);
  CHECK(kept.record->problem == "wrong checksum");
  CHECK(kept.record->names == key);
  CHECK(kept.record->facts->created == created);
  CHECK(kept.record->size == bytes.size());
  mend(name);
  CHECK(quarantine.list().front().record->problem.empty());
  // What is no header, or says what cannot be, is no trouble.
  for (const std::size_t size : {std::size_t{0}, std::size_t{9}, std::size_t{127}, bytes.size()}) {
    std::vector<std::byte> damaged(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    for (std::size_t i = 12; i < damaged.size(); ++i) damaged[i] = std::byte{0xff};
    system->set_content(in_store("quarantine/" + name), damaged);
    kept = quarantine.list().front();
    CHECK_FALSE(kept.record->problem.empty());
    CHECK(kept.record->facts.has_value() == (size >= 128));
  }
}

TEST_CASE_FIXTURE(QuarantineStore, "a session whose right bytes were brought back is there again, as a later version") {
  const SessionKey key = make();
  const auto facts = store.snapshot(key)->facts();
  const std::string name = move_aside(key);
  CHECK(quarantine.restore(name) == QuarantineOutcome::unverified);
  mend(name);
  CHECK(quarantine.restore(name) == QuarantineOutcome::restored);
  const auto restored = store.snapshot(key);
  REQUIRE(restored);
  CHECK(restored->get<int>("a") == 1);
  CHECK(restored->facts().generation > facts.generation);
  CHECK(restored->facts().deadline == facts.deadline);
  CHECK(quarantine.list().empty());
  CHECK(findings_of(store).empty());
  REQUIRE(store.update(key, [](Editor& editor) { editor.set("a", 3); }));
  // Once: a second time it could undo a logout.
  REQUIRE(store.destroy(key).ok());
  CHECK(quarantine.restore(name) == QuarantineOutcome::absent);
}

TEST_CASE_FIXTURE(QuarantineStore, "what was beside a restored record goes with it, and undoes no logout") {
  const SessionKey key = make_with_spare();
  const auto right = system->content(record(key));
  const auto older = system->content(spare(key));
  flip(record(key));
  flip(spare(key));
  static_cast<void>(repair(store, {}, [](const Repaired&) {}));
  const Quarantined kept = quarantine.list().front();
  REQUIRE(kept.previous);
  for (const std::string& file : files_in("quarantine"))
    system->set_content(file, file.find('~') == std::string::npos ? right : older);
  SUBCASE("both are deleted") {
    CHECK(quarantine.restore(kept.name) == QuarantineOutcome::restored);
    CHECK(files_in("quarantine").empty());
    REQUIRE(store.destroy(key).ok());
    CHECK(quarantine.restore(kept.name) == QuarantineOutcome::absent);
  }
  SUBCASE("where they cannot be the session is back all the same") {
    system->fail({.call = Call::unlink, .error = EIO, .repeat = Repeat::for_good, .path = "quarantine"});
    system->fail({.call = Call::unlink, .error = EIO, .repeat = Repeat::for_good, .path = key.to_string() + "."});
    CHECK(quarantine.restore(kept.name) == QuarantineOutcome::restored);
    CHECK(store.snapshot(key));
  }
}

TEST_CASE_FIXTURE(QuarantineStore, "nothing is restored over a session that there is") {
  const SessionKey key = make();
  const std::string name = move_aside(key);
  mend(name);
  system->set_content(record(key), bytes);
  CHECK(quarantine.restore(name) == QuarantineOutcome::occupied);
  CHECK(system->content(record(key)) == bytes);
  CHECK(quarantine.list().size() == 1);
}

TEST_CASE_FIXTURE(QuarantineStore, "a copy of what was damaged undoes no logout of the session that went on without") {
  const SessionKey key = make_with_spare();
  const auto right = system->content(record(key));
  flip(record(key));
  static_cast<void>(repair(store, {}, [](const Repaired&) {}));
  REQUIRE(store.snapshot(key));
  const auto all = quarantine.list();
  REQUIRE(all.size() == 1);
  CHECK(all.front().copy);
  CHECK(all.front().record->problem == "wrong checksum");
  CHECK(quarantine.restore(all.front().name) == QuarantineOutcome::copy);
  REQUIRE(store.destroy(key).ok());
  // Also where the bytes were right, and were only read wrongly.
  system->set_content(in_store("quarantine/" + all.front().name), right);
  CHECK(quarantine.restore(all.front().name) == QuarantineOutcome::copy);
  CHECK(store.snapshot(key).outcome() == Outcome::absent);
  CHECK(quarantine.purge(all.front().name));
  CHECK(quarantine.list().empty());
}

TEST_CASE_FIXTURE(QuarantineStore, "a session that has expired, or had been replaced, is not restored") {
  const SessionKey key = make();
  std::string name = move_aside(key);
  mend(name);
  system->advance(store.options().idle_timeout + 1s);
  CHECK(quarantine.restore(name) == QuarantineOutcome::expired);
  REQUIRE(quarantine.purge(name));

  const SessionKey old = make();
  REQUIRE(store.lock(old)->regenerate().outcome() == Outcome::ok);
  name = move_aside(old);
  mend(name);
  CHECK(quarantine.restore(name) == QuarantineOutcome::replaced);
  CHECK_FALSE(system->exists(record(old)));
}

TEST_CASE_FIXTURE(QuarantineStore,
                  "a session comes back into the list of its principal, and is ended with the others") {
  const SessionKey key = log_in("ann");
  const std::string name = move_aside(key);
  mend(name);
  CHECK(quarantine.restore(name) == QuarantineOutcome::restored);
  REQUIRE(store.sessions_of("ann")->size() == 1);
  CHECK(findings_of(store).empty());
  REQUIRE(store.destroy_principal("ann").ok());
  CHECK(store.snapshot(key).outcome() == Outcome::absent);
}

TEST_CASE_FIXTURE(QuarantineStore, "a session is not restored when all sessions of its principal were ended since") {
  const SessionKey key = log_in("ann");
  const std::string name = move_aside(key);
  REQUIRE(store.destroy_principal("ann").ok());
  mend(name);
  CHECK(quarantine.restore(name) == QuarantineOutcome::ended);
  CHECK_FALSE(system->exists(record(key)));
  // Also where its entry has been dropped, so that nobody knows when it was made.
  static_cast<void>(log_in("ann"));
  static_cast<void>(repair(store, {}, [](const Repaired&) {}));
  CHECK(quarantine.restore(name) == QuarantineOutcome::ended);
  CHECK(store.sessions_of("ann")->size() == 1);
}

TEST_CASE_FIXTURE(QuarantineStore, "the list of a principal is no session") {
  static_cast<void>(log_in("ann"));
  const auto right = system->content(list());
  const std::string file = list();
  flip(file);
  for (const std::string& each : files_in("principals"))
    if (each.ends_with('~')) flip(each);
  static_cast<void>(repair(store, {}, [](const Repaired&) {}));
  const auto all = quarantine.list();
  const auto kept = std::ranges::find_if(all, [](const Quarantined& each) { return each.record.has_value(); });
  REQUIRE(kept != all.end());
  system->set_content(in_store("quarantine/" + kept->name), right);
  CHECK(quarantine.restore(kept->name) == QuarantineOutcome::no_session);
}

TEST_CASE_FIXTURE(QuarantineStore, "a restoration that fails leaves quarantine as it is, and can be done again") {
  const SessionKey key = make();
  const std::string name = move_aside(key);
  mend(name);
  system->clear_log();
  for (const Call call : {Call::write, Call::sync_data, Call::rename}) {
    CAPTURE(to_string(call));
    system->fail({.call = call, .error = ENOSPC, .repeat = Repeat::once, .path = key.to_string()});
    CHECK_THROWS_AS(static_cast<void>(quarantine.restore(name)), IoError);
    system->clear_faults();
    CHECK_FALSE(system->exists(record(key)));
    CHECK(quarantine.list().size() == 1);
  }
  CHECK(quarantine.restore(name) == QuarantineOutcome::restored);
}

TEST_CASE_FIXTURE(QuarantineStore, "purge deletes both files of one name, and no other") {
  const SessionKey key = make_with_spare();
  flip(record(key));
  flip(spare(key));
  flip(record(make()));
  static_cast<void>(repair(store, {}, [](const Repaired&) {}));
  const auto all = quarantine.list();
  REQUIRE(all.size() == 2);
  REQUIRE(files_in("quarantine").size() == 3);
  const Quarantined& both = all[all[0].previous ? 0 : 1];
  CHECK(both.key == key);
  REQUIRE(both.previous);
  CHECK(quarantine.purge(both.name));
  CHECK(files_in("quarantine").size() == 1);
  CHECK(quarantine.list().front().key != key);
}

TEST_CASE_FIXTURE(QuarantineStore,
                  "what was put right since its name was told is not purged by that, be it the version before") {
  const SessionKey key = make_with_spare();
  bytes = system->content(record(key));
  flip(record(key));
  flip(spare(key));
  static_cast<void>(repair(store, {}, [](const Repaired&) {}));
  const auto names = quarantine.names();
  REQUIRE(names.size() == 1);
  CHECK(names.front().name == quarantine.list().front().name);
  CHECK(names.front().since == quarantine.list().front().since);
  REQUIRE(files_in("quarantine").size() == 2);
  for (const std::string& file : files_in("quarantine")) {
    const auto known = quarantine.names().front();
    system->advance(1s);
    const int descriptor = system->open(sys::working_directory, file.c_str(), sys::OpenMode::read_write);
    REQUIRE(system->write(descriptor, bytes, 0) > 0);
    system->close(descriptor);
    CHECK_FALSE(quarantine.purge(known));
    CHECK(quarantine.names().front().since > known.since);
  }
  CHECK(quarantine.purge(quarantine.names().front()));
  CHECK(files_in("quarantine").empty());
  CHECK_FALSE(quarantine.purge(names.front()));
}

}  // namespace
}  // namespace sess::test
