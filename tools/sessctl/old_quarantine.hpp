// The retention time of what is in quarantine.
#pragma once

#include <sess/quarantine.hpp>

#include <chrono>
#include <vector>

namespace sessctl {

/// What has been in quarantine for this long by now, or longer; the oldest first.
std::vector<sess::Quarantined> quarantined_for(const sess::Quarantine& quarantine, std::chrono::milliseconds age);

}  // namespace sessctl
