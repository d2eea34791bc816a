// Operations that make no version of their own: merges excepted, which are commits that begin with a snapshot.
#include "session_operation.hpp"

#include <chrono>
#include <stdexcept>

namespace sess::test {

namespace {

constexpr std::chrono::hours later{6};  // a quarter of the idle timeout: a renewal is due

Expected two_versions_of(Scene& scene, bool sealed) {
  const Expected made = make_versions(scene, {version(1), version(2)}, true, sealed);
  scene.pass(later);
  return made;
}

Expected two_versions(Scene& scene) { return two_versions_of(scene, false); }

/// With the deadline moved.
Expected renewed(Scene& scene) {
  const Expected made = two_versions(scene);
  return changed(made, scene, made.before.values);
}

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

SessionOperation merge(std::string name, const StoreOptions& options) {
  return {.name = std::move(name),
          .prepare =
              [sealed = options.sealed](Scene& scene) {
                const Expected made = two_versions_of(scene, sealed);
                Values values = made.before.values;
                values.insert_or_assign("version", Value(3));
                return changed(made, scene, values);
              },
          .perform =
              [](const Store& store, Scene& scene) {
                Changes changes = store.snapshot(scene.session()).value().edit();
                changes.add("version", 1);
                require(store.merge(changes).ok(), "merge");
              },
          .options = options};
}

}  // namespace

std::vector<SessionOperation> renewals_and_reads() {
  return {
      merge("merge", {}),
      merge("merge, sealed", {.sealed = true}),
      {.name = "touch",
       .prepare = renewed,
       .perform = [](const Store& store, Scene& scene) { require(store.touch(scene.key()).ok(), "touch"); }},
      {.name = "lock that renews, and rollback",
       .prepare = renewed,
       .perform =
           [](const Store& store, Scene& scene) {
             Session session = store.lock(scene.key()).value();
             session.set("version", 3);
             session.rollback();
           }},
      {.name = "open",
       .prepare = two_versions,
       .perform = [](const Store&, Scene& scene) { static_cast<void>(scene.open()); }},
      {.name = "snapshot",
       .prepare = two_versions,
       .perform = [](const Store& store,
                     Scene& scene) { require(store.snapshot(scene.key()).has_value(), "snapshot"); }},
      {.name = "list, to the first session",
       .prepare = two_versions,
       .perform =
           [](const Store& store, Scene& scene) {
             bool found = false;
             store.list([&](const SessionEntry& entry) {
               found = entry.key == scene.key() && entry.problem.empty();
               return false;
             });
             require(found, "list");
           }},
      {.name = "find",
       .prepare = two_versions,
       .perform =
           [](const Store& store, Scene& scene) {
             require(store.find(scene.key().to_string().substr(0, 8), 2).size() == 1, "find");
           }},
  };
}

}  // namespace sess::test
