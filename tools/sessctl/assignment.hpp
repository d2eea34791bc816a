// NAME=text and NAME:=json, as `create` and `set` take them.
#pragma once

#include <sess/value.hpp>

#include <string>
#include <vector>

namespace sessctl {

struct Assignment {
  std::string name;
  sess::Value value;
};

/// The first '=' ends the name; a ':' before it says that JSON follows, so a name cannot end in ':'. Throws Failure
/// (ExitCode::usage) for anything else, and for JSON that is no value. Errors repeat names, never values.
std::vector<Assignment> parse_assignments(const std::vector<std::string>& operands);

}  // namespace sessctl
