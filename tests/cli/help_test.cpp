#include "cli/sessctl_program.hpp"

#include <doctest/doctest.h>
#include <sess/version.hpp>

namespace {

// The commands that scripts rely on; one that is added goes here, into the table and into README.md.
const std::vector<std::string> commands{"init",       "create", "ls",     "show",        "get",     "set",
                                        "unset",      "incr",   "touch",  "rm",          "gc",      "stats",
                                        "locks",      "top",    "watch",  "doctor",      "verify",  "repair",
                                        "quarantine", "export", "import", "rotate-keys", "upgrade", "completion"};

}  // namespace

TEST_CASE("help lists every command") {
  const cli::Finished help = cli::run({"--help"});
  CHECK(help.code == 0);
  CHECK(help.err.empty());
  std::vector<std::string> listed;
  bool in_list = false;
  for (const std::string& line : cli::lines(help.out)) {
    if (in_list && line.empty()) break;
    if (in_list) listed.push_back(line.substr(2, line.find(' ', 2) - 2));
    if (line == "Commands:") in_list = true;
  }
  CHECK(listed == commands);
  CHECK(cli::run({"help"}).out == help.out);
}

TEST_CASE("every command explains itself, without a store") {
  for (const std::string& command : commands) {
    const cli::Finished help = cli::run({command, "--help"});
    CAPTURE(command);
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK(help.out.find("Usage: sessctl " + command + " ") != std::string::npos);
    CHECK(help.out.find("--store DIR") != std::string::npos);
    CHECK(help.out.find("--json") != std::string::npos);
    for (const std::string& line : cli::lines(help.out)) CHECK(line.size() <= 100);
    CHECK(cli::run({"help", command}).out == help.out);
  }
}

TEST_CASE("--version prints the version and nothing else, without a store") {
  const cli::Finished version = cli::run({"--version"});
  CHECK(version.code == 0);
  CHECK(version.out == "sessctl " SESS_VERSION "\n");
  CHECK(version.err.empty());
  CHECK(cli::run({"--help"}).out.find("sessctl --version") != std::string::npos);
}

TEST_CASE("help warns of an ID on the command line") {
  const std::string help = cli::run({"show", "--help"}).out;
  CHECK(help.find("--id ID") != std::string::npos);
  CHECK(help.find("Prefer '-'") != std::string::npos);
}
