// What a snapshot compares, each by the order in which it would else return what was never committed.
#include "hooked_system.hpp"
#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <memory>

namespace sess::test {
namespace {

constexpr const char* path = "/srv/store";

struct Fixture {
  std::shared_ptr<FakeSystem> system = std::make_shared<FakeSystem>();
  std::shared_ptr<HookedSystem> reading = std::make_shared<HookedSystem>(system);
  Store store = open_store(system, path, {.create = true});
  Store reader = open_store(reading, path, {});
  SessionId id = make_session(store, {{"n", 1}});

  void set(int n) const {
    CHECK(store.update(id, [&](Editor& editor) { editor.set("n", n); }));
  }
  /// A writer that is killed before its exchange: what it has written stays in the spare.
  void set_and_be_killed(int n) const {
    Session session = store.lock(id).value();
    for (const Call call : {Call::rename, Call::truncate, Call::unlink}) system->fail(call, 1, EIO, Repeat::for_good);
    session.set("n", n);
    CHECK_THROWS_AS(static_cast<void>(session.commit()), IoError);
    system->clear_faults();
  }
};

TEST_CASE_FIXTURE(Fixture, "a version that was killed in the spare is not taken for the next one in the same file") {
  set(2);
  // The reader has opened the record. That file becomes the spare, in which a writer is killed.
  reading->before_status = [&] {
    set(3);
    set_and_be_killed(666);
  };
  // It has read that. Now the next writer commits in the same file.
  reading->before_status_at = [&] { set(4); };
  CHECK(reader.snapshot(id)->get<int>("n") == 4);
}

TEST_CASE_FIXTURE(Fixture, "a version in the spare is not taken for the current one in another file") {
  set(2);
  reading->before_status = [&] {
    set(3);
    set_and_be_killed(666);
  };
  CHECK(reader.snapshot(id)->get<int>("n") == 3);
}

TEST_CASE_FIXTURE(Fixture, "a session that is destroyed while it is read is absent") {
  set(2);
  reading->before_status_at = [&] { CHECK(store.destroy(id)); };
  CHECK(reader.snapshot(id).outcome() == Outcome::absent);
}

}  // namespace
}  // namespace sess::test
