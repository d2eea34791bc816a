// What somebody who asks for a session gets to see of it.
#pragma once

#include <sess/sess.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sess::test {

struct Sight {
  Outcome outcome = Outcome::absent;  // ok, absent or expired
  Values values = {};                 // all of them
  std::int64_t deadline = 0;          // milliseconds since 1970-01-01 00:00 UTC
  friend bool operator==(const Sight&, const Sight&) = default;
};

/// With its generation; 0 where there is none to see.
struct Seen {
  Sight sight;
  std::uint64_t generation = 0;
};

Seen by_snapshot(const Store& store, const SessionRef& session);
/// Without waiting, and renewing nothing.
Seen by_lock(const Store& store, const SessionRef& session);

/// For the message of a failed test.
std::string to_string(const Sight& sight);

/// What a killed operation may leave.
struct Expected {
  Sight before;                               // until it takes effect
  Sight after;                                // from then on
  std::uint64_t generation = 0;               // the highest that was committed before it began
  bool is_damaged = false;                    // the record does not verify, until somebody recovers it
  bool is_sealed = false;                     // every version of it
  bool is_orphan = false;                     // there is a spare without a record from the start
  bool was_sweep = false;                     // what is killed is a sweep: the next one goes on from there
  std::vector<std::string> quarantined = {};  // what is in quarantine at the end; ascending
};

}  // namespace sess::test
