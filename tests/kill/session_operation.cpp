#include "session_operation.hpp"

#include "onlooker.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace sess::test {

SessionSubject::SessionSubject(Scene& scene, SessionOperation operation)
    : scene_(scene), operation_(std::move(operation)) {}

bool SessionSubject::has_effect(Look look) const {
  if (look == Look::sweeper && expected_.before.outcome == Outcome::expired) return false;  // it has swept it itself
  return expected_.before != expected_.after;
}

void SessionSubject::prepare() {
  scene_.clear();
  expected_ = operation_.prepare(scene_);
}

std::function<void()> SessionSubject::ready() {
  return [this, store = scene_.open(operation_.options, operation_.pace)] { operation_.perform(store, scene_); };
}

Finding SessionSubject::look(Look look) { return Onlooker(scene_, expected_).look(look); }

Values version(int number, std::size_t padding) {
  return {{"user", Value("ann")}, {"version", Value(number)}, {"padding", Value(std::string(padding, '.'))}};
}

Expected make_versions(Scene& scene, const std::vector<Values>& versions, bool in_first_shard, bool sealed) {
  const Store store = scene.open({.sealed = sealed}, Pace::real, Chance::repeatable);
  Session session = store.create();
  while (in_first_shard && session.key().bytes().front() != 0) session = store.create();
  scene.set_id(*session.id());
  for (const Values& values : versions) {
    session.clear();
    for (const auto& [name, value] : values) session.set(name, value);
    if (!session.commit()) throw std::runtime_error("cannot prepare a session");
  }
  session.release();
  const Seen seen = by_snapshot(store, scene.session());
  return unchanged({.before = seen.sight, .after = {}, .generation = seen.generation, .is_sealed = sealed});
}

Expected unchanged(Expected expected) {
  expected.after = expected.before;
  return expected;
}

Expected changed(Expected expected, const Scene& scene, Values values) {
  const std::int64_t deadline = scene.now() + std::chrono::milliseconds(Scene::idle_timeout).count();
  expected.after = {Outcome::ok, std::move(values), deadline};
  return expected;
}

Expected gone(Expected expected) {
  expected.after = {};
  return expected;
}

SessionOperation operation_called(std::string_view name) {
  for (const auto& table : {creations, commits, renewals_and_reads, ends, repairs, sweeps})
    for (SessionOperation& operation : table())
      if (operation.name == name) return std::move(operation);
  throw std::runtime_error("no operation is called " + std::string(name));
}

}  // namespace sess::test
