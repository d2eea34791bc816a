#include "activity.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace sessctl {

void Activity::add(const sess::Change& change) {
  ++counts_.at(static_cast<std::size_t>(change.kind));
  if (change.kind == sess::Change::Kind::lost) return;
  std::string key = change.key.to_string();
  BusySession& session = sessions_[key];
  session.key = std::move(key);
  ++session.changes;
  if (change.entry) session.entry = change.entry;
}

void Activity::take(const sess::LockUses& before, const sess::LockUses& now) {
  hidden_processes_ = now.hidden_processes;
  sees_all_processes_ = now.sees_all_processes;
  for (const sess::LockUse& use : now.sessions) {
    if (use.holders.empty()) continue;  // somebody reads it
    const auto earlier = std::ranges::find(before.sessions, use.key, &sess::LockUse::key);
    const auto had_it_open = [&](const sess::LockUser& user) {
      return earlier != before.sessions.end() &&
             std::ranges::find(earlier->others, user.process, &sess::LockUser::process) != earlier->others.end();
    };
    std::string key = use.key.to_string();
    BusySession& session = sessions_[key];
    session.key = std::move(key);
    session.holders = use.holders;
    session.waiters = static_cast<std::size_t>(std::ranges::count_if(use.others, had_it_open));
  }
}

std::size_t Activity::locked() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sessions_, [](const auto& named) { return !named.second.holders.empty(); }));
}

std::size_t Activity::waiters() const {
  return std::accumulate(sessions_.begin(), sessions_.end(), std::size_t{0},
                         [](std::size_t sum, const auto& named) { return sum + named.second.waiters; });
}

std::vector<BusySession> Activity::busiest(std::size_t most) const {
  std::vector<BusySession> all;
  for (const auto& [key, session] : sessions_) all.push_back(session);
  std::ranges::sort(all, [](const BusySession& left, const BusySession& right) {
    // Of those with the same the smaller key first, so that lines stay where they are.
    return std::tuple(right.waiters, right.holders.size(), right.changes, left.key) <
           std::tuple(left.waiters, left.holders.size(), left.changes, right.key);
  });
  if (all.size() > most) all.resize(most);
  return all;
}

}  // namespace sessctl
