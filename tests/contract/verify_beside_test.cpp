// What others do between two calls of verify is no finding.
#include "contract/damaged_store.hpp"
#include "support/forwarding_system.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sess::test {
namespace {

/// Calls back before a look at a name, and before it is opened. What is done in the callback does not call it.
struct Onlooker final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int status_at(int directory, const char* name, sys::FileStatus& status) override {
    call(before_look, name);
    return ForwardingSystem::status_at(directory, name, status);
  }
  int open(int directory, const char* name, sys::OpenMode mode) override {
    call(before_open, name);
    return ForwardingSystem::open(directory, name, mode);
  }
  std::function<void(const std::string& name)> before_look;
  std::function<void(const std::string& name)> before_open;

 private:
  static void call(const std::function<void(const std::string&)>& hook, const char* name) {
    if (hook) hook(name);
  }
};

struct WatchedStore : DamagedStore {
  std::shared_ptr<Onlooker> onlooker = std::make_shared<Onlooker>(system);
  Store verified = open_store(onlooker, FakeStore::path, {});
};

TEST_CASE_FIXTURE(WatchedStore, "a record that is replaced during every reading of it is no finding") {
  const SessionKey key = make_with_spare();
  int looks = 0;
  onlooker->before_look = [&](const std::string& name) {
    // One look at what the file is, one after each of 64 readings; then one under the lock, where nobody can replace
    // it.
    if (name != record_file(key) || ++looks > 65) return;
    static_cast<void>(store.update(key, [&](Editor& editor) { editor.set("n", looks); }, {.renew = false}));
  };
  CHECK(findings_of(verified).empty());
  CHECK(looks > 65);
}

TEST_CASE_FIXTURE(WatchedStore,
                  "a session that ends between the look at its spare and that at its record is no finding") {
  const SessionKey key = make_with_spare();
  int looks = 0;
  onlooker->before_look = [&](const std::string& name) {
    // Of the record for itself, of the spare, and then of the record again.
    if (name == record_file(key) && ++looks == 3) REQUIRE(store.destroy(key).ok());
  };
  CHECK(findings_of(verified).empty());
  CHECK(looks >= 3);
  CHECK_FALSE(system->exists(spare(key)));
}

TEST_CASE_FIXTURE(WatchedStore, "a session that ends before the list of its principal is read is not missing there") {
  const SessionKey key = log_in("ann");
  bool is_done = false;
  onlooker->before_open = [&](const std::string& name) {
    if (is_done || in_store("principals/" + name) != list()) return;
    is_done = true;
    REQUIRE(store.destroy(key).ok());
    system->unlink(sys::working_directory, list().c_str());  // as the sweep does when nobody in it can live
  };
  CHECK(findings_of(verified).empty());
  CHECK(is_done);
}

TEST_CASE_FIXTURE(WatchedStore, "a file that goes between the listing and the look at it is no finding") {
  const SessionKey key = make_with_spare();
  bool is_done = false;
  onlooker->before_look = [&](const std::string& name) {
    if (!is_done && name == record_file(key)) REQUIRE(store.destroy(key).ok());
    is_done = is_done || name == record_file(key);
  };
  CHECK(findings_of(verified).empty());
  CHECK(is_done);
}

}  // namespace
}  // namespace sess::test
