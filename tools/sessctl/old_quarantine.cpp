#include "old_quarantine.hpp"

#include "session_facts.hpp"

namespace sessctl {

std::vector<sess::Quarantined> quarantined_for(const sess::Quarantine& quarantine, std::chrono::milliseconds age) {
  std::vector<sess::Quarantined> all = quarantine.list();
  const Clock::time_point now = Clock::now();
  std::erase_if(all, [&](const sess::Quarantined& one) { return between(one.since, now) < age; });
  return all;
}

}  // namespace sessctl
