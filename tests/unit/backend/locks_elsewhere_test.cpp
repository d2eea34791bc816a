// Looks for locks that processes hold on other files of the same file system, and may not be looked at.
#include "backend/locks_elsewhere.hpp"

#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/forwarding_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

/// The kernel's table says what the test has put there. To read a directory takes a millisecond.
class TableSystem final : public ForwardingSystem {
 public:
  explicit TableSystem(const std::shared_ptr<FakeSystem>& inner) : ForwardingSystem(inner), inner_(*inner) {}
  std::vector<sys::TableLock> locks;

  sys::OpenFiles open_files(const std::function<bool(std::string_view)>&) override {
    sys::OpenFiles open;
    open.locks = locks;
    return open;
  }
  int list(int directory, const std::function<bool(const sys::DirectoryEntry&)>& visit) override {
    inner_.advance(1ms);
    return ForwardingSystem::list(directory, visit);
  }

 private:
  FakeSystem& inner_;
};

struct Fixture {
  std::shared_ptr<FakeSystem> files = std::make_shared<FakeSystem>();
  std::shared_ptr<TableSystem> system = std::make_shared<TableSystem>(files);
  Store store = open_store(system, "/srv/store", {.create = true});
  SessionKey key = make_session(store, {{"count", 0}}).key();

  sys::TableLock lock_of(const std::string& path, int process) const {
    sys::FileStatus status;
    REQUIRE(files->status_at(sys::working_directory, path.c_str(), status) == 0);
    return {.process = process, .command = "daemon", .identity = status.identity};
  }
  sys::TableLock lock_of_record(int process) const { return lock_of("/srv/store/shards/" + record_file(key), process); }
  /// On the same device, and no file of the store's shards.
  sys::TableLock lock_elsewhere(int process) const { return lock_of("/srv/store/store", process); }

  /// How many of the store's directories a look reads; `found` is how many sessions it names.
  std::size_t directories_read(std::size_t found) const {
    files->clear_log();
    CHECK(store.lock_uses().sessions.size() == found);
    std::size_t count = 0;
    for (const LoggedCall& call : files->log()) count += to_string(call.call) == "list" ? 1 : 0;
    return count;
  }
};

TEST_CASE_FIXTURE(Fixture, "each look read all directories while a daemon had locked any file there") {
  CHECK(directories_read(0) == 0);
  system->locks = {lock_elsewhere(12)};
  CHECK(directories_read(0) == 256);
  CHECK(directories_read(0) == 0);
  files->advance(8 * 256ms - 1ms);
  CHECK(directories_read(0) == 0);
  files->advance(1ms);
  CHECK(directories_read(0) == 256);
  CHECK(directories_read(0) == 0);
}

TEST_CASE_FIXTURE(Fixture, "a lock that is elsewhere hides no other one, and what is gone is not known any more") {
  system->locks = {lock_elsewhere(12)};
  directories_read(0);
  system->locks = {lock_elsewhere(12), lock_of_record(13)};
  CHECK(directories_read(1) > 0);
  CHECK(store.lock_uses().sessions[0].holders[0].process == 13);
  // Another process, and so perhaps another file of the same number.
  system->locks = {lock_elsewhere(14)};
  CHECK(directories_read(0) == 256);
  system->locks = {};
  CHECK(directories_read(0) == 0);
  system->locks = {lock_elsewhere(14)};
  CHECK(directories_read(0) == 256);
}

TEST_CASE_FIXTURE(Fixture, "a session's lock was never seen where its file had the inode of one that had ended") {
  const std::string record = "/srv/store/shards/" + record_file(key);
  const std::string away = "/srv/store/away";
  const sys::TableLock lock = lock_of_record(12);
  const auto move = [&](const std::string& from, const std::string& to) {
    REQUIRE(files->rename(sys::working_directory, from.c_str(), sys::working_directory, to.c_str(),
                          sys::RenameMode::replace) == 0);
  };
  move(record, away);
  system->locks = {lock};
  CHECK(directories_read(0) == 256);
  move(away, record);
  CHECK(directories_read(0) == 0);
  files->advance(8 * 256ms);
  CHECK(directories_read(1) > 0);
}

TEST_CASE_FIXTURE(Fixture, "the search for a record ends where it is found") {
  system->locks = {lock_of_record(12)};
  const unsigned shard = static_cast<unsigned>(std::stoul(key.to_string().substr(0, 2), nullptr, 16));
  CHECK(directories_read(1) == shard + 1);
}

TEST_CASE_FIXTURE(Fixture, "what is a file of the store's, and no record now, may be one at the next look") {
  REQUIRE(store.update(key, [](Editor& editor) { editor.add("count", 1); }));
  REQUIRE(store.update(key, [](Editor& editor) { editor.add("count", 1); }));
  system->locks = {lock_of("/srv/store/shards/" + spare_file(key), 12)};   // a writer's, before its commit
  for (int look = 0; look < 4; ++look) CHECK(directories_read(0) == 256);  // the file of a commit that may come
  REQUIRE(store.update(key, [](Editor& editor) { editor.add("count", 1); }));
  CHECK(directories_read(1) > 0);
}

}  // namespace
}  // namespace sess::test
