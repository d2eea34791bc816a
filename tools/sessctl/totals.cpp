#include "totals.hpp"

#include "progress.hpp"

#include <algorithm>

namespace sessctl {

using std::chrono::milliseconds;

void Histogram::add(milliseconds duration) noexcept {
  const milliseconds length = std::max(duration, milliseconds(0));
  const auto end = std::ranges::find_if(ends, [&](milliseconds each) { return length <= each; });
  ++counts_[static_cast<std::size_t>(end - ends.begin())];
  ++count_;
  sum_ += length;
}

void Totals::add(const sess::SessionEntry& entry, Clock::time_point now) {
  bytes += entry.facts.size;
  if (!entry.problem.empty()) {
    ++unreadable;
    return;
  }
  const sess::SessionFacts& facts = entry.facts;
  ++(facts.kind == sess::SessionKind::authenticated ? authenticated : anonymous);
  oldest = oldest ? std::min(*oldest, facts.created) : facts.created;
  ages.add(between(facts.created, now));
  idle_lefts.add(between(now, facts.deadline));
}

Totals count_sessions(const sess::Store& store) {
  Totals totals;
  const Clock::time_point now = Clock::now();
  list_sessions(store, [&](const sess::SessionEntry& entry) {
    totals.add(entry, now);
    return true;
  });
  return totals;
}

}  // namespace sessctl
