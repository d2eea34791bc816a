// Times and sizes for people: short and rounded. What a program should read is in --json.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sessctl {

/// In the largest unit that is not zero, rounded down: "12s", "59m", "3h", "400d". At most five characters wide;
/// a negative one is "0s".
std::string human_age(std::chrono::milliseconds age);
/// In bytes below 1024, then in powers of 1024: "812", "1.2K", "34K", "5.0M". At most five characters wide.
std::string human_size(std::uint64_t bytes);
/// The inverse, not exact: "900", "64K", "1M", "2G"; the letter in either case. Nothing for anything else.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// "1 session", "2 sessions".
std::string counted(std::uint64_t count, std::string_view one);

/// RFC 3339, UTC, to the second, rounded down: "2026-03-01T12:34:56Z".
std::string utc_time(std::chrono::system_clock::time_point time);

}  // namespace sessctl
