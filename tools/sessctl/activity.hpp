// What goes on in a store, counted for an interval.
#pragma once

#include <sess/locks.hpp>
#include <sess/store.hpp>
#include <sess/watch.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sessctl {

/// A session that something was done with, or that is locked.
struct BusySession {
  std::string key;
  std::uint64_t changes = 0;  // in the interval
  std::optional<sess::SessionEntry> entry = std::nullopt;
  std::vector<sess::LockUser> holders = {};
  std::size_t waiters = 0;  // have it open without its lock
};

class Activity {
 public:
  void add(const sess::Change& change);
  /// Locks as they are now.
  void take(const sess::LockUses& uses);
  /// How many changes there were of this kind.
  std::uint64_t count(sess::Change::Kind kind) const { return counts_.at(static_cast<std::size_t>(kind)); }
  std::size_t locked() const;
  std::size_t waiters() const;
  /// Those that are waited for first, then those that are changed most.
  std::vector<BusySession> busiest(std::size_t most) const;

 private:
  std::array<std::uint64_t, 8> counts_{};
  std::map<std::string, BusySession> sessions_;
};

}  // namespace sessctl
