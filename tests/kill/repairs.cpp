// Recovery and quarantine: what can be had back is had back, and what cannot is kept.
#include "session_operation.hpp"

#include <stdexcept>
#include <utility>

namespace sess::test {

namespace {

/// The last byte is of the payload.
std::string flipped(std::string content) {
  content.back() = static_cast<char>(content.back() ^ 1);
  return content;
}

/// Three versions, the last of which does not verify: the one before it is what is left.
Expected damaged(Scene& scene, bool emptied) {
  const Expected first = make_versions(scene, {version(1), version(2)});
  const Store store = scene.open();
  Session session = store.lock(scene.key(), {.renew = false}).value();
  session.set("version", 3);
  if (!session.commit()) throw std::runtime_error("commit");
  const std::uint64_t generation = session.facts().generation;
  session.release();
  scene.overwrite_record(emptied ? std::string() : flipped(scene.record().content));
  return {.before = first.before, .after = first.before, .generation = generation, .is_damaged = true};
}

void lock(const Store& store, Scene& scene) {
  if (!store.lock(scene.key(), {.renew = false})) throw std::runtime_error("lock");
}

SessionOperation quarantine(std::string name, bool with_spare) {
  return {.name = std::move(name),
          .prepare =
              [with_spare](Scene& scene) {
                Expected expected{.before = {}, .after = {}, .is_damaged = true, .quarantined = {"damaged record"}};
                make_versions(scene, with_spare ? std::vector{version(1), version(2)} : std::vector{version(1)});
                if (with_spare) {
                  scene.overwrite_spare("damaged spare");
                  expected.quarantined.emplace_back("damaged spare");
                }
                scene.overwrite_record("damaged record");
                return expected;
              },
          .perform =
              [](const Store& store, Scene& scene) {
                if (store.lock(scene.key())) throw std::runtime_error("a damaged record was locked");
              }};
}

}  // namespace

std::vector<SessionOperation> repairs() {
  return {
      {.name = "recovery of a damaged record by a lock",
       .prepare = [](Scene& scene) { return damaged(scene, false); },
       .perform = lock},
      {.name = "recovery of an emptied record by a lock",
       .prepare = [](Scene& scene) { return damaged(scene, true); },
       .perform = lock},
      {.name = "recovery of an emptied record by a commit",
       .prepare =
           [](Scene& scene) {
             Expected expected = damaged(scene, true);
             scene.pass(std::chrono::hours(6));
             Values values = expected.before.values;
             values.insert_or_assign("version", Value(4));
             return changed(expected, scene, values);
           },
       .perform =
           [](const Store& store, Scene& scene) {
             if (!store.update(scene.key(), [](Editor& editor) { editor.set("version", 4); }))
               throw std::runtime_error("update");
           }},
      {.name = "recovery of a damaged record by a snapshot",
       .prepare = [](Scene& scene) { return damaged(scene, false); },
       .perform =
           [](const Store& store, Scene& scene) {
             if (!store.snapshot(scene.key())) throw std::runtime_error("snapshot");
           },
       .stride = 29},
      quarantine("quarantine of record and spare", true),
      quarantine("quarantine of a record without a spare", false),
  };
}

}  // namespace sess::test
