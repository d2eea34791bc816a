// What stats counts, as metrics; see metrics_text.hpp.
#pragma once

#include "totals.hpp"

#include <sess/gc.hpp>

#include <optional>
#include <string>

namespace sessctl {

std::string prometheus_text(const Totals& totals, const std::optional<sess::LastSweep>& sweep,
                            const std::optional<sess::ClockHold>& hold, const std::string& path, Clock::time_point now);

}  // namespace sessctl
