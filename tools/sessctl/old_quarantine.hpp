// The retention time of what is in quarantine.
#pragma once

#include <sess/quarantine.hpp>

#include <chrono>
#include <vector>

namespace sessctl {

/// What has been in quarantine for this long, or longer; the oldest first.
std::vector<sess::QuarantinedName> quarantined_for(const sess::Quarantine& quarantine, std::chrono::milliseconds age);

/// The clock that gives files their times, in whole milliseconds, as Quarantined::since is: it is behind the other one
/// by up to a tick of the kernel (clock_gettime(2), CLOCK_REALTIME_COARSE; Linux, fs/inode.c, current_time).
std::chrono::system_clock::time_point clock_of_files() noexcept;

}  // namespace sessctl
