// sessctl: the commands are in command_table.cpp, what they share in README.md.
#include "command_table.hpp"
#include "failure.hpp"
#include "own_process.hpp"
#include "report.hpp"

#include <sess/version.hpp>

#include <clocale>
#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace sessctl {
namespace {

[[noreturn]] void usage(std::string_view cause, std::string_view advice = "see 'sessctl --help'") {
  throw Failure(ExitCode::usage, "run command", "", cause, advice);
}

// A word that may be repeated in a message: short and plain, so no session ID.
std::string shown(std::string_view word) {
  const bool plain = word.size() <= 20 && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == word.npos;
  return plain ? " \"" + std::string(word) + "\"" : std::string();
}

ExitCode run(std::vector<std::string> arguments, Output& out) {
  std::string store;
  std::size_t at = 0;
  bool help = false;
  for (; at < arguments.size() && arguments[at].starts_with('-'); ++at) {
    const std::string& option = arguments[at];
    if (option == "--help" || option == "-h") {
      out.print(overview());
      return ExitCode::ok;
    }
    if (option == "--version") {
      out.print_line("sessctl " + std::string(sess::version()));
      return ExitCode::ok;
    }
    if (option != "--store" && !option.starts_with("--store="))
      usage("option" + shown(option) + " stands before the command, where only --store may",
            "write it after the command: see 'sessctl --help'");
    if (!store.empty()) usage("option --store is given twice");
    if (option != "--store")
      store = option.substr(std::string_view("--store=").size());
    else if (at + 1 < arguments.size())
      store = arguments[++at];
    // Never as if it were not given: `--store "$DIR"` with an unset DIR would reach the store of SESS_STORE.
    if (store.empty()) usage("option --store needs a directory");
  }
  if (at < arguments.size() && arguments[at] == "help") {
    help = true;
    ++at;
  }
  if (at == arguments.size()) {
    if (!help) usage("no command is given");
    out.print(overview());
    return ExitCode::ok;
  }
  const Command* const command = find_command(arguments[at]);
  if (command == nullptr) usage("unknown command" + shown(arguments[at]));
  arguments.erase(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  if (help) arguments = {"--help"};
  return command->run({*command, std::move(arguments), store, out});
}

}  // namespace
}  // namespace sessctl

int main(int argc, char** argv) {
  using namespace sessctl;
  hold_standard_descriptors();
  // A write to a closed pipe answers EPIPE instead: `create` then ends the session whose ID nobody got.
  std::signal(SIGPIPE, SIG_IGN);
  // Likewise a write beyond the limit of file size answers EFBIG.
  std::signal(SIGXFSZ, SIG_IGN);
  // Ignored by who started this, it would be by us, too, and no child could say how it has ended (wait(2)).
  std::signal(SIGCHLD, SIG_DFL);
  // Which characters the terminal has, and how wide they are. Numbers and messages stay as they are everywhere.
  std::setlocale(LC_CTYPE, "");
  Output out(STDOUT_FILENO);
  return to_int(finish(out, [&] { return run(std::vector<std::string>(argv + 1, argv + argc), out); }));
}
