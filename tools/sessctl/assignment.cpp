#include "assignment.hpp"

#include "escape.hpp"
#include "exit_codes.hpp"
#include "failure.hpp"
#include "json_value.hpp"

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace sessctl {
namespace {

Assignment parse_assignment(std::string_view operand, std::size_t position) {
  const std::size_t equals = operand.find('=');
  const bool is_json = equals != std::string_view::npos && equals > 0 && operand[equals - 1] == ':';
  const std::size_t name_end = is_json ? equals - 1 : equals;
  if (equals == std::string_view::npos || name_end == 0)
    throw Failure(ExitCode::usage, "parse values", "",
                  fmt::format("argument {} is not of the form NAME=text or NAME:=json", position),
                  "give a name and, after '=', its value");
  const std::string name(operand.substr(0, name_end));
  const std::string_view text = operand.substr(equals + 1);
  if (!is_json) return {name, sess::Value(text)};
  try {
    return {name, value_from_json(text)};
  } catch (const InvalidJson& error) {
    throw Failure(ExitCode::usage, "parse value " + quoted_name(name), "", error.what(),
                  "write NAME:=json with valid JSON, or NAME=text for a string");
  }
}

}  // namespace

std::vector<Assignment> parse_assignments(const std::vector<std::string>& operands, std::size_t first) {
  std::vector<Assignment> assignments;
  assignments.reserve(operands.size());
  for (const std::string& operand : operands) assignments.push_back(parse_assignment(operand, first++));
  return assignments;
}

}  // namespace sessctl
