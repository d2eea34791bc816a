// Durations as people write them, in both directions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sessctl {

/// Longer ones are refused: dates must stay within what the system clock can count.
inline constexpr std::chrono::hours longest_duration{24 * 36'500};

/// A whole number and a unit: "200ms", "90s", "30m", "8h", "7d"; without a unit, seconds. Nothing for anything else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The inverse, exact, in the largest unit that divides it: "30m", "90m", "200ms", "0s".
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace sessctl
