#include "duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace sessctl {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

// Largest first, for printing.
constexpr std::array<Unit, 5> units{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0 || text.front() == '-') return std::nullopt;
  std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  if (name.empty()) name = "s";
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (count > std::chrono::milliseconds(longest_duration).count() / unit.milliseconds) return std::nullopt;
    return std::chrono::milliseconds(count * unit.milliseconds);
  }
  return std::nullopt;
}

std::string format_duration(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  for (const Unit& unit : units)
    if (count % unit.milliseconds == 0) return std::to_string(count / unit.milliseconds) + std::string(unit.name);
  return {};  // not reached: everything is a multiple of a millisecond
}

}  // namespace sessctl
