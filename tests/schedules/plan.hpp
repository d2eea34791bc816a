// What one schedule is about: everything that its seed decides before it begins.
#pragma once

#include <sess/store.hpp>

#include <array>
#include <cstdint>

#include "dice.hpp"
#include "support/system_call.hpp"

namespace sess::test {

inline constexpr unsigned most_actors = 5;
inline constexpr unsigned most_places = 2;

/// How it is drawn who goes next.
enum class Strategy : std::uint8_t {
  uniform,     // anybody, at each call
  sticky,      // mostly the same one again: few preemptions
  priorities,  // PCT: who has the highest priority goes; at a few calls drawn beforehand the running one falls to the
               // end (Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees
               // of Finding Bugs, ASPLOS 2010)
  held,        // the same, but the drawn calls are counted among those that races are about, and it is before one of
               // them that an actor falls back
  slow,        // some are slow: while one of them stands before a call, others make many
};

/// Which operations are drawn more often.
enum class Theme : std::uint8_t {
  everything,
  increments,  // of one session, and nothing else: the most of what a lost update takes
  deadline,    // renewals beside sweeps while the deadline passes
  endings,     // destroys, sweeps and new sessions beside changes
  readers,     // one process only reads, beside the changes of others
  recovery,    // of damaged records, and kills in the midst of it
};
inline constexpr unsigned themes = 6;

/// Something that happens between two calls.
struct Happening {
  enum class Kind : std::uint8_t { kill, damage, clock };
  /// What `at` counts.
  enum class By : std::uint8_t {
    calls,
    changes,  // calls that have changed a file or a name
    stops,    // before a call of one kind; who stands there is killed
  };
  Kind kind = Kind::kill;
  By by = By::calls;
  Call call = Call::rename;  // of the stops
  std::uint32_t at = 0;
  std::int64_t amount = 0;  // clock: milliseconds
};

struct Plan {
  std::uint64_t seed = 0;
  unsigned actors = 2;
  unsigned places = 1;  // sessions that the operations are about
  std::array<unsigned, most_actors> operations{};
  std::array<CommitMethod, most_actors> methods{};
  std::int64_t idle_timeout = 1000;   // milliseconds
  std::int64_t lock_timeout = 30000;  // milliseconds
  unsigned waiter_limit = 0;
  Theme theme = Theme::everything;
  Strategy strategy = Strategy::uniform;
  std::array<bool, most_actors> slow{};
  unsigned slowness = 1;                 // about so many calls of others to one of a slow one
  unsigned impatience = 0;               // one in so many draws lets a pause end although nothing has changed; 0: none
  std::array<std::uint32_t, 8> falls{};  // the calls at which the running actor falls to the end
  unsigned fall_count = 0;
  std::array<Happening, 8> happenings{};
  unsigned happening_count = 0;
};

Plan draw_plan(std::uint64_t seed);

}  // namespace sess::test
