// Ends, and what a sweep ends: a name that is absent has no spare, and nothing comes back.
#include "format/names.hpp"
#include "session_operation.hpp"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace sess::test {

namespace {

using std::chrono::hours;

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

/// A session that a sweep has to remove, in the shard that it begins with.
Expected expired(Scene& scene, const std::vector<Values>& versions) {
  const Expected made = make_versions(scene, versions, true);
  scene.pass(Scene::idle_timeout + hours(1));
  return {.before = {Outcome::expired}, .after = {}, .generation = made.generation};
}

void add_leftover(Scene& scene) {
  const std::string name = format::temporary_name(scene.key(), 4711);
  std::ofstream(scene.path() + "/" + format::shards_directory + "/" + name) << "half a rec";
}

void require_swept(const GcReport& report, std::uint64_t GcReport::*count, std::uint64_t wanted) {
  require(report.status.ok() && report.errors == 0, "sweep");
  require(report.*count == wanted, "the sweep has not met what it was made for");
}

/// A sweep whose budget ends after the first shard, which is where everything is.
SessionOperation sweep(std::string name, const std::function<Expected(Scene&)>& prepare, std::uint64_t GcReport::*count,
                       std::uint64_t wanted) {
  return {.name = std::move(name),
          .prepare =
              [prepare](Scene& scene) {
                Expected expected = prepare(scene);
                expected.was_sweep = true;
                return expected;
              },
          .perform =
              [count, wanted](const Store& store, Scene&) {
                const GcReport report = store.gc({.budget = std::chrono::milliseconds(1)});
                require(report.shards_done == 1, "the sweep has gone beyond the first shard");
                require_swept(report, count, wanted);
              },
          .pace = Pace::hasty};
}

}  // namespace

std::vector<SessionOperation> ends() {
  const auto destroy = [](const Store& store, Scene& scene) { require(store.destroy(scene.key()).ok(), "destroy"); };
  return {
      {.name = "destroy",
       .prepare =
           [](Scene& scene) {
             return gone(make_versions(scene, {version(1), version(2)}));
           },
       .perform = destroy},
      {.name = "destroy, no spare",
       .prepare = [](Scene& scene) { return gone(make_versions(scene, {version(1)})); },
       .perform = destroy},
      {.name = "destroy of a locked session",
       .prepare =
           [](Scene& scene) {
             return gone(make_versions(scene, {version(1), version(2)}));
           },
       .perform =
           [](const Store& store, Scene& scene) {
             Session session = store.lock(scene.key()).value();
             require(session.destroy().ok(), "destroy");
           }},
  };
}

std::vector<SessionOperation> sweeps() {
  return {
      sweep(
          "sweep of an expired session",
          [](Scene& scene) {
            return expired(scene, {version(1), version(2)});
          },
          &GcReport::expired, 1),
      sweep(
          "sweep of an expired session, no spare", [](Scene& scene) { return expired(scene, {version(1)}); },
          &GcReport::expired, 1),
      sweep(
          "sweep of an expired session with leftovers",
          [](Scene& scene) {
            const Expected made = expired(scene, {version(1), version(2)});
            add_leftover(scene);
            return made;
          },
          &GcReport::leftovers, 1),
      sweep(
          "sweep of an expired session that is damaged beyond recovery",
          [](Scene& scene) {
            Expected made = expired(scene, {version(1), version(2)});
            scene.overwrite_record("damage 1");
            scene.overwrite_spare("damage 2");
            return Expected{.before = {}, .after = {}, .is_damaged = true, .quarantined = {"damage 1", "damage 2"}};
          },
          &GcReport::quarantined, 1),
      sweep(
          "sweep of an orphaned spare",
          [](Scene& scene) {
            const Expected made = expired(scene, {version(1), version(2)});
            if (::unlink(scene.record_path().c_str()) != 0) throw std::runtime_error("unlink");
            return Expected{.before = {}, .after = {}, .generation = made.generation, .is_orphan = true};
          },
          &GcReport::leftovers, 1),
      sweep(
          "sweep beside a living session",
          [](Scene& scene) {
            const Expected made = make_versions(scene, {version(1), version(2)}, true);
            scene.pass(std::chrono::minutes(50));
            add_leftover(scene);
            return made;
          },
          &GcReport::leftovers, 1),
      sweep(
          "sweep of the spare of an idle session",
          [](Scene& scene) {
            const Expected made = make_versions(scene, {version(1), version(2)}, true);
            scene.pass(hours(6));
            return made;
          },
          &GcReport::spares, 1),
      {.name = "sweep of the whole store",
       .prepare =
           [](Scene& scene) {
             return expired(scene, {version(1), version(2)});
           },
       .perform =
           [](const Store& store, Scene&) {
             const GcReport report = store.gc();
             require(report.complete, "the sweep has not gone over the whole store");
             require_swept(report, &GcReport::expired, 1);
           },
       .stride = 331},
  };
}

}  // namespace sess::test
