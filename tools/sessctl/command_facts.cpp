#include "command_facts.hpp"

#include "command.hpp"

namespace sessctl {

CommandFacts facts_of(const Command& command, Output& out) {
  CommandFacts facts;
  command.run({.command = command, .arguments = {}, .store = {}, .out = out, .facts = &facts});
  return facts;
}

}  // namespace sessctl
