// A store that the actors of a scenario share, over a fake file system on which each of their calls stops.
#pragma once

#include "support/broken_system.hpp"
#include "support/explorer.hpp"
#include "support/fake_system.hpp"

#include <sess/sess.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sess::test {

inline constexpr const char* store_path = "/srv/store";

/// Fails the order that is run.
void expect(bool condition, const std::string& what);

/// Before the actors start whoever makes it fills the store through `plain`, then hands it to them.
struct SharedStore {
  explicit SharedStore(const StoreOptions& options);

  void hand_to_actors(World& world, Breakage breakage = Breakage::none);
  /// So that no actor has to. After the above.
  void open_index();
  /// The sweep begins with the shard of this session, and its budget of a millisecond ends after it.
  void sweep_begins_with(const SessionKey& key) const;
  void sweep() const;
  /// Below shards/.
  std::vector<std::string> session_files() const;
  void check_nothing_is_left_open() const;

  std::shared_ptr<FakeSystem> fake = std::make_shared<FakeSystem>();
  std::optional<Store> store;  // through the scheduled system
  std::optional<Store> plain;  // for the set-up and the checks
  ScheduledSystem* scheduled = nullptr;

 private:
  StoreOptions options_;
  std::size_t descriptors_ = 0;  // that the two handles keep open
};

// Two actors go through every order, of which those that differ only in calls that commute are run once; three through
// every order with at most so many preemptions. The bound on the number is there for a run that does not end.
inline const ExploreOptions every_order{.most_orders = 200'000, .reduce = true};
ExploreOptions few_preemptions();
ExploreOptions preemptions(unsigned usually, unsigned in_a_long_run);

void check_clean(const Scenario& scenario, const ExploreOptions& options = every_order);

}  // namespace sess::test
