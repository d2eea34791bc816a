#include "support/schedule.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sess::test {
namespace {

/// A marker, and calls for which a file system tells no exact footprint: never exchanged with anything.
bool is_fixed(Call call) { return call == Call::step || call == Call::lock_holder || call == Call::make_directories; }

/// A pause ends with the next change by somebody else, so it matters on which side of the change it begins.
bool may_end_pause(const Candidate& candidate) {
  return !is_read_only(candidate.call) && (candidate.call != Call::open || candidate.exclusive);
}

bool independent(const Candidate& a, const Candidate& b) {
  if (is_fixed(a.call) || is_fixed(b.call)) return false;
  if (a.call == Call::pause && may_end_pause(b)) return false;
  if (b.call == Call::pause && may_end_pause(a)) return false;
  return disjoint(a.footprint, b.footprint);
}

[[noreturn]] void not_deterministic() {
  throw std::logic_error("the scenario is not deterministic: the same choices led to other calls");
}

}  // namespace

EveryOrder::EveryOrder(std::optional<unsigned> most_preemptions, bool reduce)
    : most_preemptions_(most_preemptions), reduce_(reduce) {
  if (most_preemptions && reduce) {
    throw std::invalid_argument("a bound on preemptions cuts off orders that the reduction relies on: choose one");
  }
}

bool EveryOrder::is_asleep(const Point& point, std::size_t actor) {
  return std::find(point.asleep.begin(), point.asleep.end(), actor) != point.asleep.end();
}

std::vector<std::size_t> EveryOrder::asleep_after(const Point& point) const {
  std::vector<std::size_t> asleep;
  if (!reduce_) return asleep;
  const Candidate& taken = point.candidates[point.taken];
  for (std::size_t i = 0; i < point.candidates.size(); ++i) {
    const Candidate& candidate = point.candidates[i];
    const bool done = i < point.taken || is_asleep(point, candidate.actor);
    if (i != point.taken && done && independent(candidate, taken)) asleep.push_back(candidate.actor);
  }
  return asleep;
}

std::optional<std::size_t> EveryOrder::choose(const std::vector<Candidate>& candidates, bool may_continue) {
  if (depth_ < path_.size()) {
    const Point& point = path_[depth_++];
    const Candidate& expected = point.candidates[point.taken];
    const auto found = std::find_if(candidates.begin(), candidates.end(),
                                    [&](const Candidate& candidate) { return candidate.actor == expected.actor; });
    if (found == candidates.end() || found->call != expected.call) not_deterministic();
    return expected.actor;
  }
  Point point;
  point.candidates = candidates;
  point.may_continue = may_continue;
  if (!path_.empty()) {
    const Point& before = path_.back();
    point.asleep = asleep_after(before);
    point.preemptions = before.preemptions + (before.may_continue && before.taken > 0 ? 1 : 0);
  }
  if (most_preemptions_ && may_continue && point.preemptions >= *most_preemptions_) point.candidates.resize(1);
  while (point.taken < point.candidates.size() && is_asleep(point, point.candidates[point.taken].actor)) ++point.taken;
  if (point.taken == point.candidates.size()) return std::nullopt;
  path_.push_back(std::move(point));
  ++depth_;
  return path_.back().candidates[path_.back().taken].actor;
}

bool EveryOrder::next() {
  depth_ = 0;
  while (!path_.empty()) {
    Point& point = path_.back();
    do ++point.taken;
    while (point.taken < point.candidates.size() && is_asleep(point, point.candidates[point.taken].actor));
    if (point.taken < point.candidates.size()) return true;
    path_.pop_back();
  }
  return false;
}

std::optional<std::size_t> RandomOrder::choose(const std::vector<Candidate>& candidates, bool) {
  return candidates[next_random(state_) % candidates.size()].actor;
}

bool RandomOrder::next() {
  state_ = mixed(seed_, run_);
  return run_++ < runs_;
}

std::optional<std::size_t> GivenOrder::choose(const std::vector<Candidate>& candidates, bool) {
  if (depth_ == actors_.size()) return candidates.front().actor;
  const std::size_t wanted = actors_[depth_++];
  if (std::none_of(candidates.begin(), candidates.end(),
                   [wanted](const Candidate& candidate) { return candidate.actor == wanted; })) {
    throw std::invalid_argument("the order to replay does not fit: actor " + std::to_string(wanted) +
                                " cannot go at choice " + std::to_string(depth_ - 1));
  }
  return wanted;
}

}  // namespace sess::test
