// What a file system can do is found out by trying, and again on another one.
#include "backend/file_setup.hpp"
#include "store/core.hpp"
#include "support/broken_system.hpp"
#include "support/fake_system.hpp"
#include "support/store_world.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>
#include <sess/trial.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace sess::test {
namespace {

std::shared_ptr<FakeSystem> machine(const FakeOptions& options = {}) { return std::make_shared<FakeSystem>(options); }

/// The same disk on another machine, or under another kernel.
std::shared_ptr<FakeSystem> moved(const FakeSystem& from, const FakeOptions& options) {
  return std::make_shared<FakeSystem>(from.image(), options);
}

std::string store_file(const FakeSystem& system) { return system.text("/srv/store/store"); }

std::string refusal(const std::shared_ptr<sys::System>& system, const std::string& path) {
  try {
    open_store(system, path, {.create = true});
  } catch (const StoreError& error) {
    CHECK(error.reason() == StoreError::Reason::unusable);
    return error.what();
  }
  return {};
}

TEST_CASE("a file system that gives one lock to two, or keeps no times, is refused for a store") {
  const TemporaryDirectory directory;
  const std::string path = directory / "store";
  const std::string place = path + "/quarantine";
  CHECK(refusal(std::make_shared<BrokenSystem>(Breakage::no_lock), path) ==
        "use \"" + place + "\" for a store: its file system gives one lock to two (flock); choose another file system");
  CHECK(refusal(std::make_shared<BrokenSystem>(Breakage::no_times), path) ==
        "use \"" + place +
            "\" for a store: its file system does not keep modification times; choose another file system");
  const auto fake = machine();
  fake->fail(Call::try_lock, 2, ENOLCK);  // the first one is init's own
  CHECK(refusal(fake, "/srv/store") ==
        "use \"/srv/store/quarantine\" for a store: its file system cannot lock files (flock); choose another file "
        "system");
  // None of them has become a store, and the same directory will do once it is good.
  CHECK_NOTHROW(Store::open(path, {.create = true}));
}

TEST_CASE("a store that has been moved to another file system is probed again") {
  const auto before = machine();
  const Store store = open_store(before, "/srv/store", {.create = true});
  const SessionId id = make_session(store, {{"n", 1}});
  CHECK(store.facts().exchange);

  const auto after = moved(*before, {.exchange_supported = false, .no_replace_supported = false, .device = 2});
  const Store there = open_store(after, "/srv/store", {});
  CHECK_FALSE(there.facts().exchange);
  INFO(store_file(*after));
  CHECK(store_file(*after).find("exchange 0\nno_replace 0\n") != std::string::npos);
  CHECK(there.update(id, [](Editor& editor) { editor.add("n", 1); }));
  CHECK(there.snapshot(id)->get<int>("n") == 2);
  CHECK(make_session(there, {}).key() != id.key());

  // And back: what was lost is found again.
  const auto home = moved(*after, {.device = 1});
  CHECK(open_store(home, "/srv/store", {}).facts().exchange);
}

TEST_CASE("a store that stays where it is is not probed again") {
  const auto system = machine();
  open_store(system, "/srv/store", {.create = true});
  system->clear_log();
  open_store(system, "/srv/store", {});
  CHECK(system->calls(Call::rename) == 0);
  CHECK(system->calls(Call::write) == 0);
}

TEST_CASE("a full or read-only file system does not keep a moved store from being opened") {
  const auto before = machine();
  const SessionId id = make_session(open_store(before, "/srv/store", {.create = true}), {{"n", 1}});
  for (const int error : {ENOSPC, EROFS}) {
    const auto after = moved(*before, {.device = 2});
    after->limit_space(0, 0, error);
    const std::string written = store_file(*after);
    const Store store = open_store(after, "/srv/store", {});
    CHECK(store.snapshot(id)->get<int>("n") == 1);
    CHECK(store_file(*after) == written);
    after->limit_space(UINT64_MAX, UINT64_MAX);
    open_store(after, "/srv/store", {});
    CHECK(store_file(*after) != written);
  }
}

TEST_CASE("where modification times have no nanoseconds, each version has an inode of its own") {
  const auto system = machine({.time_granularity = std::chrono::seconds(1)});
  const Store store = open_store(system, "/srv/store", {.create = true});
  CHECK(store_file(*system).find("exchange 1\nno_replace 1\nnanoseconds 0\n") != std::string::npos);
  const SessionId id = make_session(store, {{"n", 1}});
  const std::string record = "/srv/store/shards/" + record_file(id);
  const auto first = system->look(record).identity;
  for (int i = 0; i < 3; ++i) REQUIRE(store.update(id, [](Editor& editor) { editor.add("n", 1); }));
  CHECK(system->look(record).identity != first);
  CHECK_FALSE(system->exists("/srv/store/shards/" + spare_file(id)));
  CHECK(store.snapshot(id)->get<int>("n") == 4);
}

// ---- with a second process, as sessctl doctor tries it

/// Sees what there is, as another process would.
TrialSight honest_sight(FakeSystem& system, const std::string& path) {
  TrialSight sight;
  const int file = system.open(sys::working_directory, path.c_str(), sys::OpenMode::read_write);
  REQUIRE(file >= 0);
  sys::FileStatus status;
  REQUIRE(system.status(file, status) == 0);
  sight.inode = status.identity.inode;
  sight.modified_seconds = status.modified.seconds;
  sight.modified_nanoseconds = status.modified.nanoseconds;
  sight.got_lock = system.try_lock(file) == 0;
  system.close(file);  // as when it is killed
  return sight;
}

struct Trial {
  Trial() { open_store(system, path, {.create = true}); }

  using Lie = std::function<void(unsigned look, TrialSight& sight)>;
  /// Looks are counted from 1.
  FileSystemTrial run(const Lie& lie = {}) {
    looks = 0;
    return backend::try_directory(*system, path, [&](const std::string& file) {
      TrialSight sight = honest_sight(*system, file);
      ++looks;
      if (lie) lie(looks, sight);
      return sight;
    });
  }

  std::string path = "/srv/store";
  std::shared_ptr<FakeSystem> system = machine();
  unsigned looks = 0;
};

TEST_CASE("a trial with a second process finds a good file system good, and leaves nothing") {
  Trial trial;
  const std::string before = store_file(*trial.system);
  const FileSystemTrial found = trial.run();
  CHECK(trial.looks == 4);
  CHECK(found.flock);
  CHECK(found.excludes);
  CHECK(found.keeps_times);
  CHECK(found.keeps_nanoseconds);
  CHECK(found.exchange);
  CHECK(found.no_replace);
  CHECK(found.excludes_processes == true);
  CHECK(found.frees_locks == true);
  CHECK(found.shows_changes == true);
  CHECK(store_file(*trial.system) == before);
  CHECK_FALSE(trial.system->exists("/srv/store/quarantine/probe"));
  CHECK_FALSE(trial.system->exists("/srv/store/quarantine/probe.other"));
}

TEST_CASE("a trial without a second process says nothing of what only that can tell") {
  const Trial trial;
  const FileSystemTrial found = backend::try_directory(*trial.system, trial.path, {});
  CHECK(found.excludes);
  CHECK(found.exchange);
  CHECK_FALSE(found.excludes_processes.has_value());
  CHECK_FALSE(found.frees_locks.has_value());
  CHECK_FALSE(found.shows_changes.has_value());
}

TEST_CASE("a trial finds what another process sees otherwise") {
  Trial trial;
  const auto at = [](unsigned number, const std::function<void(TrialSight&)>& lie) {
    return [number, lie](unsigned look, TrialSight& sight) {
      if (look == number) lie(sight);
    };
  };
  CHECK(trial.run(at(1, [](TrialSight& sight) { sight.got_lock = true; })).excludes_processes == false);
  CHECK(trial.run(at(2, [](TrialSight& sight) { sight.got_lock = false; })).excludes_processes == false);
  CHECK(trial.run(at(3, [](TrialSight& sight) { ++sight.modified_nanoseconds; })).shows_changes == false);
  CHECK(trial.run(at(3, [](TrialSight& sight) { sight.inode = 0; })).shows_changes == false);
  CHECK(trial.run(at(4, [](TrialSight& sight) { ++sight.inode; })).shows_changes == false);
  // Its lock stays although it is gone.
  int kept = -1;
  const FileSystemTrial found = trial.run([&](unsigned look, TrialSight&) {
    if (look != 2) return;
    kept = trial.system->open(sys::working_directory, "/srv/store/quarantine/probe", sys::OpenMode::read_write);
    REQUIRE(trial.system->try_lock(kept) == 0);
  });
  CHECK(found.frees_locks == false);
  CHECK(found.excludes_processes == true);
  trial.system->close(kept);
}

TEST_CASE("a trial that fails leaves nothing") {
  Trial trial;
  const auto left = [&] { return trial.system->names_below("/srv/store/quarantine"); };
  for (unsigned failing = 1; failing <= 4; ++failing) {
    CAPTURE(failing);
    CHECK_THROWS_AS(trial.run([&](unsigned look, TrialSight&) {
      if (look == failing) throw IoError("look at", "probe", EMFILE);
    }),
                    IoError);
    CHECK(left().empty());
  }
  CHECK(trial.looks == 4);
  // The second of its files cannot be made.
  trial.system->fail(Call::open, 4, ENOSPC);
  CHECK_THROWS_AS(trial.run(), IoError);
  CHECK(left().empty());
}

TEST_CASE("a trial of a poor file system says what it cannot do, and refuses nothing") {
  Trial trial;
  trial.system =
      moved(*trial.system,
            {.time_granularity = std::chrono::seconds(1), .exchange_supported = false, .no_replace_supported = false});
  const FileSystemTrial found = trial.run();
  CHECK(found.excludes);
  CHECK(found.keeps_times);
  CHECK_FALSE(found.keeps_nanoseconds);
  CHECK_FALSE(found.exchange);
  CHECK_FALSE(found.no_replace);
  CHECK(found.shows_changes == true);

  const TemporaryDirectory directory;
  const std::string path = directory / "store";
  Store::init(path);
  BrokenSystem no_lock(Breakage::no_lock);
  CHECK_FALSE(backend::try_directory(no_lock, path, {}).excludes);
  BrokenSystem no_times(Breakage::no_times);
  CHECK_FALSE(backend::try_directory(no_times, path, {}).keeps_times);
  CHECK_THROWS_AS(static_cast<void>(try_file_system(directory / "nothing", {})), StoreError);
}

}  // namespace
}  // namespace sess::test
