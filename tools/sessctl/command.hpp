// What a command is. To add one: a file cmd_<name>.cpp with a function run_<name>, its declaration below, its line in
// command_table.cpp, its section in README.md, its tests in tests/cli.
#pragma once

#include "command_facts.hpp"
#include "exit_codes.hpp"
#include "output.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sessctl {

struct Command;

/// One call of a command.
struct Invocation {
  const Command& command;
  std::vector<std::string> arguments;  // what follows the command's name
  std::string store;                   // of --store before the command's name; empty: not given
  Output& out;
  /// Where what the command takes is to be written; then it does nothing else.
  CommandFacts* facts = nullptr;
};

struct Command {
  std::string_view name;
  std::string_view summary;  // one line, for the list of commands and the top of the command's own help
  /// Parses its arguments and does its work. Throws Failure, OutputClosed, sess::Error; see report.hpp.
  ExitCode (*run)(const Invocation&);
};

ExitCode run_init(const Invocation& invocation);
ExitCode run_create(const Invocation& invocation);
ExitCode run_ls(const Invocation& invocation);
ExitCode run_show(const Invocation& invocation);
ExitCode run_get(const Invocation& invocation);
ExitCode run_set(const Invocation& invocation);
ExitCode run_unset(const Invocation& invocation);
ExitCode run_incr(const Invocation& invocation);
ExitCode run_touch(const Invocation& invocation);
ExitCode run_rm(const Invocation& invocation);
ExitCode run_gc(const Invocation& invocation);
ExitCode run_locks(const Invocation& invocation);
ExitCode run_stats(const Invocation& invocation);
ExitCode run_verify(const Invocation& invocation);
ExitCode run_repair(const Invocation& invocation);
ExitCode run_quarantine(const Invocation& invocation);
ExitCode run_rotate_keys(const Invocation& invocation);
ExitCode run_export(const Invocation& invocation);
ExitCode run_import(const Invocation& invocation);
ExitCode run_completion(const Invocation& invocation);
ExitCode run_doctor(const Invocation& invocation);
ExitCode run_watch(const Invocation& invocation);
ExitCode run_top(const Invocation& invocation);
ExitCode run_upgrade(const Invocation& invocation);

}  // namespace sessctl
