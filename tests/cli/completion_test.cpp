// What a shell offers for a line that is not finished, asked of the shells themselves.
#include "cli/sessctl_program.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace {

using Words = std::vector<std::string>;

std::string in_quotes(const std::string& word) { return "'" + word + "'"; }

/// The lines that a command of /bin/sh prints, in order; nothing between them is lost.
Words printed_by(const std::string& command, const std::string& script) {
  ::setenv("SCRIPT", script.c_str(), 1);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  REQUIRE(pipe);
  std::string out;
  for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;)
    if (c != '\r') out.push_back(static_cast<char>(c));
  Words found = cli::lines(out);
  std::erase(found, "");
  std::ranges::sort(found);
  return found;
}

/// What bash offers for the last of these words, which follow "sessctl".
Words bash_offers(const Words& words) {
  const std::string program = in_quotes(cli::sessctl_path());
  std::string line = program;
  for (const std::string& word : words) line += " " + in_quotes(word);
  return printed_by("bash -c \"$SCRIPT\"", "source <(" + program + " completion bash); COMP_WORDS=(" + line +
                                               "); COMP_CWORD=" + std::to_string(words.size()) +
                                               "; _sessctl; printf '%s\\n' \"${COMPREPLY[@]}\"");
}

/// The same of fish.
Words fish_offers(const Words& words) {
  std::string line = "sessctl";
  for (const std::string& word : words) line += " " + word;
  const std::string folder = std::filesystem::path(cli::sessctl_path()).parent_path();
  Words found = printed_by(
      "fish --no-config -c \"$SCRIPT\"",
      "set -p PATH " + in_quotes(folder) + "; sessctl completion fish | source; complete -C " + in_quotes(line));
  for (std::string& each : found) each.resize(std::min(each.find('\t'), each.size()));
  return found;
}

/// The same of zsh, which completes on a terminal alone: zpty gives it one. What it is about to offer goes through its
/// compadd, in place of which one stands that prints those that match.
Words zsh_offers(const Words& words) {
  std::string line = "sessctl";
  for (const std::string& word : words) line += " " + word;
  const std::string folder = std::filesystem::path(cli::sessctl_path()).parent_path();
  const std::string script = R"(zmodload zsh/zpty
zpty shell zsh -f -i
send() { zpty -w shell "$1"; }
send 'stty -echo; unset zle_bracketed_paste; PS1= PS2= RPS1='
send 'path=(")" + folder + R"(" $path); autoload -Uz compinit; compinit -D -u; source <(sessctl completion zsh)'
send 'compadd() { if [[ "$*" == *-[OAD]\ * ]] { builtin compadd "$@"; return }; local -a got; builtin compadd -A got "$@"; print; print -l -r -- offer:$^got; }'
send 'stop() { print end-of-offers; exit; }; comppostfuncs=(stop); zstyle ":completion:*" completer _complete; bindkey "^I" complete-word; print begin""ning'
zpty -r shell found '*beginning*'
zpty -w -n shell ")" + line + R"("$'\t'
zpty -r shell found '*end-of-offers*'
print -r -- "$found" | tr -d '\r' | sed -n 's,^offer:,,p'
zpty -d shell)";
  Words found = printed_by("timeout 60 zsh -f -c \"$SCRIPT\"", script);
  found.erase(std::ranges::unique(found).begin(), found.end());  // for a directory it looks more than once
  return found;
}

using Offers = Words (*)(const Words&);
const std::vector<std::pair<const char*, Offers>> shells = {
    {"bash", bash_offers}, {"zsh", zsh_offers}, {"fish", fish_offers}};

Words words_of(const cli::Finished& finished) {
  Words words = cli::lines(finished.out);
  std::erase_if(words, [](const std::string& line) { return line.starts_with(':'); });
  for (std::string& each : words) each.resize(std::min(each.find('\t'), each.size()));
  std::ranges::sort(words);
  return words;
}

/// What the scripts are told: all of them offer that and no more.
Words offered(const Words& words) {
  Words arguments = {"completion", "words", "--"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  return words_of(cli::run(arguments));
}

}  // namespace

TEST_CASE("a shell completes the names of commands, wherever the store stands") {
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

TEST_CASE("a shell completes options as each command has them") {
  CHECK(offered({"set", "--re"}) == Words{"--renew"});
  CHECK(offered({"show", "--re"}).empty());
  CHECK(offered({"--store", "x", "gc", "--dry"}) == Words{"--dry-run"});
  CHECK(offered({"--v"}) == Words{"--version"});
  CHECK(offered({"ls", "--kind", "au"}) == Words{"authenticated"});
}

TEST_CASE("a shell completes words of which there are only some, and all of them") {
  const cli::TestStore store;
  CHECK(offered({"quarantine", "re"}) == Words{"restore"});
  CHECK(offered({"quarantine", "--store", "show", "p"}) == Words{"purge"});
  CHECK(offered({"--store", "x", "quarantine", "--json", ""}) == Words{"ls", "purge", "restore", "show"});
  CHECK(offered({"quarantine", "show", ""}).empty());
  CHECK(offered({"completion", ""}) == Words{"bash", "fish", "zsh"});
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

TEST_CASE("the three shells offer what they are told") {
  const cli::TestStore store;
  const std::string key = store.create_key({"a=1"});
  const std::vector<Words> lines = {{"tou"},
                                    {"gc", "--"},
                                    {"help", "rotate"},
                                    {"ls", "--kind", ""},
                                    {"ls", "--columns", "key,size,s"},
                                    {"quarantine", "re"},
                                    {"--store", store.path(), "show", key.substr(0, 5)},
                                    {"show", "--store", store.path(), ""}};
  for (const auto& [name, offers] : shells) {
    for (const Words& words : lines) {
      CAPTURE(name);
      CAPTURE(words.back());
      const Words expected = offered(words);
      CHECK(!expected.empty());
      CHECK(offers(words) == expected);
    }
  }
}

TEST_CASE("a shell completes directories, and files, where they fit") {
  const cli::TestStore store;
  std::filesystem::create_directory(store.directory() / "two words");
  const std::string place = store.directory();
  std::filesystem::create_directory(store.directory() / "stable");
  CHECK(bash_offers({"--store", place + "/sto"}) == Words{place + "/store"});
  CHECK(bash_offers({"ls", "--store", place + "/two"}) == Words{place + "/two words"});
  CHECK(bash_offers({"--store", "=", place + "/sto"}) == Words{place + "/store"});
  CHECK(fish_offers({"--store", place + "/sto"}) == Words{place + "/store/"});
  CHECK(fish_offers({"import", place + "/sta"}) == Words{place + "/stable/"});
  CHECK(zsh_offers({"--store", place + "/sto"}) == Words{"store"});
  CHECK(cli::run({"completion", "words", "--", "gc", ""}).out == ":directories\n");
  CHECK(cli::run({"completion", "words", "--", "gc", "--stores", ""}).out == ":files\n");
  CHECK(cli::run({"completion", "words", "--", "ls", ""}).out.empty());
}

TEST_CASE("keys of sessions are offered where a session is named, and of no store nothing") {
  const cli::TestStore store;
  const std::string key = store.create_key({"a=1"});
  const std::string shown = key.substr(0, 12);
  const Words keys = {shown};
  CHECK(offered({"--store", store.path(), "get", ""}) == keys);
  CHECK(offered({"get", "--store=" + store.path(), key.substr(0, 3)}) == keys);
  CHECK(offered({"--store", "=", store.path(), "rm", "x", ""}) == keys);
  CHECK(offered({"--store", store.path(), "get", key, ""}).empty());
  CHECK(offered({"--store", store.path(), "get", "--id", "-", ""}).empty());
  CHECK(offered({"--store", store.path(), "get", "zz"}).empty());
  CHECK(offered({"--store", store.path() + "/none", "get", ""}).empty());
  CHECK(offered({"get", ""}).empty());
  CHECK(words_of(cli::run({.arguments = {"completion", "words", "--", "show", ""},
                           .environment = {{"SESS_STORE", store.path()}}})) == keys);
}

TEST_CASE("each option of a command is offered, and each of its help, and no other") {
  for (const std::string& command : offered({""})) {
    if (command == "help") continue;
    CAPTURE(command);
    Words helped;
    for (const std::string& line : cli::lines(cli::run({command, "--help"}).out)) {
      const std::size_t at = line.starts_with("  -h,") ? 5 : 2;
      if (line.starts_with("  --") || at == 5) helped.push_back(line.substr(at, line.find_first_of(" ", at) - at));
    }
    std::ranges::sort(helped);
    CHECK(offered({command, "--"}) == helped);
  }
}

TEST_CASE("a shell for which there is no script is refused") {
  for (const auto& arguments : std::vector<Words>{
           {"completion"}, {"completion", "tcsh"}, {"completion", "bash", "x"}, {"completion", "bash", "--json"}})
    cli::check_usage_error(cli::run(arguments));
}
