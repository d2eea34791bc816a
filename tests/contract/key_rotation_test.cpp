// Rotation of the keyring: nobody is logged out, whichever program has seen what.
#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <set>
#include <string>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* path = "/srv/store";

struct Fixture {
  std::shared_ptr<FakeSystem> system = std::make_shared<FakeSystem>();
  Store first = open_store(system, path, {.create = true});
  Store second = open_store(system, path, {});  // another program

  /// Whether a program takes the ID that the other one has issued.
  static bool accepts(const Store& store, const SessionId& id) { return store.parse(id.reveal()).has_value(); }
  static SessionId issue(const Store& store) {
    Session session = store.create();
    session.set("n", 1);
    REQUIRE(session.commit());
    return session.id().value();
  }
  /// The number of the secret that signed.
  static unsigned number(const SessionId& id) {
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const std::string text = id.reveal();
    return static_cast<unsigned>(alphabet.find(text[0]) << 2 | alphabet.find(text[1]) >> 4) & 0x7fU;
  }
};

TEST_CASE_FIXTURE(Fixture, "an ID of either secret is accepted by every program, at every moment of a rotation") {
  const SessionId before = issue(first);
  system->advance(3s);
  const KeyRotation rotation = first.rotate_keys();
  CHECK(rotation.number == 2);
  CHECK(rotation.kept == 1);
  CHECK(rotation.dropped == 0);
  std::set<unsigned> signers;
  for (int step = 0; step < 100; ++step) {
    system->advance(200ms);
    const Store third = open_store(system, path, {});  // a CGI program
    for (const Store& issuer : {first, second, third}) {
      const SessionId id = issue(issuer);
      signers.insert(number(id));
      for (const Store& other : {first, second, third}) {
        CHECK(accepts(other, id));
        CHECK(accepts(other, before));
      }
    }
  }
  CHECK(signers == std::set<unsigned>{1, 2});
  CHECK(number(issue(second)) == 2);
  CHECK(second.snapshot(before));
}

TEST_CASE_FIXTURE(Fixture, "forged IDs of unknown secrets keep no program from knowing the new one") {
  const std::string forged = "fw" + std::string(58, 'A');  // of secret 127
  for (const int before_rotation : {0, 1, 500, 999, 1000}) {
    system->advance(20s);
    CHECK_FALSE(second.parse(forged));  // looks, and may not look again for a second
    system->advance(std::chrono::milliseconds(before_rotation));
    first.rotate_keys();
    for (int step = 0; step < 150; ++step) {
      const Store program = open_store(system, path, {});
      CHECK(accepts(second, issue(program)));
      CHECK_FALSE(second.parse(forged));
      system->advance(100ms);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "a program that only issues IDs comes to sign with the new secret") {
  first.rotate_keys();
  system->advance(12s);
  CHECK(number(issue(second)) == 2);
}

TEST_CASE_FIXTURE(Fixture, "forged IDs cost one system call a second") {
  const std::string forged = "fw" + std::string(58, 'A');
  system->advance(1s);
  system->clear_log();
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(first.parse(forged));
  CHECK(system->log().size() == 1);
  // A text that has not the form of an ID costs none.
  system->advance(5s);
  system->clear_log();
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(first.parse(forged + "A"));
  CHECK(system->log().empty());
}

TEST_CASE_FIXTURE(Fixture, "secrets that were replaced long ago are dropped, and not before") {
  const SessionId id = issue(first);
  system->advance(1h);
  first.rotate_keys({.keep = 24h});
  system->advance(23h);
  CHECK(first.rotate_keys({.keep = 24h}).dropped == 0);
  CHECK(accepts(first, id));
  system->advance(1h + 1s);
  const KeyRotation rotation = first.rotate_keys({.keep = 24h});
  CHECK(rotation.dropped == 1);
  CHECK(rotation.kept == 2);
  CHECK_FALSE(accepts(first, id));
  CHECK_FALSE(accepts(open_store(system, path, {}), id));
}

TEST_CASE_FIXTURE(Fixture, "a rotation that keeps nothing ends every session at once") {
  const SessionId id = issue(first);
  const KeyRotation rotation = first.rotate_keys({.keep = 0s});
  CHECK(rotation.kept == 0);
  CHECK(rotation.signs_after == 0s);
  CHECK_FALSE(accepts(first, id));
  CHECK(number(issue(first)) == 2);
}

TEST_CASE_FIXTURE(Fixture, "a rotation is refused right after another one, and where no number is left") {
  first.rotate_keys();
  CHECK_THROWS_AS(second.rotate_keys(), UsageError);
  CHECK_THROWS_AS(second.rotate_keys({.keep = -1s}), UsageError);
  for (int i = 2; i < 127; ++i) {
    system->advance(10s);
    second.rotate_keys();
  }
  system->advance(10s);
  CHECK_THROWS_AS(second.rotate_keys(), UsageError);
  CHECK(second.rotate_keys({.keep = 100s}).dropped > 100);
}

TEST_CASE_FIXTURE(Fixture, "a keys file that is missing or damaged while a program runs changes nothing") {
  const SessionId id = issue(first);
  const std::string keys = std::string(path) + "/keys";
  system->set_text(keys, "libsess keys 1\n");
  system->advance(5s);
  CHECK(accepts(first, id));
  CHECK(accepts(first, issue(first)));
  CHECK_FALSE(first.parse("fw" + std::string(58, 'A')));
  CHECK_THROWS_AS(first.rotate_keys(), StoreError);
  CHECK(system->text(keys) == "libsess keys 1\n");
}

TEST_CASE_FIXTURE(Fixture, "who cannot look whether an unknown secret is a new one says so") {
  first.rotate_keys();
  system->advance(12s);
  const SessionId id = issue(first);
  system->fail(Call::status_at, 1, EIO);
  CHECK_THROWS_AS(static_cast<void>(second.parse(id.reveal())), IoError);
  CHECK(accepts(second, id));  // it looks again at once
  // Who issues one does without.
  system->advance(2s);
  system->fail(Call::status_at, 1, EIO);
  CHECK(accepts(first, issue(second)));
}

TEST_CASE_FIXTURE(Fixture, "a rotation under a clock that was set ahead logged everybody out, and was the last one") {
  const SessionId before = issue(first);
  first.rotate_keys();
  system->advance(24h);
  const SessionId id = issue(first);
  const auto real = std::chrono::milliseconds(system->wall_clock());
  system->set_wall_clock(real + 24h * 800);
  CHECK(first.rotate_keys().dropped == 0);
  CHECK(accepts(open_store(system, path, {}), before));
  system->set_wall_clock(real);
  system->advance(15s);
  for (const Store& store : {first, second, open_store(system, path, {})}) {
    CHECK(accepts(store, before));
    CHECK(accepts(store, id));
    CHECK(accepts(store, issue(store)));
  }
  CHECK(number(issue(first)) == 3);
  CHECK(first.rotate_keys().number == 4);
}

TEST_CASE_FIXTURE(Fixture, "after a theft the keys are rotated at once, whenever they were before") {
  first.rotate_keys();
  CHECK(first.rotate_keys({.keep = 0s}).kept == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "a keyring that was restored from a backup, and rotated, was not known to programs that run") {
  const std::string keys = std::string(path) + "/keys";
  const std::string backup = system->text(keys);
  first.rotate_keys();
  system->advance(20s);
  const SessionId id = issue(second);
  REQUIRE(accepts(first, id));
  system->set_text(keys, backup);
  const Store other = open_store(system, path, {});
  CHECK(other.rotate_keys().number == 2);
  system->advance(20s);
  CHECK(accepts(first, issue(other)));
}

TEST_CASE_FIXTURE(Fixture, "init put a new keyring in the place of a damaged one") {
  const std::string top = path;
  std::string keys = system->text(top + "/keys");
  keys[40] ^= 1;
  system->set_text(top + "/keys", keys);
  REQUIRE(system->unlink(sys::working_directory, (top + "/store").c_str()) == 0);
  CHECK_THROWS_AS(open_store(system, path, {.create = true}), StoreError);
  CHECK(system->text(top + "/keys") == keys);
}

TEST_CASE_FIXTURE(Fixture, "a rotation that fails changes nothing") {
  const std::string keys = std::string(path) + "/keys";
  const std::string before = system->text(keys);
  for (std::uint64_t nth = 1;; ++nth) {
    system->advance(20s);
    system->fail_any(nth, EIO);
    try {
      first.rotate_keys();
      break;
    } catch (const IoError&) {
      if (system->text(keys) != before) break;  // renamed: only the sync of the directory has failed
    }
    system->clear_faults();
    REQUIRE(nth < 100);
  }
  system->clear_faults();
  CHECK(accepts(open_store(system, path, {}), issue(first)));
}

TEST_CASE_FIXTURE(Fixture, "a directory with sessions and without a keyring is not made a store") {
  const SessionId id = issue(first);
  const std::string top = path;
  const std::string keys = system->text(top + "/keys");
  const std::string store = system->text(top + "/store");
  for (const char* name : {"/keys", "/store"})
    REQUIRE(system->unlink(sys::working_directory, (top + name).c_str()) == 0);
  CHECK_THROWS_AS(open_store(system, path, {.create = true}), StoreError);
  CHECK_FALSE(system->exists(top + "/keys"));
  CHECK_FALSE(system->exists(top + "/store"));
  // With the keyring alone everything is there again.
  system->set_text(top + "/keys", keys);
  const Store again = open_store(system, path, {.create = true});
  CHECK(again.snapshot(again.parse(id.reveal()).value()));
  CHECK(system->text(top + "/store") == store);
}

TEST_CASE("rotation works in every kind of store, and init leaves a rotated keyring alone") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"n", 1}});
    CHECK(store.rotate_keys().number == 2);
    CHECK(world.open({.create = true}).parse(id.reveal()));
    CHECK(store.snapshot(id));
  });
}

}  // namespace
}  // namespace sess::test
