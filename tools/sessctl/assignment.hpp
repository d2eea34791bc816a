// NAME=text and NAME:=json, as `create` and `set` take them.
#pragma once

#include <sess/value.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace sessctl {

struct Assignment {
  std::string name;
  sess::Value value;
};

/// The first '=' ends the name; a ':' before it says that JSON follows, so a name cannot end in ':'. Throws Failure
/// (ExitCode::usage) for anything else, and for JSON that is no value. Errors repeat names, never values; what has no
/// name is told by its position among the arguments, where `first` is that of the first operand.
std::vector<Assignment> parse_assignments(const std::vector<std::string>& operands, std::size_t first = 1);

}  // namespace sessctl
