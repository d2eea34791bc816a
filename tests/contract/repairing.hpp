// What repair says and does to a damaged store.
#pragma once

#include "contract/damaged_store.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace sess::test {

inline std::vector<Repaired> repaired_of(const Store& store, bool dry_run = false) {
  std::vector<Repaired> all;
  static_cast<void>(
      repair(store, {.dry_run = dry_run, .jobs = 1}, [&](const Repaired& repaired) { all.push_back(repaired); }));
  return all;
}

/// What a repair does; a dry run has said the same before, and changed nothing.
inline std::vector<Repaired> repaired_twice(const DamagedStore& damaged) {
  const std::vector<std::string> names = damaged.system->names_below(FakeStore::path);
  damaged.system->clear_log();
  const auto would = repaired_of(damaged.store, true);
  for (const LoggedCall& call : damaged.system->log()) {
    CAPTURE(to_string(call));
    const bool changes = !is_read_only(call.call) && call.call != Call::open && call.call != Call::close &&
                         call.call != Call::try_lock && call.call != Call::unlock;
    CHECK_FALSE(changes);
  }
  CHECK(damaged.system->names_below(FakeStore::path) == names);
  auto done = repaired_of(damaged.store);
  REQUIRE(would.size() == done.size());
  for (std::size_t n = 0; n < done.size(); ++n) {
    CHECK(would[n].action == done[n].action);
    CHECK(would[n].finding.kind == done[n].finding.kind);
    CHECK(would[n].finding.what == done[n].finding.what);
  }
  return done;
}

/// Of the only finding.
inline Repaired repaired_alone(const DamagedStore& damaged) {
  const auto all = repaired_twice(damaged);
  REQUIRE(all.size() == 1);
  return all.front();
}

}  // namespace sess::test
