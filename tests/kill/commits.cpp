// Creations and commits: the old version stays until the new one stands whole.
#include "session_operation.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <stdexcept>

namespace sess::test {

namespace {

constexpr std::chrono::hours later{6};  // so that a commit moves the deadline

void commit_version(const Store& store, const Scene& scene, const Values& values, const CommitOptions& how) {
  Session session = store.lock(scene.session(), {.renew = false}).value();
  session.clear();
  for (const auto& [name, value] : values) session.set(name, value);
  if (!session.commit(how)) throw std::runtime_error("commit");
}

/// A session of these versions, to which `next` is committed later.
SessionOperation commit(std::string name, const std::vector<Values>& versions, const Values& next,
                        const StoreOptions& options = {}, const CommitOptions& how = {}) {
  return {.name = std::move(name),
          .prepare =
              [versions, next, sealed = options.sealed](Scene& scene) {
                const Expected made = make_versions(scene, versions, false, sealed);
                scene.pass(later);
                return changed(made, scene, next);
              },
          .perform = [next, how](const Store& store, Scene& scene) { commit_version(store, scene, next, how); },
          .options = options};
}

/// The same, with something done to the spare before.
SessionOperation commit_beside(std::string name, const std::function<void(Scene&)>& before) {
  SessionOperation operation = commit(std::move(name), {version(1), version(2)}, version(3));
  operation.prepare = [prepare = operation.prepare, before](Scene& scene) {
    const Expected expected = prepare(scene);
    before(scene);
    return expected;
  };
  return operation;
}

/// Somebody holds the lock on the spare's inode, from before the commit until after the look.
SessionOperation commit_with_busy_spare() {
  const auto holder = std::make_shared<int>(-1);
  SessionOperation operation = commit_beside("commit, the spare is busy", [holder](Scene& scene) {
    *holder = ::open(scene.spare_path().c_str(), O_RDWR | O_CLOEXEC);
    if (*holder < 0 || ::flock(*holder, LOCK_EX | LOCK_NB) != 0) throw std::runtime_error("cannot lock the spare");
  });
  operation.clean_up = [holder] { ::close(*holder); };
  return operation;
}

void create(const Store& store, Scene& scene) {
  Session session = store.create();
  scene.set_id(*session.id());
  for (const auto& [name, value] : version(1)) session.set(name, value);
  if (!session.commit()) throw std::runtime_error("commit");
}

Expected nothing_yet(Scene& scene) {
  scene.pass(later);
  return changed({}, scene, version(1));
}

}  // namespace

std::vector<SessionOperation> creations() {
  return {
      {.name = "create, no commit",
       .prepare = [](Scene&) { return Expected{}; },
       .perform =
           [](const Store& store, Scene& scene) {
             Session session = store.create();
             scene.set_key(session.key());
             session.set("version", 1);
           }},
      {.name = "first commit", .prepare = nothing_yet, .perform = create},
      {.name = "first commit, early writeback",
       .prepare = nothing_yet,
       .perform = create,
       .options = {.early_writeback = true}},
      {.name = "first commit, durable",
       .prepare = nothing_yet,
       .perform = create,
       .options = {.durability = Durability::durable}},
      {.name = "first commit, sealed",
       .prepare =
           [](Scene& scene) {
             Expected expected = nothing_yet(scene);
             expected.is_sealed = true;
             return expected;
           },
       .perform = create,
       .options = {.sealed = true}},
      {.name = "first commit by link and unlink",
       .prepare =
           [](Scene& scene) {
             scene.pretend_no_replace_is_missing();
             return nothing_yet(scene);
           },
       .perform = create},
  };
}

std::vector<SessionOperation> commits() {
  const StoreOptions durable{.durability = Durability::durable};
  const StoreOptions rename_only{.commit_method = CommitMethod::rename_only};
  const StoreOptions durable_rename_only{.durability = Durability::durable, .commit_method = CommitMethod::rename_only};
  const CommitOptions scrub{.scrub = true};
  constexpr std::size_t large = 100'000;
  return {
      commit("commit", {version(1), version(2)}, version(3)),
      commit("commit, no spare yet", {version(1)}, version(2)),
      commit("commit, no spare yet, early writeback", {version(1)}, version(2), {.early_writeback = true}),
      commit("commit, durable", {version(1), version(2)}, version(3), durable),
      commit("commit, durable, no spare yet", {version(1)}, version(2), durable),
      commit("commit, sealed", {version(1), version(2)}, version(3), {.sealed = true}),
      commit("commit, sealed, no spare yet", {version(1)}, version(2), {.sealed = true}),
      commit("commit by rename", {version(1)}, version(2), rename_only),
      commit("commit by rename, over a spare", {version(1), version(2)}, version(3), rename_only),
      commit("commit by rename, durable", {version(1), version(2)}, version(3), durable_rename_only),
      commit("commit that grows", {version(1), version(2)}, version(3, large)),
      commit("commit that shrinks", {version(1, large), version(2, large)}, version(3)),
      commit("commit that scrubs", {version(1), version(2)}, version(3), {}, scrub),
      commit("commit that scrubs and shrinks", {version(1, 10'000), version(2, 10'000)}, version(3), {}, scrub),
      commit("commit that scrubs, no spare yet", {version(1)}, version(2), {}, scrub),
      commit("commit by rename that scrubs", {version(1), version(2)}, version(3), rename_only, scrub),
      commit("commit of nothing, durable", {version(1), version(2)}, version(2), durable),
      commit_with_busy_spare(),
      commit_beside("commit, the spare has a second link",
                    [](Scene& scene) {
                      const std::string backup = scene.path() + "/../backup";
                      ::unlink(backup.c_str());
                      if (::link(scene.spare_path().c_str(), backup.c_str()) != 0) throw std::runtime_error("link");
                    }),
      commit_beside("commit, the spare is damaged", [](Scene& scene) { scene.overwrite_spare("damage"); }),
  };
}

}  // namespace sess::test
