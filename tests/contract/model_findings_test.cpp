// What the model of the protocol (tests/promela) has refuted, played through with the real code, each by what went
// wrong.
#include "fake_store.hpp"
#include "hooked_system.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace sess::test {
namespace {

using std::chrono::minutes;

struct Fixture : FakeStore {
  Fixture() : FakeStore({.idle_timeout = minutes(60)}) {}
  SessionId id = make_session(store, {{"n", 1}});

  std::uint64_t generation() const { return store.snapshot(id)->facts().generation; }
  bool set(int n) const {
    return store.update(id, [&](Editor& editor) { editor.set("n", n); }).ok();
  }
};

TEST_CASE_FIXTURE(Fixture, "a snapshot took the values of a commit that failed for those of the next one") {
  REQUIRE(set(2));
  const auto reading = std::make_shared<HookedSystem>(system);
  const Store reader = open_store(reading, path, {});
  const auto failing = std::make_shared<HookedSystem>(system);
  const Store writer = open_store(failing, path, {});
  std::promise<void> complete;  // the failing commit stands in the spare, with its times
  std::promise<void> go_on;
  std::thread committer;
  failing->instead_of_rename = [&] {
    complete.set_value();
    go_on.get_future().wait();
    return -EIO;
  };
  // The reader has opened the record. That file becomes the spare, in which the next commit fails.
  reading->before_status = [&] {
    CHECK(set(3));
    committer = std::thread([&] {
      CHECK_THROWS_AS(static_cast<void>(writer.update(id, [](Editor& editor) { editor.set("n", 666); })), IoError);
    });
    complete.get_future().wait();
  };
  // It has read that commit. Now the commit fails, and another one takes its place.
  reading->before_status_at = [&] {
    go_on.set_value();
    committer.join();
    CHECK(set(4));
  };
  CHECK(reader.snapshot(id)->get<int>("n") == 4);
}

TEST_CASE_FIXTURE(Fixture, "a commit that failed forgot the generation that a killed one had left in the spare") {
  REQUIRE(set(2));
  {
    Session killed = store.lock(id).value();
    for (const Call call : {Call::rename, Call::truncate, Call::unlink}) system->fail(call, 1, EIO, Repeat::for_good);
    killed.set("n", 3);
    CHECK_THROWS_AS(static_cast<void>(killed.commit()), IoError);
    system->clear_faults();
  }
  for (const std::uint64_t written : {0U, 128U, 130U}) {
    if (written > 0) system->shorten({Call::write, 1, written, Repeat::once});
    system->fail(Call::write, written > 0 ? 2 : 1, EIO);
    CHECK_THROWS_AS(static_cast<void>(store.update(id, [](Editor& editor) { editor.set("n", 4); })), IoError);
    system->clear_faults();
  }
  REQUIRE(set(5));
  CHECK(generation() >= 4);
}

TEST_CASE_FIXTURE(Fixture, "a commit that failed for want of space took from the next one what space there was") {
  REQUIRE(set(2));
  system->limit_space(0, 0);
  const std::string large(100'000, 'x');
  CHECK_THROWS_AS(static_cast<void>(store.update(id, [&](Editor& editor) { editor.set("s", large); })), IoError);
  // Meanwhile somebody else has taken all that is free.
  system->limit_space(0, 0);
  CHECK(set(3));
  CHECK(store.snapshot(id)->get<int>("n") == 3);
}

TEST_CASE_FIXTURE(Fixture, "a scrub that was cut short forgot the generation that the spare holds") {
  REQUIRE(set(2));
  // A writer that was killed before its exchange: generation 3 in the spare, generation 2 current.
  {
    Session killed = store.lock(id).value();
    for (const Call call : {Call::rename, Call::truncate, Call::unlink}) system->fail(call, 1, EIO, Repeat::for_good);
    killed.set("n", 3);
    CHECK_THROWS_AS(static_cast<void>(killed.commit()), IoError);
    system->clear_faults();
  }
  {
    // A stale waiter makes the next commit use a temp file; it is cut short before it has unlinked the spare.
    const int waiter = system->open(sys::working_directory, spare(id).c_str(), sys::OpenMode::read_write);
    REQUIRE(system->try_lock(waiter) == 0);
    system->fail(Fault{.call = Call::unlink,
                       .nth = 1,
                       .error = EIO,
                       .repeat = Repeat::once,
                       .path = spare_file(id),
                       .executed = false});
    CHECK_THROWS_AS(static_cast<void>(store.update(id, [](Editor& editor) { editor.erase("n"); }, {.scrub = true})),
                    IoError);
    system->close(waiter);
  }
  REQUIRE(set(4));
  CHECK(generation() == 4);
}

TEST_CASE_FIXTURE(Fixture, "a renewal was lost in a recovery that failed, and the session was swept") {
  REQUIRE(set(2));
  system->advance(minutes(30));
  REQUIRE(store.touch(id) == Outcome::ok);
  system->set_content(record(id), {});
  for (const Call call : {Call::write, Call::truncate, Call::sync_data}) {
    CAPTURE(to_string(call));
    system->fail(call, 1, EIO);
    CHECK_THROWS_AS(static_cast<void>(store.lock(id)), IoError);
    system->clear_faults();
  }
  system->advance(minutes(50));
  CHECK(store.gc().expired == 0);
  CHECK(store.snapshot(id)->get<int>("n") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a recovery that was cut short gave the generation of the lost version again") {
  REQUIRE(set(2));
  REQUIRE(set(3));
  const auto lost = generation();
  system->set_content(record(id), {});
  system->fail(Call::sync_data, 1, EIO);
  CHECK_THROWS_AS(static_cast<void>(store.lock(id)), IoError);
  system->clear_faults();
  CHECK(store.snapshot(id)->get<int>("n") == 2);
  CHECK(generation() > lost + 1);  // that, and the one that the first recovery gave
}

}  // namespace
}  // namespace sess::test
