#include "assignment.hpp"
#include "escape.hpp"
#include "failure.hpp"
#include "json_value.hpp"
#include "session_change.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace sessctl {
namespace {

/// NAME alone is NAME=1.
Assignment parse_amount(const std::string& operand) {
  const std::size_t equals = operand.find('=');
  if (equals == operand.npos) return {operand, sess::Value(1)};
  const std::string name = operand.substr(0, equals);
  if (name.empty())
    throw Failure(ExitCode::usage, "parse amounts", "", "an argument is not of the form NAME or NAME=NUMBER",
                  "give a name and, after '=', what to add");
  try {
    sess::Value amount = value_from_json(std::string_view(operand).substr(equals + 1));
    if (amount.get_if<std::int64_t>() != nullptr || amount.get_if<double>() != nullptr)
      return {name, std::move(amount)};
  } catch (const InvalidJson&) {
    // As what is JSON and no number.
  }
  throw Failure(ExitCode::usage, "parse amount of " + quoted_name(name), "", "it is no number",
                "write NAME=5, NAME=-2 or NAME=0.5");
}

/// A whole number counts as a real where the value is one; never the other way round.
void add_to(sess::Editor& editor, const std::string& name, const sess::Value& amount) {
  const auto present = editor.values().find(name);
  const bool is_real = present != editor.values().end() && present->second.get_if<double>() != nullptr;
  const auto* const integer = amount.get_if<std::int64_t>();
  if (integer == nullptr) {
    editor.add(name, *amount.get_if<double>());
  } else if (is_real) {
    editor.add(name, static_cast<double>(*integer));
  } else {
    editor.add(name, *integer);
  }
}

/// The library's words are those of a program's types.
[[noreturn]] void fail_to_add(const sess::TypeMismatch& error) {
  std::string cause = fmt::format("it is no number: its type is {}", error.found());
  std::string_view advice = "look at it with 'sessctl get'";
  if (error.found() == "overflow") {
    cause = "the sum does not fit into 64 bits";
    advice = "add less, or store a smaller value first";
  } else if (error.found() == "integer") {
    cause = "it is a whole number, and so must be what is added";
    advice = "store it with a fraction first, as NAME:=1.0 with 'set'";
  }
  throw Failure(ExitCode::data, "add to value " + quoted_name(error.name()), "", cause,
                fmt::format("nothing was written; {}", advice));
}

}  // namespace

ExitCode run_incr(const Invocation& invocation) {
  CommandLine line(invocation, "[SESSION] NAME[=NUMBER]...",
                   "Adds to numbers, all in one commit, and prints what they have become, a line each. A value\n"
                   "that is not there begins at 0. Integers stay integers: a sum that does not fit into 64 bits, a\n"
                   "value of another type, or a real added to an integer, is refused with 65 and nothing is written.\n"
                   "Like set, it does not count as use of the session unless --renew is given.\n"
                   "\n"
                   "  sessctl incr 5f2a1c visits credit=-3\n");
  SessionChange change(line);
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(1, std::numeric_limits<std::size_t>::max(), "at least one NAME or NAME=NUMBER");

  change.find_session();
  std::vector<Assignment> amounts;
  for (const std::string& operand : line.operands()) amounts.push_back(parse_amount(operand));
  std::vector<Assignment> sums;
  try {
    static_cast<void>(change.commit("add to values of session", [&](sess::Editor& editor) {
      sums.clear();
      for (const auto& [name, amount] : amounts) {
        add_to(editor, name, amount);
        sums.push_back({name, editor.values().find(name)->second});
      }
    }));
  } catch (const sess::TypeMismatch& error) {
    fail_to_add(error);
  }
  for (const auto& [name, sum] : sums)
    invocation.out.print_line(
        line.json() ? JsonLine().add("key", change.key().to_string()).add("name", name).add("value", sum).text()
                    : to_json(sum));
  return ExitCode::ok;
}

}  // namespace sessctl
