#include "format/gc_state.hpp"

#include <fmt/format.h>

#include <sstream>
#include <string>
#include <utility>

namespace sess::format {

std::string to_text(const GcState& state) {
  std::string text =
      fmt::format("libsess gc 1\nnext_shard {}\nfinished {}\nduration {}\nexamined {}\nexpired {}\nleftovers {}\n",
                  state.next_shard, state.finished, state.duration, state.examined, state.expired, state.leftovers);
  if (const ClockState& clock = state.clock; !clock.boot_id.empty())
    text += fmt::format("boot_id {}\nwall {}\nboot {}\njump {}\nheld_until {}\n", clock.boot_id, clock.wall, clock.boot,
                        clock.jump, clock.held_until);
  text.resize(gc_state_size - 1, ' ');
  text += '\n';
  return text;
}

std::optional<GcState> parse_gc_state(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string library, file, version;
  if (!(words >> library >> file >> version) || library != "libsess" || file != "gc" || version != "1")
    return std::nullopt;
  GcState state;
  const auto read = [&](const char* name, auto& content) {
    std::string word;
    return static_cast<bool>(words >> word >> content) && word == name;
  };
  if (!read("next_shard", state.next_shard) || !read("finished", state.finished) || !read("duration", state.duration) ||
      !read("examined", state.examined) || !read("expired", state.expired) || !read("leftovers", state.leftovers))
    return std::nullopt;
  // Without these lines, or with others, there is nothing to compare the clocks with.
  ClockState clock;
  if (read("boot_id", clock.boot_id) && read("wall", clock.wall) && read("boot", clock.boot) &&
      read("jump", clock.jump) && read("held_until", clock.held_until))
    state.clock = std::move(clock);
  return state;
}

}  // namespace sess::format
