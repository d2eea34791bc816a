// What a command takes, as it declares it to CommandLine: for completions, which are made of nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sessctl {

struct Command;
class Output;

struct OptionFacts {
  std::vector<std::string> names;  // with their dashes
  std::string summary;
  std::string argument;              // as the help calls it: "DURATION"; empty: it takes none
  std::vector<std::string> choices;  // of the argument, where there are only some
  bool is_list = false;              // the argument may be several of them, separated by commas
};

struct CommandFacts {
  std::string operands;  // as they stand in the usage line
  std::vector<OptionFacts> options;
};

/// Asks the command itself; nothing is done and nothing printed.
CommandFacts facts_of(const Command& command, Output& out);

}  // namespace sessctl
