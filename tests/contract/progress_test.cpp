// Sweep, verify and repair tell how far they have come.
#include "contract/damaged_store.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <vector>

namespace sess::test {
namespace {

using Work = std::function<std::uint64_t(const Store& store, const OnProgress& on_progress)>;

/// Answer how many records they have looked at.
std::vector<Work> works() {
  return {
      [](const Store& store, const OnProgress& on_progress) { return store.gc({.on_progress = on_progress}).examined; },
      [](const Store& store, const OnProgress& on_progress) {
        return verify(store, {.jobs = 1, .on_progress = on_progress}, [](const Finding&) {}).records;
      },
      [](const Store& store, const OnProgress& on_progress) {
        return verify(store, {.jobs = 4, .on_progress = on_progress}, [](const Finding&) {}).records;
      },
      [](const Store& store, const OnProgress& on_progress) {
        return repair(store, {.on_progress = on_progress}, [](const Repaired&) {}).verified.records;
      }};
}

TEST_CASE("each part is told once, and at the end all records have been looked at") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    for (int n = 0; n < 20; ++n) make_session(store, {{"n", n}});
    make_session(store, {{"n", 1}}, {.kind = SessionKind::authenticated, .principal = "ann"});
    for (const Work& work : works()) {
      std::vector<Progress> told;
      const std::uint64_t records = work(store, [&](const Progress& progress) { told.push_back(progress); });
      CHECK(records == 21);
      REQUIRE_FALSE(told.empty());
      CHECK(told.size() == told.front().parts);
      CHECK(told.size() >= store.facts().shards);
      for (std::size_t i = 0; i < told.size(); ++i) {
        CHECK(told[i].parts_done == i + 1);
        CHECK(told[i].parts == told.front().parts);
        if (i > 0) CHECK(told[i].records >= told[i - 1].records);
      }
      CHECK(told.front().records < records);
      CHECK(told.back().records == records);
    }
  });
}

TEST_CASE("what it is told with ends the work, and the next one goes from one end to the other") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    for (int n = 0; n < 20; ++n) make_session(store, {{"n", n}});
    for (const Work& work : works()) {
      const OnProgress refuse = [](const Progress& progress) {
        if (progress.parts_done == 3) throw std::runtime_error("enough");
      };
      CHECK_THROWS_WITH_AS(work(store, refuse), "enough", std::runtime_error);
      CHECK(work(store, nullptr) == 20);
    }
  });
}

}  // namespace
}  // namespace sess::test
