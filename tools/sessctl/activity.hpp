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
  std::size_t waiters = 0;
};

class Activity {
 public:
  void add(const sess::Change& change);
  /// Locks as they are now. Who has a session open without its lock waits for it, if he had done so a moment before,
  /// too: else he reads.
  void take(const sess::LockUses& before, const sess::LockUses& now);
  /// How many changes there were of this kind.
  std::uint64_t count(sess::Change::Kind kind) const { return counts_.at(static_cast<std::size_t>(kind)); }
  std::size_t locked() const;
  std::size_t waiters() const;
  /// Of what the locks of this user's processes were not seen, and maybe those of others.
  std::size_t hidden_processes() const noexcept { return hidden_processes_; }
  bool sees_all_processes() const noexcept { return sees_all_processes_; }
  /// Those that are waited for first, then those that are changed most.
  std::vector<BusySession> busiest(std::size_t most) const;

 private:
  std::array<std::uint64_t, 8> counts_{};
  std::map<std::string, BusySession> sessions_;
  std::size_t hidden_processes_ = 0;
  bool sees_all_processes_ = true;
};

}  // namespace sessctl
