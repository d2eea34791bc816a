// The file "gc": where the sweep goes on, and what the last one did (src/FORMAT.md, "gc").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sess::format {

/// Always so many bytes, so that writing it again needs no space.
inline constexpr std::size_t gc_state_size = 4096;

/// Of how many hours in which sweeps ended their sums are kept: so many fit, whatever the numbers.
inline constexpr std::size_t swept_hours = 24;
inline constexpr std::int64_t hour = 3'600'000;  // milliseconds

/// What the clocks said when the last sweep began (backend/clock_guard.hpp).
struct ClockState {
  std::string boot_id = {};     // of the run of the machine; empty: not known
  std::int64_t wall = 0;        // milliseconds since 1970-01-01 00:00 UTC
  std::int64_t boot = 0;        // milliseconds since the machine started
  std::int64_t jump = 0;        // milliseconds that the wall clock is taken to be ahead; 0: it is trusted
  std::int64_t held_until = 0;  // on the boot clock: when it is trusted again
  friend bool operator==(const ClockState&, const ClockState&) = default;
};

/// What the sweeps did that ended within one hour.
struct SweptHour {
  std::int64_t begin = 0;  // milliseconds since 1970-01-01 00:00 UTC; a whole hour
  std::uint64_t sweeps = 0;
  std::int64_t duration = 0;  // milliseconds, of all of them together
  std::uint64_t examined = 0;
  std::uint64_t expired = 0;
  std::uint64_t leftovers = 0;
  friend bool operator==(const SweptHour&, const SweptHour&) = default;
};

struct GcState {
  unsigned next_shard = 0;
  std::int64_t finished = 0;  // milliseconds since 1970-01-01 00:00 UTC
  std::int64_t duration = 0;  // milliseconds
  std::uint64_t examined = 0;
  std::uint64_t expired = 0;
  std::uint64_t leftovers = 0;
  ClockState clock = {};
  std::vector<SweptHour> hours = {};  // the one that was added to last comes first; at most swept_hours are written
  friend bool operator==(const GcState&, const GcState&) = default;
};

/// Adds the sweep that the state tells of to the hour in which it ended, and forgets the hour that was added to
/// longest ago where there are too many.
void add_to_hours(GcState& state);

std::string to_text(const GcState& state);
/// Nothing for what is no such text, or names a time that no clock shows: the sweep then begins at the first shard.
std::optional<GcState> parse_gc_state(std::string_view text);
/// True for a text that to_text has made, whatever follows its bytes, for a shorter one of an older libsess, and for
/// one of a newer libsess that has lines of other names behind.
bool is_gc_state(std::string_view text);

}  // namespace sess::format
