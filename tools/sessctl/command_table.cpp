#include "command_table.hpp"

#include <array>

#include <fmt/format.h>

namespace sessctl {
namespace {

// In the order in which one meets them.
constexpr auto commands = std::to_array<Command>({
    {"init", "make a store", run_init},
    {"create", "make a session and print its ID", run_create},
    {"ls", "list the sessions", run_ls},
    {"show", "show a session: facts and values", run_show},
    {"get", "print one value of a session", run_get},
    {"set", "set values of a session", run_set},
    {"unset", "remove values from a session", run_unset},
    {"incr", "add to values of a session that are numbers", run_incr},
    {"touch", "renew the deadline of a session", run_touch},
    {"rm", "end sessions", run_rm},
    {"gc", "remove expired sessions and what crashes left behind", run_gc},
    {"stats", "count the sessions and what they take", run_stats},
    {"locks", "list who holds the locks of sessions, and who waits", run_locks},
    {"top", "show what goes on in a store, live", run_top},
    {"watch", "print changes of sessions as they happen", run_watch},
    {"doctor", "try what the store rests on, and say what to change", run_doctor},
    {"verify", "read every record and say what is damaged", run_verify},
    {"repair", "mend what is safe to mend, and set the rest aside", run_repair},
    {"quarantine", "look at damaged records, restore or delete them", run_quarantine},
    {"export", "print sessions, values and all, for another store", run_export},
    {"import", "make sessions of what was exported", run_import},
    {"rotate-keys", "make a new secret for session IDs", run_rotate_keys},
    {"upgrade", "write sessions in the newest format", run_upgrade},
    {"completion", "print a script for a shell's completion", run_completion},
});

}  // namespace

std::span<const Command> command_table() noexcept { return commands; }

const Command* find_command(std::string_view name) noexcept {
  for (const Command& command : commands)
    if (command.name == name) return &command;
  return nullptr;
}

std::string overview() {
  std::string text =
      "Usage: sessctl [--store DIR] COMMAND [OPTIONS] [ARGUMENTS]\n"
      "\n"
      "Looks into a libsess session store and changes it, next to the programs that use it.\n"
      "\n"
      "Commands:\n";
  for (const Command& command : commands) text += fmt::format("  {:<11}  {}\n", command.name, command.summary);
  text +=
      "\n"
      "'sessctl COMMAND --help' says more about one of them, 'sessctl --version' which version this is.\n"
      "\n"
      "A session is named by its key (40 hexadecimal digits), by a prefix of the key that no other session has\n"
      "(at least 4 digits), or by its ID: --id ID, or better --id -, which reads it from standard input. The\n"
      "store is the directory that --store names, or else the environment variable SESS_STORE.\n"
      "\n"
      "Exit codes: 0 done, 64 usage, 65 damaged data, 66 no such store, session or value, 70 internal error,\n"
      "73 store cannot be made, 74 I/O error, 75 busy, 77 no permission, 78 store of a newer format or damaged,\n"
      "141 nobody read standard output to its end.\n";
  return text;
}

}  // namespace sessctl
