#include "demo/site/request_timings.hpp"

#include <algorithm>
#include <utility>

namespace demo {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_text = 60;

/// Of the request that this thread handles: the runner tells its three moments apart, and hands nothing from one to the
/// next.
struct UnderWay {
  Clock::time_point started{};
  Clock::time_point loaded{};
  Clock::time_point worked{};
  int runs = 0;
  std::vector<sess::SessionKey> sessions;
};
thread_local UnderWay under_way;

}  // namespace

void RequestTimings::started() noexcept {
  under_way = UnderWay();
  under_way.started = Clock::now();
}

void RequestTimings::loaded() noexcept {
  // After a conflict the session is read again, right after the commit that failed.
  if (under_way.runs++ > 0) under_way.started = under_way.worked;
  under_way.loaded = Clock::now();
}

void RequestTimings::worked(std::vector<sess::SessionKey> sessions) {
  under_way.worked = Clock::now();
  under_way.sessions = std::move(sessions);
}

void RequestTimings::answered(const std::string& what, int status) {
  UnderWay done = std::exchange(under_way, UnderWay());
  // Of a request that no handler was run for, or that nobody could be shown, nothing is kept.
  if (done.sessions.empty()) return;
  RequestTiming timing{.at = std::chrono::system_clock::now(),
                       .what = what.substr(0, longest_text),
                       .status = status,
                       .runs = done.runs,
                       .read = done.loaded - done.started,
                       .page = done.worked - done.loaded,
                       .commit = Clock::now() - done.worked};
  const std::lock_guard guard(mutex_);
  timing.number = ++count_;
  kept_.push_back({std::move(done.sessions), std::move(timing)});
  if (kept_.size() > limit) kept_.pop_front();
}

std::vector<RequestTiming> RequestTimings::of(const sess::SessionKey& session) const {
  std::vector<RequestTiming> timings;
  const std::lock_guard guard(mutex_);
  for (const Kept& kept : kept_)
    if (std::ranges::find(kept.sessions, session) != kept.sessions.end()) timings.push_back(kept.timing);
  return timings;
}

}  // namespace demo
