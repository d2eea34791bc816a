// What orders of requests there are, and what came of running them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sess::test {

/// What is to hold in every order, and did not.
struct Violations {
  std::uint64_t login_lost = 0;  // the last confirmed login is not in force, or one that nobody has ended is not
  std::uint64_t let_in = 0;      // somebody is in a session of a login that he did not make
  std::uint64_t write_lost = 0;  // an anonymous write that was confirmed is nowhere, and nobody was told
  std::uint64_t faults = 0;      // a status that there should not be
  std::uint64_t sum() const { return login_lost + let_in + write_lost + faults; }
};

struct Totals {
  std::uint64_t runs = 0;
  Violations violations;
};

/// Every order of three steps of each of so many requests.
std::vector<std::vector<std::size_t>> orders_of(std::size_t requests);

/// Prints how many orders were run, and what was violated.
void report(const std::string& what, const Totals& totals);
/// The same; and expects so many orders, and no violation.
void check(const std::string& what, const Totals& totals, std::uint64_t at_least);

}  // namespace sess::test
