#include "old_quarantine.hpp"

#include "session_facts.hpp"

#include <ctime>

namespace sessctl {

std::vector<sess::QuarantinedName> quarantined_for(const sess::Quarantine& quarantine, std::chrono::milliseconds age) {
  std::vector<sess::QuarantinedName> all = quarantine.names();
  const Clock::time_point now = Clock::now();
  std::erase_if(all, [&](const sess::QuarantinedName& one) { return between(one.since, now) < age; });
  return all;
}

std::chrono::system_clock::time_point clock_of_files() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return Clock::time_point(std::chrono::floor<std::chrono::milliseconds>(std::chrono::seconds(now.tv_sec) +
                                                                         std::chrono::nanoseconds(now.tv_nsec)));
}

}  // namespace sessctl
