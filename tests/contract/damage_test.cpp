// What does not verify: recovered from the previous version, moved aside, or left alone; never deleted.
#include "contract/fake_store.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace sess::test {
namespace {

/// A session of two versions, and what a store reports of its damage.
struct Damaged {
  explicit Damaged(StoreWorld& in)
      : world(in),
        store(world.open({.on_event =
                              [this](const Event& event) {
                                if (event.kind == Event::Kind::recovered || event.kind == Event::Kind::quarantined)
                                  events.push_back(event.kind);
                              }})),
        id(make_session(store, {{"a", 1}})) {
    REQUIRE(store.update(id, [](Editor& editor) { editor.set("a", 2); }));
    has_spare = world.session_files().size() == 2;
  }

  void flip_a_byte_of(const std::string& file) const {
    auto content = world.content(file);
    content.back() ^= std::byte{1};
    world.overwrite(file, content);
  }

  StoreWorld& world;
  std::vector<Event::Kind> events;
  Store store;
  SessionId id;
  bool has_spare = false;  // not where commits only rename
};

TEST_CASE("a damaged record is recovered from its previous version, under a later generation") {
  in_each_world([](StoreWorld& world) {
    const Damaged damaged(world);
    if (!damaged.has_spare) return;
    for (const bool empty : {false, true}) {
      const auto before = damaged.store.snapshot(damaged.id)->facts().generation;
      REQUIRE(damaged.store.update(damaged.id, [](Editor& editor) { editor.add("b", 1); }));
      if (empty) {
        world.overwrite(record_file(damaged.id), {});
      } else {
        damaged.flip_a_byte_of(record_file(damaged.id));
      }
      const auto snapshot = damaged.store.snapshot(damaged.id);
      REQUIRE(snapshot);
      CHECK(snapshot->get<int>("a") == 2);
      CHECK(snapshot->facts().generation > before + 1);
      CHECK(damaged.events.back() == Event::Kind::recovered);
      CHECK(damaged.store.update(damaged.id, [](Editor& editor) { editor.add("c", 1); }));
      CHECK(damaged.store.snapshot(damaged.id)->facts().generation > snapshot->facts().generation);
    }
    CHECK(world.quarantined_files().empty());
  });
}

TEST_CASE("a record that is damaged beyond recovery is moved aside, and the session is absent") {
  in_each_world([](StoreWorld& world) {
    const Damaged damaged(world);
    for (const std::string& file : world.session_files()) damaged.flip_a_byte_of(file);
    CHECK(damaged.store.snapshot(damaged.id).outcome() == Outcome::absent);
    CHECK(damaged.events == std::vector{Event::Kind::quarantined});
    CHECK(world.session_files().empty());
    CHECK(world.quarantined_files().size() == (damaged.has_spare ? 2 : 1));
    CHECK(damaged.store.lock(damaged.id).outcome() == Outcome::absent);
  });
}

TEST_CASE("a sweep moves aside what has expired and does not verify") {
  in_each_world([](StoreWorld& world) {
    const Damaged damaged(world);
    for (const std::string& file : world.session_files()) damaged.flip_a_byte_of(file);
    world.advance(std::chrono::hours(24));
    const GcReport report = damaged.store.gc();
    CHECK(report.expired == 0);
    CHECK(report.quarantined == 1);
    CHECK(world.session_files().empty());
    CHECK_FALSE(world.quarantined_files().empty());
  });
}

TEST_CASE("a dry run counts what a sweep would do, by what is in the records") {
  in_each_world([](StoreWorld& world) {
    const Damaged damaged(world);
    make_session(damaged.store, {});
    for (const std::string& file : {record_file(damaged.id), spare_file(damaged.id)})
      if (std::ranges::count(world.session_files(), file) > 0) damaged.flip_a_byte_of(file);
    world.advance(std::chrono::hours(24));
    const auto before = world.session_files();
    const GcReport dry = damaged.store.gc({.dry_run = true});
    CHECK(dry.expired == 1);
    CHECK(dry.quarantined == 1);
    CHECK(world.session_files() == before);
    CHECK(world.quarantined_files().empty());
    CHECK(damaged.events.empty());
    const GcReport real = damaged.store.gc();
    CHECK(real.expired == dry.expired);
    CHECK(real.quarantined == dry.quarantined);
  });
}

TEST_CASE("a sweep moves a damaged record aside though its previous version has expired, and an empty one it removes") {
  in_each_world([](StoreWorld& world) {
    for (const bool empty : {false, true}) {
      CAPTURE(empty);
      Damaged damaged(world);
      if (!damaged.has_spare) return;
      if (empty) {
        world.overwrite(record_file(damaged.id), {});
      } else {
        damaged.flip_a_byte_of(record_file(damaged.id));
      }
      world.advance(std::chrono::hours(24));
      const auto before = world.quarantined_files().size();
      const GcReport dry = damaged.store.gc({.dry_run = true});
      CHECK(damaged.events.empty());
      const GcReport report = damaged.store.gc();
      CHECK(report.expired == (empty ? 1 : 0));
      CHECK(report.quarantined == (empty ? 0 : 1));
      CHECK(dry.expired == report.expired);
      CHECK(dry.quarantined == report.quarantined);
      CHECK(world.session_files().empty());
      CHECK(world.quarantined_files().size() == before + (empty ? 0 : 2));
      CHECK(damaged.events.size() == (empty ? 0 : 1));
    }
  });
}

TEST_CASE_FIXTURE(FakeStore, "a sweep leaves a damaged record whose previous version lives, and says so") {
  const SessionId id = make_session(store, {{"a", 1}});
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("a", 2); }));
  auto content = system->content(record(id.key()));
  content.back() ^= std::byte{1};
  system->set_content(record(id.key()), content);
  system->set_modified(record(id.key()), {});  // as a tool does that keeps no times
  const GcReport report = store.gc();
  CHECK(report.expired == 0);
  CHECK(report.in_use == 0);
  CHECK(report.unreadable == 1);
  CHECK(store.snapshot(id)->get<int>("a") == 1);
}

TEST_CASE("a record of another session under this name is not returned") {
  in_each_world([](StoreWorld& world) {
    const Damaged damaged(world);
    const SessionId other = make_session(damaged.store, {{"secret", "of somebody else"}});
    const auto foreign = world.content(record_file(other));
    for (const std::string& file : {record_file(damaged.id), spare_file(damaged.id)})
      if (std::ranges::count(world.session_files(), file) > 0) world.overwrite(file, foreign);
    CHECK(damaged.store.snapshot(damaged.id).outcome() == Outcome::absent);
    CHECK(damaged.store.snapshot(other)->has("secret"));
  });
}

TEST_CASE("a record of a newer format is refused and left alone") {
  in_each_world([](StoreWorld& world) {
    const Damaged damaged(world);
    const std::string file = record_file(damaged.id);
    auto content = world.content(file);
    content[8] = std::byte{2};  // the format version (src/FORMAT.md)
    world.overwrite(file, content);
    CHECK_THROWS_AS(static_cast<void>(damaged.store.snapshot(damaged.id)), UnsupportedRecord);
    CHECK_THROWS_AS(static_cast<void>(damaged.store.lock(damaged.id)), UnsupportedRecord);
    CHECK_THROWS_AS(static_cast<void>(damaged.store.destroy(damaged.id)), UnsupportedRecord);
    world.advance(std::chrono::hours(24));
    CHECK(damaged.store.gc().unreadable == 1);
    CHECK(world.content(file) == content);
    CHECK(world.quarantined_files().empty());
    CHECK(damaged.events.empty());
  });
}

}  // namespace
}  // namespace sess::test
