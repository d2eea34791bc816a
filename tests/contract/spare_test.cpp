// The spare file of a session: what it keeps, and for how long.
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view secret = "correct horse battery staple";

int files_with_secret(StoreWorld& world) {
  const auto wanted = std::as_bytes(std::span(secret));
  const auto files = world.session_files();
  return static_cast<int>(std::ranges::count_if(files, [&](const std::string& file) {
    const auto content = world.content(file);
    return !std::ranges::search(content, wanted).empty();
  }));
}

TEST_CASE("a secret that was removed stays in the spare, unless the commit scrubs") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    for (const bool shorter : {false, true}) {
      const SessionId id =
          make_session(store, {{"password", std::string(secret)}, {"filling", std::string(9000, 'x')}});
      REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 1); }));
      CHECK((files_with_secret(world) >= 1) == !store.options().sealed);
      const auto remove = [&](Editor& editor) {
        editor.erase("password");
        if (shorter) editor.erase("filling");
      };
      REQUIRE(store.update(id, remove, {.scrub = true}));
      CHECK(files_with_secret(world) == 0);
      CHECK_FALSE(store.snapshot(id)->has("password"));
      CHECK(store.update(id, [](Editor& editor) { editor.add("n", 1); }));
      CHECK(store.snapshot(id)->get<int>("n") == 2);
      REQUIRE(store.destroy(id));
    }
  });
}

TEST_CASE("a scrub that comes after the removal does its work although nothing has changed") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    const SessionId id = make_session(store, {{"password", std::string(secret)}});
    REQUIRE(store.update(id, [](Editor& editor) { editor.erase("password"); }));
    const bool has_spare = world.session_files().size() == 2;
    CHECK(files_with_secret(world) == (has_spare && !store.options().sealed ? 1 : 0));
    REQUIRE(store.merge(store.snapshot(id)->edit(), {.scrub = true}));
    CHECK(files_with_secret(world) == 0);
  });
}

TEST_CASE("the spare of a session that is idle for long is removed, and nothing else of it") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open({.idle_timeout = 24h});
    const SessionId id = make_session(store, {{"n", 1}});
    REQUIRE(store.update(id, [](Editor& editor) { editor.add("n", 1); }));
    const std::size_t spares = world.session_files().size() - 1;
    world.advance(59min);
    CHECK(store.gc().spares == 0);
    world.advance(2min);
    CHECK(store.gc({.spare_idle = 0min}).spares == 0);
    CHECK(store.gc({.dry_run = true}).spares == spares);
    {
      const auto session = store.lock(id, {.renew = false});
      CHECK(store.gc().spares == 0);
    }
    CHECK(world.session_files().size() == 1 + spares);
    CHECK(store.gc().spares == spares);
    CHECK(world.session_files() == std::vector{record_file(id)});
    CHECK(store.snapshot(id)->get<int>("n") == 2);
    CHECK(store.update(id, [](Editor& editor) { editor.add("n", 1); }));
    CHECK(store.snapshot(id)->get<int>("n") == 3);
    CHECK(world.session_files().size() == 1 + spares);
  });
}

TEST_CASE("the spare of a record that does not verify is not removed, however idle") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open({.idle_timeout = 24h});
    const SessionId id = make_session(store, {{"n", 1}});
    REQUIRE(store.update(id, [](Editor& editor) { editor.add("n", 1); }));
    if (world.session_files().size() == 1) return;
    world.overwrite(record_file(id), {});
    world.advance(2h);
    CHECK(store.gc().spares == 0);
    CHECK(store.snapshot(id)->get<int>("n") == 1);
  });
}

}  // namespace
}  // namespace sess::test
