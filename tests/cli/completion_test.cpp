// What a shell offers for a line that is not finished, asked of bash itself.
#include "cli/sessctl_program.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace {

std::string quoted(const std::string& word) { return "'" + word + "'"; }

/// What bash offers for the last of these words, which follow "sessctl"; in order.
std::vector<std::string> offered(const std::vector<std::string>& words) {
  const std::string program = quoted(cli::sessctl_path());
  std::string line = program;
  for (const std::string& word : words) line += " " + quoted(word);
  const std::string script = "source <(" + program + " completion bash); COMP_WORDS=(" + line +
                             "); COMP_CWORD=" + std::to_string(words.size()) +
                             "; _sessctl; printf '%s\\n' \"${COMPREPLY[@]}\"";
  const std::string command = "bash -c \"$SCRIPT\"";
  ::setenv("SCRIPT", script.c_str(), 1);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  REQUIRE(pipe);
  std::string out;
  for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;) out.push_back(static_cast<char>(c));
  std::vector<std::string> found = cli::lines(out);
  std::erase(found, "");
  std::ranges::sort(found);
  return found;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("bash completes the names of commands, wherever the store stands") {
  CHECK(offered({"tou"}) == Words{"touch"});
  CHECK(offered({"--store", "/srv/rm", "rotate"}) == Words{"rotate-keys"});
  CHECK(offered({"help", "rotate"}) == Words{"rotate-keys"});
  const Words all = offered({""});
  const std::string help = cli::run({"--help"}).out;
  CHECK(all.size() > 20);
  for (const std::string& command : all) {
    CAPTURE(command);
    CHECK((command == "help" || help.find("\n  " + command + " ") != help.npos));
  }
}

TEST_CASE("bash completes options as each command has them") {
  CHECK(offered({"set", "--re"}) == Words{"--renew"});
  CHECK(offered({"show", "--re"}).empty());
  CHECK(offered({"--store", "x", "gc", "--dry"}) == Words{"--dry-run"});
  CHECK(offered({"--v"}) == Words{"--version"});
  CHECK(offered({"ls", "--kind", "au"}) == Words{"authenticated"});
}

TEST_CASE("bash completes words of which there are only some, and all of them") {
  const cli::TestStore store;
  CHECK(offered({"quarantine", "re"}) == Words{"restore"});
  CHECK(offered({"quarantine", "--store", "show", "p"}) == Words{"purge"});
  CHECK(offered({"--store", "x", "quarantine", "--json", ""}) == Words{"ls", "purge", "restore", "show"});
  CHECK(offered({"quarantine", "show", ""}).empty());
  CHECK(offered({"completion", ""}) == Words{"bash"});
  CHECK(offered({"completion", "bash", ""}).empty());
  CHECK(offered({"gc", "--color", ""}) == Words{"always", "auto", "never"});
  CHECK(offered({"ls", "--kind", ""}) == Words{"anonymous", "authenticated"});
  CHECK(offered({"ls", "--state", ""}) == Words{"all", "expired", "live", "superseded", "unreadable"});
  CHECK(offered({"import", "--php-handler", "php_b"}) == Words{"php_binary"});
  CHECK(offered({"ls", "--sort", "si"}) == Words{"size"});
  CHECK(offered({"ls", "--columns", "id"}) == Words{"idle-left"});
  CHECK(offered({"ls", "--columns", "key,size,a"}) == Words{"key,size,age"});
  // As ls knows them.
  const Words columns = offered({"ls", "--sort", ""});
  CHECK(columns.size() >= 10);
  CHECK(offered({"ls", "--columns", ""}) == columns);
  const std::string told = store.run({"ls", "--sort", "nope"}).err;
  for (const std::string& column : columns) CHECK(store.run({"ls", "--sort", column}).code == 0);
  CHECK(static_cast<std::size_t>(std::ranges::count(told, ',')) + 1 == columns.size());
}

TEST_CASE("bash completes directories behind --store") {
  const cli::TestStore store;
  std::filesystem::create_directory(store.directory() / "two words");
  const std::string place = store.directory();
  CHECK(offered({"--store", place + "/s"}) == Words{place + "/store"});
  CHECK(offered({"ls", "--store", place + "/two"}) == Words{place + "/two words"});
}

TEST_CASE("a shell for which there is no script is refused") {
  for (const auto& arguments : std::vector<Words>{
           {"completion"}, {"completion", "tcsh"}, {"completion", "bash", "x"}, {"completion", "bash", "--json"}})
    cli::check_usage_error(cli::run(arguments));
}
