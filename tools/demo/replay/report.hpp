// What the replays have shown: one table, and how often each order was visited.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "demo/replay/timeline.hpp"

namespace demo {

/// One timeline's counts, by target and by order.
struct Outcome {
  std::string title;
  std::vector<Counts> by_target;                                  // as the list of targets has them
  std::map<std::string, std::map<std::string, Counts>> by_order;  // order, then keeper
};

void print_table(const std::vector<Target>& targets, const std::vector<Outcome>& outcomes);
void print_orders(const std::vector<Outcome>& outcomes);

}  // namespace demo
