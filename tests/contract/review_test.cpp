// Promises that a reviewer has refuted, each by what went wrong. Those about power cuts: durability_test.cpp; about
// memory: allocation_test.cpp; about forks: tests/process/fork_window_test.cpp.
#include "fake_store.hpp"
#include "format/header.hpp"
#include "support/forwarding_system.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>
#include <pthread.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace sess::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct Fixture : FakeStore {
  SessionId id = make_session(store, {{"n", 1}});

  /// The record does not verify; its spare (n = 1) does.
  void damage() {
    REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 2); }));
    system->set_content(record(id), {});
  }
};

TEST_CASE("a thread was told that it holds a session which an ended thread had locked") {
  const TemporaryDirectory directory;
  const Store store = Store::open(directory / "store", {.create = true});
  const SessionId id = make_session(store, {{"n", 1}});
  std::optional<Session> held;
  pthread_t locker{};
  std::thread([&] {
    locker = ::pthread_self();
    held = store.lock(id).value();
  }).join();
  int reused = 0;  // the C library gives a thread the name of one that has ended
  for (int i = 0; i < 20; ++i)
    std::thread([&] {
      if (::pthread_equal(locker, ::pthread_self()) != 0) ++reused;
      CHECK(store.lock(id, {milliseconds(1)}).outcome() == Outcome::busy);
    }).join();
  WARN(reused > 0);
}

/// Tells when a waiter sleeps.
struct PausingSystem final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  void pause(std::chrono::nanoseconds duration) override {
    ForwardingSystem::pause(duration);
    if (const auto work = std::exchange(paused, nullptr)) work();
  }
  std::function<void()> paused;  // once
};

TEST_CASE_FIXTURE(Fixture, "a wait of centuries was none") {
  const auto pausing = std::make_shared<PausingSystem>(system);
  const Store waiting = open_store(pausing, path, {});
  for (const milliseconds timeout : {milliseconds::max(), milliseconds(hours(24) * 365 * 300)}) {
    // Somebody else's lock, let go when the waiter sleeps.
    const int holder = system->open(sys::working_directory, record(id).c_str(), sys::OpenMode::read_write);
    REQUIRE(system->try_lock(holder) == 0);
    pausing->paused = [&] { system->close(holder); };
    CHECK(waiting.lock(id, {timeout}).outcome() == Outcome::ok);
    if (pausing->paused) system->close(holder);
  }
}

TEST_CASE_FIXTURE(Fixture, "a sweep with a budget of centuries ended with the first shard") {
  for (const milliseconds budget : {milliseconds::max(), milliseconds(hours(24) * 365 * 300)}) {
    const GcReport report = store.gc({.budget = budget});
    CHECK(report.complete);
    CHECK(report.shards_done == store.facts().shards);
  }
}

TEST_CASE_FIXTURE(Fixture, "a merge wrote a timeout that came from a value which had changed") {
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("remember", true); }));
  const auto derived = [&](const std::function<void(Changes&)>& change) {
    Changes changes = store.snapshot(id)->edit();
    if (changes.get<bool>("remember").value()) change(changes);
    REQUIRE(store.update(id, [](Editor& editor) { editor.set("remember", false); }));
    CHECK(store.merge(changes).outcome() == Outcome::conflict);
  };
  const auto before = store.snapshot(id)->facts();
  SUBCASE("idle timeout") {
    derived([](Changes& changes) { changes.set_idle_timeout(hours(24 * 30)); });
  }
  SUBCASE("lifetime") {
    derived([](Changes& changes) { changes.set_lifetime(hours(24 * 30)); });
  }
  CHECK(store.snapshot(id)->facts().idle_timeout == before.idle_timeout);
  CHECK(store.snapshot(id)->facts().absolute_deadline == before.absolute_deadline);
}

TEST_CASE_FIXTURE(Fixture, "a timeout that came from no value conflicts with nothing") {
  Changes changes = store.snapshot(id)->edit();
  CHECK(changes.peek<int>("n") == 1);
  changes.set_idle_timeout(hours(24));
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 2); }));
  CHECK(store.merge(changes));
  CHECK(store.snapshot(id)->facts().idle_timeout == hours(24));
  CHECK(store.snapshot(id)->get<int>("n") == 2);
}

TEST_CASE_FIXTURE(Fixture, "an update that did not renew answered ok after the session had expired meanwhile") {
  const auto content = system->content(record(id));
  const auto across_the_deadline = [&](Editor& editor) {
    editor.set("n", 2);
    system->advance(store.options().idle_timeout + milliseconds(1));
  };
  CHECK(store.update(id, across_the_deadline, {.renew = false}) == Outcome::expired);
  CHECK(system->content(record(id)) == content);
  CHECK(store.snapshot(id).outcome() == Outcome::expired);
}

TEST_CASE_FIXTURE(Fixture, "a session that nobody had changed was too large after the limit was lowered") {
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("text", std::string(1000, 'x')); }));
  const Store small = open_store(system, path, {.size_limit = 500});
  Session session = small.lock(id).value();
  CHECK(session.commit());
  session.release();
  CHECK(small.update(id, [](Editor& editor) { editor.erase("no such name"); }));
  Changes changes = small.snapshot(id)->edit();
  changes.set("n", 1);
  CHECK(small.merge(changes));
  // What changes it is refused.
  const auto change = [&] { return small.update(id, [](Editor& editor) { editor.set("n", 2); }); };
  CHECK_THROWS_AS(static_cast<void>(change()), TooLarge);
  CHECK(small.update(id, [](Editor& editor) { editor.erase("text"); }));
}

TEST_CASE_FIXTURE(Fixture, "a request that had read 0.0 did not notice that it had become -0.0") {
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("x", 0.0); }));
  Changes changes = store.snapshot(id)->edit();
  SUBCASE("by its name") { changes.set("inverse", 1 / changes.get<double>("x").value()); }
  SUBCASE("by all names") { changes.set("count", static_cast<int>(changes.names().size())); }
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("x", -0.0); }));
  CHECK(store.merge(changes) == Outcome::conflict);
}

// NOLINTBEGIN(bugprone-use-after-move): that is the question
TEST_CASE_FIXTURE(Fixture, "changes that were moved from still carried their timeouts, and were merged") {
  Changes changes = store.snapshot(id)->edit();
  changes.get<int>("n");
  changes.set_idle_timeout(hours(1));
  changes.set_lifetime(hours(100));
  changes.clear();
  SUBCASE("by construction") { const Changes moved = std::move(changes); }
  SUBCASE("by assignment") {
    Changes moved = store.snapshot(id)->edit();
    moved = std::move(changes);
  }
  CHECK_FALSE(changes.changed());
  CHECK(changes.values().empty());
  const auto content = system->content(record(id));
  static_cast<void>(store.merge(changes));
  CHECK(system->content(record(id)) == content);
}

TEST_CASE_FIXTURE(Fixture, "a snapshot that was moved from crashed whoever asked it anything") {
  Snapshot snapshot = store.snapshot(id).value();
  const Snapshot moved = std::move(snapshot);
  CHECK_FALSE(snapshot.has("n"));
  CHECK_FALSE(snapshot.get<int>("n"));
  CHECK(snapshot.values().empty());
  CHECK_FALSE(snapshot.edit().has("n"));
  CHECK_FALSE(snapshot.edit().changed());
  CHECK(moved.get<int>("n") == 1);
}
// NOLINTEND(bugprone-use-after-move)

TEST_CASE_FIXTURE(Fixture, "a create whose rename took effect and answered an error threw, and the session was there") {
  Fault fault{.call = Call::rename, .nth = 1, .error = EIO, .repeat = Repeat::once, .path = {}, .executed = true};
  CommitOptions options;
  SUBCASE("by rename") {}
  SUBCASE("by rename, durable") { options.durability = Durability::durable; }
  SUBCASE("by link") {
    system->set_no_replace_supported(false);
    fault.call = Call::link;
  }
  Session session = store.create();
  session.set("n", 1);
  system->fail(fault);
  bool is_made = false;
  try {
    is_made = session.commit(options).took_effect();
  } catch (const IoError&) {
  }
  CHECK(store.snapshot(session.key()).has_value() == is_made);
  if (!is_made) CHECK(session.commit());
  session.release();
  CHECK(store.update(session.key(), [](Editor& editor) { editor.add("n", 1); }));
  CHECK(store.snapshot(session.key())->get<int>("n") == 2);
}

TEST_CASE_FIXTURE(Fixture, "the logout of a session that had to be recovered needed space on a full disk") {
  damage();
  system->limit_space(0, 0);
  CHECK(store.destroy(id) == Outcome::ok);
  CHECK(store.snapshot(id).outcome() == Outcome::absent);
  CHECK(files_in("quarantine").empty());
  CHECK(files_in("shards").empty());
}

/// A file system that has been mounted read-only after the store was opened.
struct ReadOnlySystem final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int open(int directory, const char* name, sys::OpenMode mode) override {
    const bool writes = mode == sys::OpenMode::read_write || mode == sys::OpenMode::create_exclusive;
    return writes && read_only ? -EROFS : ForwardingSystem::open(directory, name, mode);
  }
  std::int64_t write(int file, std::span<const std::byte> data, std::uint64_t offset) override {
    return read_only ? -EROFS : ForwardingSystem::write(file, data, offset);
  }
  int truncate(int file, std::uint64_t size) override {
    return read_only ? -EROFS : ForwardingSystem::truncate(file, size);
  }
  int set_times(int file, sys::FileTime time) override {
    return read_only ? -EROFS : ForwardingSystem::set_times(file, time);
  }
  int unlink(int directory, const char* name) override {
    return read_only ? -EROFS : ForwardingSystem::unlink(directory, name);
  }
  bool read_only = false;
};

TEST_CASE_FIXTURE(Fixture, "a record that had to be recovered could not be read on a read-only file system") {
  damage();
  const auto mounted = std::make_shared<ReadOnlySystem>(system);
  const Store reading = open_store(mounted, path, {});
  mounted->read_only = true;
  CHECK(reading.snapshot(id)->get<int>("n") == 1);
  mounted->read_only = false;
  CHECK(reading.update(id, [](Editor& editor) { editor.add("n", 1); }));
  CHECK(reading.snapshot(id)->get<int>("n") == 2);
}

/// Commits to a session whenever somebody looks what its name means.
struct ChangingSystem final : ForwardingSystem {
  ChangingSystem(const std::shared_ptr<FakeSystem>& inner, Store store, SessionKey key)
      : ForwardingSystem(inner), store_(std::move(store)), key_(key) {}
  int status_at(int directory, const char* name, sys::FileStatus& status) override {
    if (name == record_file(key_)) REQUIRE(store_.update(key_, [](Editor& editor) { editor.add("n", 1); }));
    return ForwardingSystem::status_at(directory, name, status);
  }

 private:
  Store store_;
  SessionKey key_;
};

TEST_CASE_FIXTURE(Fixture, "a record that changed at every look was listed as one of no time and no problem") {
  const Store listing = open_store(std::make_shared<ChangingSystem>(system, store, id.key()), path, {});
  int entries = 0;
  listing.list([&](const SessionEntry& entry) {
    ++entries;
    CHECK(entry.key == id.key());
    CHECK((entry.facts.generation > 0 || !entry.problem.empty()));
    return true;
  });
  CHECK(entries == 1);
}

/// Does something before and after a read, once.
struct ReadingSystem final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  std::int64_t read(int file, std::span<std::byte> buffer, std::uint64_t offset) override {
    if (const auto work = std::exchange(before, nullptr)) work();
    const std::int64_t answer = ForwardingSystem::read(file, buffer, offset);
    if (const auto work = std::exchange(after, nullptr)) work();
    return answer;
  }
  std::function<void()> before;
  std::function<void()> after;
};

TEST_CASE("a snapshot on a file system with coarse times returned the record of a killed writer") {
  for (const std::int64_t granularity : {1, 100, 1000, 1'000'000, 1'000'000'000}) {
    CAPTURE(granularity);
    const auto system =
        std::make_shared<FakeSystem>(FakeOptions{.time_granularity = std::chrono::nanoseconds(granularity)});
    const Store store = open_store(system, FakeStore::path, {.create = true});
    // All of one length, so that the killed writer's record verifies.
    const SessionId id = make_session(store, {{"by", "first"}});
    const auto commit = [&](const char* by) {
      return store.update(id, [by](Editor& editor) { editor.set("by", by); });
    };
    REQUIRE(commit("other"));
    const auto reading = std::make_shared<ReadingSystem>(system);
    const Store reader = open_store(reading, FakeStore::path, {});
    reading->before = [&] {
      // The file that the reader has opened becomes the spare, and a writer dies between its write and its exchange.
      REQUIRE(commit("third"));
      for (const Call call : {Call::rename, Call::truncate, Call::unlink}) system->fail(call, 1, EIO, Repeat::for_good);
      CHECK_THROWS_AS(static_cast<void>(commit("fatal")), IoError);
      system->clear_faults();
    };
    reading->after = [&] { REQUIRE(commit("fifth")); };
    const auto snapshot = reader.snapshot(id);
    REQUIRE(snapshot);
    CHECK(snapshot->get<std::string>("by") != "fatal");
  }
}

using Limits = std::numeric_limits<std::int64_t>;

TEST_CASE_FIXTURE(Fixture, "a record with times or a generation at the ends of 64 bits was taken for one") {
  const auto content = system->content(record(id));
  auto header = std::get<format::Header>(format::verify_record(content, id.key()));
  SUBCASE("created, lowest") { header.created = Limits::min(); }
  SUBCASE("created, highest") { header.created = Limits::max(); }
  SUBCASE("idle timeout, lowest") { header.idle_timeout = Limits::min(); }
  SUBCASE("idle timeout, highest") { header.idle_timeout = Limits::max(); }
  SUBCASE("deadline, lowest") { header.deadline = Limits::min(); }
  SUBCASE("deadline, highest") { header.deadline = Limits::max(); }
  SUBCASE("absolute deadline, lowest") { header.absolute_deadline = Limits::min(); }
  SUBCASE("absolute deadline, highest") { header.absolute_deadline = Limits::max(); }
  SUBCASE("both deadlines, highest") { header.deadline = header.absolute_deadline = Limits::max(); }
  SUBCASE("generation") { header.generation = std::numeric_limits<std::uint64_t>::max(); }
  std::vector<std::byte> hostile;
  format::encode_record(header, std::span(content).subspan(format::header_size), format::newest_format, hostile);
  system->set_content(record(id), hostile);

  int listed = 0;
  store.list([&](const SessionEntry& entry) {
    ++listed;
    CHECK_FALSE(entry.problem.empty());
    return true;
  });
  CHECK(listed == 1);
  const auto finds_nothing = [](const auto& work) {
    try {
      CHECK(work() == Outcome::absent);
    } catch (const CorruptRecord&) {
    } catch (const UnsupportedRecord&) {
    }
  };
  finds_nothing([&] { return store.snapshot(id).outcome(); });
  finds_nothing([&] { return store.update(id, [](Editor& editor) { editor.set("n", 2); }).outcome(); });
  finds_nothing([&] { return store.touch(id).outcome(); });
  CHECK(store.gc().errors == 0);
}

TEST_CASE_FIXTURE(Fixture, "a file time at the ends of 64 bits was computed with") {
  // A fault for the sanitizer: a session's own deadline stands in its record.
  for (const sys::FileTime time : {sys::FileTime{Limits::max(), 999'999'999}, sys::FileTime{Limits::min(), 0}}) {
    system->set_modified(record(id), time);
    CHECK(store.snapshot(id)->get<int>("n") == 1);
    CHECK(store.gc().errors == 0);
    CHECK(store.update(id, [](Editor& editor) { editor.set("n", 1); }));
  }
}

}  // namespace
}  // namespace sess::test
