// What a power cut has left of a store, held against the ledger.
#pragma once

#include "history.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace sess::test::power {

/// Sessions of one level and kind.
struct Tally {
  std::uint64_t kept = 0;     // with the newest acknowledged version, or one that was being written; or ended, and gone
  std::uint64_t earlier = 0;  // with an earlier version
  std::uint64_t lost = 0;     // gone
  std::uint64_t wrong = 0;    // anything else: no version of it, one that nobody wrote, back after its end, unusable
};

struct Findings {
  std::array<std::array<Tally, kind_count>, level_count> tallies = {};
  std::uint64_t sessions = 0;
  std::uint64_t recovered = 0;    // events
  std::uint64_t quarantined = 0;  // events
  std::uint64_t leftovers = 0;    // temp files
  std::uint64_t broken = 0;       // promises: what is wrong, and what is earlier or lost where it must not be
};

struct VerifyOptions {
  std::string store;
  std::string ledger;
  std::uint64_t before = 0;  // see read_histories
  std::uint64_t after = 0;
  bool use = true;  // also works on with what is left: every session is changed, and every other one destroyed
};

/// Prints a line of words and numbers for each level and kind, and one for each event. 0: every promise was kept and
/// there was something to look at; 1: not.
int run_verify(const VerifyOptions& options);

}  // namespace sess::test::power
