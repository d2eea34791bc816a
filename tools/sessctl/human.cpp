#include "human.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <system_error>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace sessctl {

std::string human_age(std::chrono::milliseconds age) {
  const std::int64_t seconds = std::max<std::int64_t>(0, age.count() / 1000);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 86'400) return fmt::format("{}h", seconds / 3600);
  if (seconds < 10'000 * std::int64_t{86'400}) return fmt::format("{}d", seconds / 86'400);
  return fmt::format("{}y", seconds / 31'557'600);
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{}", bytes);
  static constexpr std::array<char, 6> units{'K', 'M', 'G', 'T', 'P', 'E'};
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // What would round up to 1024 is one of the next unit: 1.0M, not 1024K.
  while (size >= 1023.5 && unit + 1 < units.size()) {
    size /= 1024;
    ++unit;
  }
  return size < 9.95 ? fmt::format("{:.1f}{}", size, units[unit]) : fmt::format("{:.0f}{}", size, units[unit]);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view units = "KMG";
  unsigned shift = 0;
  if (!text.empty()) {
    const std::size_t unit = units.find(static_cast<char>(std::toupper(static_cast<unsigned char>(text.back()))));
    if (unit != units.npos) {
      shift = 10 * (static_cast<unsigned>(unit) + 1);
      text.remove_suffix(1);
    }
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > (UINT64_MAX >> shift)) return std::nullopt;
  return number << shift;
}

std::string counted(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string utc_time(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

}  // namespace sessctl
