// What stats counts, in the text format that Prometheus reads
// (https://prometheus.io/docs/instrumenting/exposition_formats/), for the textfile collector of its node exporter.
#pragma once

#include "totals.hpp"

#include <sess/gc.hpp>

#include <optional>
#include <string>

namespace sessctl {

/// Every metric has the label `store`, the path: one file may be made of several stores.
std::string prometheus_text(const Totals& totals, const std::optional<sess::LastSweep>& sweep,
                            const std::optional<sess::ClockHold>& hold, const std::string& path, Clock::time_point now);

}  // namespace sessctl
