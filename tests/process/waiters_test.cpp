// The limit on waiters holds across processes, and a waiter that is gone leaves its place.
#include "support/processes.hpp"
#include "support/store_world.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <list>
#include <string>
#include <utility>

namespace sess::test {
namespace {

using std::chrono::minutes;

struct Fixture {
  TemporaryDirectory directory;
  std::string path = directory / "store";
  StoreOptions options{.lock_timeout = minutes(5), .create = true};
  Store store = Store::open(path, options);
  SessionKey key = make_session(store, {{"n", 1}}).key();
  SessionKey other = make_session(store, {{"n", 1}}).key();
  Gate answered;
  SharedCounter busy;
  SharedCounter locked;
  std::list<Child> waiters;

  /// A process that waits for the session's lock with this limit, and says how it ended.
  void start_waiter(unsigned limit, const SessionKey& which) {
    waiters.emplace_back([=, this] {
      StoreOptions limited = options;
      limited.waiter_limit = limit;
      const Store own = Store::open(path, limited);
      const Result<Session> session = own.lock(which);
      (session ? locked : busy).add();
      answered.signal();
    });
  }
};

TEST_CASE_FIXTURE(Fixture, "as many wait as the limit says, and the next ones are told at once that it is busy") {
  Session held = store.lock(key).value();
  for (int i = 0; i < 7; ++i) start_waiter(3, key);
  // Four answers come while the lock is held: so three are waiting.
  for (int i = 0; i < 4; ++i) REQUIRE(answered.wait());
  CHECK(busy.value() == 4);
  CHECK(locked.value() == 0);
  // Another session has places of its own.
  start_waiter(3, other);
  REQUIRE(answered.wait());
  CHECK(locked.value() == 1);
  held.release();
  for (int i = 0; i < 3; ++i) REQUIRE(answered.wait());
  CHECK(busy.value() == 4);
  CHECK(locked.value() == 4);
}

TEST_CASE_FIXTURE(Fixture, "a waiter that is killed leaves its place") {
  Session held = store.lock(key).value();
  start_waiter(1, key);
  start_waiter(1, key);
  REQUIRE(answered.wait());  // one waits, the other one has been told
  CHECK(busy.value() == 1);
  for (Child& waiter : waiters) waiter.kill();
  for (Child& waiter : waiters) waiter.wait();
  start_waiter(1, key);
  start_waiter(1, key);
  REQUIRE(answered.wait());
  CHECK(busy.value() == 2);
  held.release();
  REQUIRE(answered.wait());
  CHECK(locked.value() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a limit of more than 64 is refused, and nothing is made before somebody waits") {
  CHECK_THROWS_AS(Store::open(path, {.waiter_limit = 65}), UsageError);
  const Store limited = Store::open(path, {.waiter_limit = 64});
  CHECK(limited.lock(key));
  CHECK(::access((path + "/waiters").c_str(), F_OK) != 0);
}

}  // namespace
}  // namespace sess::test
