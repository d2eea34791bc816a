#include "format/gc_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <utility>

namespace sess::format {

namespace {

/// Milliseconds to the year 2255 or back from 1970. So sums and differences of times stay in 64 bits, and a time is
/// one of std::chrono::system_clock, too, which counts nanoseconds.
constexpr std::int64_t furthest = 9'000'000'000'000;

bool is_time(std::int64_t time) { return time >= -furthest && time <= furthest; }
bool is_duration(std::int64_t duration) { return duration >= 0 && duration <= furthest; }

std::string_view without_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \n") + 1);  // of nothing else: npos + 1 is 0
}

/// Lines "\nname ..." of names that are none of ours: those would have been understood if nothing had happened to them.
bool are_lines_of_newer(std::string_view text) {
  constexpr std::array ours{"boot_id", "wall", "boot", "jump", "held_until", "hour"};
  while (!text.empty()) {
    if (text.front() != '\n') return false;
    const std::string_view line = text.substr(1, text.find('\n', 1) - 1);
    const std::string_view name = line.substr(0, line.find(' '));
    const bool is_name = !name.empty() && name.size() < line.size() &&
                         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == name.npos;
    if (!is_name || std::ranges::find(ours, name) != ours.end()) return false;
    text.remove_prefix(1 + line.size());
  }
  return true;
}

}  // namespace

void add_to_hours(GcState& state) {
  // Rounded down, also before 1970.
  const std::int64_t begin = state.finished - ((state.finished % hour) + hour) % hour;
  auto found = std::ranges::find(state.hours, begin, &SweptHour::begin);
  if (found == state.hours.end()) found = state.hours.insert(found, SweptHour{.begin = begin});
  std::rotate(state.hours.begin(), found, found + 1);
  SweptHour& sums = state.hours.front();
  ++sums.sweeps;
  sums.duration += state.duration;
  sums.examined += state.examined;
  sums.expired += state.expired;
  sums.leftovers += state.leftovers;
  if (state.hours.size() > swept_hours) state.hours.resize(swept_hours);
}

std::string to_text(const GcState& state) {
  std::string text =
      fmt::format("libsess gc 1\nnext_shard {}\nfinished {}\nduration {}\nexamined {}\nexpired {}\nleftovers {}\n",
                  state.next_shard, state.finished, state.duration, state.examined, state.expired, state.leftovers);
  if (const ClockState& clock = state.clock; !clock.boot_id.empty())
    text += fmt::format("boot_id {}\nwall {}\nboot {}\njump {}\nheld_until {}\n", clock.boot_id, clock.wall, clock.boot,
                        clock.jump, clock.held_until);
  for (std::size_t at = 0; at < std::min(state.hours.size(), swept_hours); ++at) {
    const SweptHour& sums = state.hours[at];
    text += fmt::format("hour {} {} {} {} {} {}\n", sums.begin, sums.sweeps, sums.duration, sums.examined, sums.expired,
                        sums.leftovers);
  }
  text.resize(gc_state_size - 1, ' ');
  text += '\n';
  return text;
}

std::optional<GcState> parse_gc_state(std::string_view text) {
  std::istringstream words{std::string(text.substr(0, gc_state_size))};
  std::string library, file, version;
  if (!(words >> library >> file >> version) || library != "libsess" || file != "gc" || version != "1")
    return std::nullopt;
  GcState state;
  const auto read = [&](const char* name, auto& content) {
    std::string word;
    return static_cast<bool>(words >> word >> content) && word == name;
  };
  if (!read("next_shard", state.next_shard) || !read("finished", state.finished) || !read("duration", state.duration) ||
      !read("examined", state.examined) || !read("expired", state.expired) || !read("leftovers", state.leftovers) ||
      !is_time(state.finished) || !is_duration(state.duration))
    return std::nullopt;
  std::string word;
  if (!(words >> word)) return state;
  if (word == "boot_id") {
    // Without these lines, or with others, there is nothing to compare the clocks with.
    ClockState clock;
    if (!(words >> clock.boot_id) || !read("wall", clock.wall) || !read("boot", clock.boot) ||
        !read("jump", clock.jump) || !read("held_until", clock.held_until) || !is_time(clock.wall) ||
        !is_time(clock.boot) || !is_duration(clock.jump) || !is_time(clock.held_until))
      return state;
    state.clock = std::move(clock);
    words >> word;
  }
  SweptHour sums;
  while (words && word == "hour" && state.hours.size() < swept_hours &&
         words >> sums.begin >> sums.sweeps >> sums.duration >> sums.examined >> sums.expired >> sums.leftovers &&
         is_time(sums.begin) && is_duration(sums.duration)) {
    state.hours.push_back(sums);
    words >> word;
  }
  return state;
}

bool is_gc_state(std::string_view text) {
  const auto state = parse_gc_state(text);
  if (!state) return false;
  text = without_end(text.substr(0, gc_state_size));
  const std::string own = to_text(*state);
  const std::string_view known = without_end(own);
  return text.starts_with(known) && are_lines_of_newer(text.substr(known.size()));
}

}  // namespace sess::format
