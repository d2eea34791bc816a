#include "web/order_totals.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace sess::test {

std::vector<std::vector<std::size_t>> orders_of(std::size_t requests) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < requests; ++i) order.insert(order.end(), 3, i);
  std::vector<std::vector<std::size_t>> orders;
  do {
    orders.push_back(order);
  } while (std::ranges::next_permutation(order).found);
  return orders;
}

void report(const std::string& what, const Totals& totals) {
  MESSAGE(what, ": ", totals.runs, " orders; logins lost ", totals.violations.login_lost, ", let in ",
          totals.violations.let_in, ", writes lost ", totals.violations.write_lost, ", faults ",
          totals.violations.faults);
}

void check(const std::string& what, const Totals& totals, std::uint64_t at_least) {
  report(what, totals);
  CHECK(totals.runs >= at_least);
  CHECK(totals.violations.login_lost == 0);
  CHECK(totals.violations.let_in == 0);
  CHECK(totals.violations.write_lost == 0);
  CHECK(totals.violations.faults == 0);
}

}  // namespace sess::test
