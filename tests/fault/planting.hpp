// Every fault that one run of an operation can meet.
#pragma once

#include "support/fault_plan.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sess::test {

/// What goes wrong in one run.
struct Plan {
  std::size_t number = 0;  // of the call that it strikes first, counted from 1
  LoggedCall struck;       // as it was when nothing went wrong
  int error = 0;           // what the call answers; 0: it only transfers less than it was asked to
  int next_error = 0;      // what the call after it answers; 0: it does not fail
  std::vector<Fault> faults;
  std::vector<ShortTransfer> transfers;
  bool may_have_effect = false;  // the call has its effect although it answers an error
  std::string manner;            // how, in words
};

/// "call 7, rename(srv/store/...), EIO, once".
std::string to_string(const Plan& plan);

/// The calls that are struck: all of them, or of many that are the same, or differ in nothing but the shard, the first
/// and the last few. `shards` are those that hold something.
std::vector<std::size_t> visited_calls(const std::vector<LoggedCall>& log, const std::vector<std::string>& shards,
                                       bool all);

/// All that can happen to call `number` of this run.
std::vector<Plan> plans_for(const std::vector<LoggedCall>& log, std::size_t number);

}  // namespace sess::test
