#include "shared_store.hpp"

#include "store/core.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>

namespace sess::test {

namespace {

using std::chrono::milliseconds;

/// A monotonic clock that moves on whenever it is read, so that a sweep with a budget of a millisecond takes one shard.
class TickingSystem final : public ForwardingSystem {
 public:
  using ForwardingSystem::ForwardingSystem;
  std::chrono::nanoseconds monotonic_clock() override { return ForwardingSystem::monotonic_clock() + ++ticks_ * tick; }

 private:
  static constexpr std::chrono::nanoseconds tick = milliseconds(1);
  std::int64_t ticks_ = 0;
};

}  // namespace

void expect(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(what);
}

SharedStore::SharedStore(const StoreOptions& options) : options_(options) {
  options_.create = true;
  plain = open_store(fake, store_path, options_);
}

void SharedStore::hand_to_actors(World& world, Breakage breakage) {
  fake->settle();
  scheduled = &world.use(fake);
  const std::shared_ptr<sys::System> shared(scheduled, [](sys::System*) {});
  store = open_store(std::make_shared<TickingSystem>(std::make_shared<BrokenSystem>(shared, breakage)), store_path,
                     options_);
  descriptors_ = fake->leaks().descriptors.size();
}

void SharedStore::open_index() {
  for (const auto* handle : {&plain, &store}) static_cast<void>((*handle)->sessions_of("nobody"));
  descriptors_ = fake->leaks().descriptors.size();
}

void SharedStore::sweep_begins_with(const SessionKey& key) const {
  fake->set_text(std::string(store_path) + "/gc", "libsess gc 1\nnext_shard " + std::to_string(key.bytes()[0]) +
                                                      "\nfinished 0\nduration 0\nexamined 0\nexpired 0\nleftovers 0\n");
}

void SharedStore::sweep() const { static_cast<void>(store->gc({.budget = milliseconds(1)})); }

std::vector<std::string> SharedStore::session_files() const {
  std::vector<std::string> names = fake->names_below(std::string(store_path) + "/shards");
  std::erase_if(names, [](const std::string& name) { return name.ends_with('/'); });
  return names;
}

void SharedStore::check_nothing_is_left_open() const {
  const auto leaks = fake->leaks();
  expect(leaks.descriptors.size() == descriptors_, "a descriptor was left open");
  expect(leaks.locks.empty() && leaks.announced == 0, "a lock was left");
}

ExploreOptions few_preemptions() { return preemptions(2, 4); }

ExploreOptions preemptions(unsigned usually, unsigned in_a_long_run) {
  return {.most_orders = 5'000'000, .most_preemptions = long_run() ? in_a_long_run : usually};
}

void check_clean(const Scenario& scenario, const ExploreOptions& options) {
  const Report report = explore(scenario, options);
  MESSAGE(report.to_string());
  CHECK(report.ok());
  CHECK(report.exhaustive);
}

}  // namespace sess::test
