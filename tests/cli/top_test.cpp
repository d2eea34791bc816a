// sessctl top: what it counts, and that the terminal is left as it was, however it ends.
#include "cli/holder.hpp"
#include "cli/pseudo_terminal.hpp"
#include "cli/sessctl_program.hpp"

#include <sess/sess.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::TestStore;
using nlohmann::json;

namespace {

constexpr std::string_view entered = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view left = "\x1b[?25h\x1b[?1049l";

/// The store's, and these arguments.
cli::TerminalStart in_terminal(const TestStore& store, std::vector<std::string> arguments,
                               const winsize& size = {24, 80, 0, 0}) {
  return {.arguments = store.start(std::move(arguments)).arguments, .size = size};
}

}  // namespace

TEST_CASE("top gives the terminal back when it is ended by a key, by Ctrl-C, or by a signal" * cli::needs_terminal()) {
  const TestStore store;
  for (const int signal : {0, -SIGINT, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    CAPTURE(signal);
    cli::PseudoTerminal terminal(in_terminal(store, {"top", "--interval", "20ms"}));
    terminal.await(entered);
    terminal.await("KEY ");
    CHECK_FALSE(terminal.is_as_before());
    if (signal == 0)
      terminal.press('q');
    else if (signal < 0)
      terminal.press('\x03');
    else
      terminal.send(signal);
    const int status = terminal.wait();
    if (signal == 0)
      CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    else
      CHECK((WIFSIGNALED(status) && WTERMSIG(status) == std::abs(signal)));
    CHECK(terminal.text().ends_with(left));
    CHECK(terminal.is_as_before());
  }
}

TEST_CASE("top that is stopped by Ctrl-Z gives the terminal back meanwhile" * cli::needs_terminal()) {
  const TestStore store;
  cli::PseudoTerminal terminal(in_terminal(store, {"top", "--interval", "20ms"}));
  terminal.await("KEY ");
  terminal.press('\x1a');
  CHECK(WIFSTOPPED(terminal.wait(WUNTRACED)));
  CHECK(terminal.is_as_before());
  terminal.send(SIGCONT);
  terminal.await(left);
  terminal.await(entered);
  terminal.await("KEY ");
  CHECK_FALSE(terminal.is_as_before());
  terminal.press('Q');
  CHECK(terminal.wait() == 0);
  CHECK(terminal.is_as_before());
}

TEST_CASE("top that ends with an error gives the terminal back first" * cli::needs_terminal()) {
  const TestStore store;
  cli::PseudoTerminal terminal(in_terminal(store, {"top", "--interval", "20ms"}));
  terminal.await("KEY ");
  std::filesystem::remove_all(store.path());
  const int status = terminal.wait();
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 66));
  CHECK(terminal.is_as_before());
  CHECK(terminal.text().rfind(left) < terminal.text().rfind("its directories were removed"));
}

TEST_CASE("top keeps to the terminal's width and height" * cli::needs_terminal()) {
  const TestStore store;
  std::vector<std::string> keys;
  for (int i = 0; i < 12; ++i) keys.push_back(store.create_key());
  cli::PseudoTerminal terminal(in_terminal(store, {"top", "--interval", "500ms"}, {8, 40, 0, 0}));
  terminal.await(entered);
  terminal.await("q ends it");
  for (const std::string& key : keys) store.ok({"set", key, "n=1"});
  terminal.await("KEY ");
  terminal.await("\x1b[J");
  terminal.press('q');
  CHECK(terminal.wait() == 0);
  const std::string& text = terminal.text();
  // Every picture goes from the first line to what is cleared below the last.
  std::size_t pictures = 0;
  for (std::size_t at = text.find("\x1b[H"); at != std::string::npos; at = text.find("\x1b[H", at + 1)) {
    const std::size_t end = text.find("\x1b[J", at);
    if (end == std::string::npos) break;
    ++pictures;
    std::string picture = text.substr(at + 3, end - at - 3);
    std::erase(picture, '\r');
    const auto lines = cli::lines(cli::without_sequences(picture));
    CHECK(lines.size() <= 8);
    for (const std::string& line : lines) CHECK(line.size() <= 40);
  }
  CHECK(pictures >= 2);
}

TEST_CASE("top without a terminal prints what it has counted, as text or as JSON") {
  const TestStore store;
  const Finished text = store.run({"top", "--count", "2", "--interval", "20ms"});
  CHECK(text.code == 0);
  CHECK(text.out.find('\x1b') == std::string::npos);
  CHECK(std::ranges::count(cli::lines(text.out), std::string()) == 3);  // between the looks, and one in each
  const auto lines = cli::lines(store.ok({"top", "--count", "2", "--interval", "20ms", "--json"}));
  REQUIRE(lines.size() == 2);
  const json look = json::parse(lines[1]);
  for (const char* field :
       {"path", "end", "interval_ms", "records", "locked", "waiters", "created", "committed", "renewed", "replaced",
        "ended", "expired", "quarantined", "lost", "sessions", "hidden_processes", "sees_all_processes"})
    CHECK(look.contains(field));
  CHECK(look.at("interval_ms") >= 20);
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"top", "extra"}, {"top", "--count", "0"}, {"top", "--interval", "1ms"}, {"top", "--limit", "no"}})
    cli::check_usage_error(store.run(arguments));
}

TEST_CASE("top counts changes, and names who holds a lock and how many wait") {
  const TestStore store;
  const std::string key = store.create_key({"n:=0"});
  const std::string other = store.create_key();
  cli::Start start = store.start({"top", "--json", "--interval", "1500ms", "--count", "1"});
  cli::Running running(start);
  // Its first look ends long after these; what happens before it has begun is not counted.
  const auto opened = sess::Store::open(store.path());
  const auto locked = opened.lock(*sess::SessionKey::parse(key));
  REQUIRE(locked);
  const Finished finished = running.wait();
  REQUIRE(finished.code == 0);
  const json look = json::parse(finished.out);
  CHECK(look.at("records") == 2);
  CHECK(look.at("locked") == 1);
  REQUIRE_FALSE(look.at("sessions").empty());
  const json session = look.at("sessions").at(0);
  CHECK(session.at("key") == key);
  REQUIRE(session.at("holders").size() == 1);
  CHECK(session.at("holders").at(0).at("pid") == ::getpid());
}

TEST_CASE("top names no more sessions than it was asked for") {
  const TestStore store;
  const std::string one = store.create_key();
  const std::string other = store.create_key();
  const cli::Holder of_one(store.path(), one, "one");
  const cli::Holder of_other(store.path(), other, "other");
  const auto sessions_of = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"top", "--json", "--interval", "10ms", "--count", "1"});
    return json::parse(store.ok(arguments)).at("sessions").size();
  };
  CHECK(sessions_of({}) == 2);
  CHECK(sessions_of({"--limit", "1"}) == 1);
}

TEST_CASE("top lets nothing that others have named do anything to a terminal") {
  const TestStore store;
  const std::string path = store.directory() / "sh\x1b[2Jop";
  std::filesystem::rename(store.path(), path);
  const std::string key = json::parse(cli::run({"create", "--json", "--store", path}).out).at("key");
  const cli::Holder holder(path, key, "\x1b[2J\xff\n\x9b");
  for (const char* form : {"--json", "--color=never"}) {
    const Finished look = cli::run({"top", "--store", path, "--interval", "10ms", "--count", "1", form});
    CHECK(look.code == 0);
    const std::vector<std::string> lines = cli::lines(look.out);
    REQUIRE_FALSE(lines.empty());
    CHECK(lines.back().find(std::to_string(holder.pid())) != std::string::npos);  // a line feed has ended no line
    CHECK(lines.back().find("\\u001b[2J") != std::string::npos);
    CHECK(look.out.find('\x1b') == std::string::npos);
    CHECK(look.out.find('\x9b') == std::string::npos);
  }
}

TEST_CASE("top counts each change once, by its kind and for its session") {
  const TestStore store;
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  cli::Start start = store.start({"top", "--json", "--interval", "100ms"});
  start.output = ends[1];
  cli::Running running(start);
  ::close(ends[1]);
  std::FILE* const looks = ::fdopen(ends[0], "r");
  REQUIRE(looks != nullptr);
  std::array<char, 16384> buffer{};
  const auto next_look = [&] {
    REQUIRE(std::fgets(buffer.data(), buffer.size(), looks) != nullptr);
    return json::parse(buffer.data());
  };
  CHECK(next_look().at("records") == 0);  // it looks on
  const std::string key = store.create_key({"n:=0"});
  for (int i = 0; i < 3; ++i) store.ok({"incr", key, "n"});
  store.ok({"rm", key});
  std::map<std::string, int> sums;
  int changes = 0;
  int generation = 0;
  while (sums["ended"] == 0) {
    const json look = next_look();
    for (const char* kind : {"created", "committed", "renewed", "replaced", "ended", "expired", "quarantined"})
      sums[kind] += look.at(kind).get<int>();
    CHECK(look.at("lost") == false);
    for (const json& session : look.at("sessions")) {
      CHECK(session.at("key") == key);
      changes += session.at("changes").get<int>();
      if (session.at("generation").is_number()) generation = session.at("generation");
    }
  }
  CHECK(sums == std::map<std::string, int>{{"created", 1},
                                           {"committed", 3},
                                           {"renewed", 0},
                                           {"replaced", 0},
                                           {"ended", 1},
                                           {"expired", 0},
                                           {"quarantined", 0}});
  CHECK(changes == 5);
  CHECK(generation == 4);
  REQUIRE(::kill(running.process(), SIGKILL) == 0);
  std::fclose(looks);
  CHECK(running.wait().code == -SIGKILL);
}

TEST_CASE("top does not draw where nobody could see it" * cli::needs_terminal()) {
  const TestStore store;
  cli::TerminalStart start = in_terminal(store, {"top", "--interval", "10ms"}, {24, 40, 0, 0});
  for (const char* name : {"dumb", ""}) {
    start.environment = {{"TERM", name}};
    cli::PseudoTerminal terminal(start);
    terminal.await("KEY ");
    terminal.await("KEY ");
    terminal.press('\x03');
    const int status = terminal.wait();
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT));
    CHECK(terminal.text().find('\x1b') == std::string::npos);
    for (const std::string& line : cli::lines(terminal.text())) CHECK(line.size() <= 40 + std::string("\r").size());
  }
}

TEST_CASE("top that was told how many looks leaves them on the terminal, one below the other" * cli::needs_terminal()) {
  const TestStore store;
  const cli::TerminalStart start = in_terminal(store, {"top", "--count", "2", "--interval", "10ms"}, {8, 40, 0, 0});
  const std::string text = cli::shown(start);
  CHECK(text.find(entered) == std::string::npos);
  CHECK(text.find("\x1b[H") == std::string::npos);
  std::size_t headings = 0;
  for (const std::string& line : cli::lines(cli::without_sequences(text))) {
    CHECK(line.size() <= 40);
    if (line.starts_with("KEY ")) ++headings;
  }
  CHECK(headings == 2);
}

TEST_CASE("top leaves what it is given on standard input, and follows the terminal's size" * cli::needs_terminal()) {
  const TestStore store;
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  REQUIRE(::write(ends[1], "abcq", 4) == 4);
  cli::TerminalStart start = in_terminal(store, {"top", "--interval", "1h"}, {8, 40, 0, 0});
  start.input = ends[0];
  cli::PseudoTerminal terminal(start);
  terminal.await("looking; q ends it");
  // Each is a picture, although no look has ended.
  for (const unsigned short columns : std::to_array<unsigned short>({10, 60})) {
    terminal.resize({8, columns, 0, 0});
    terminal.await("\x1b[H");
    terminal.await(columns == 10 ? "looking; q\x1b[K" : "looking; q ends it\x1b[K");
  }
  terminal.send(SIGTERM);
  const int status = terminal.wait();
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM));
  CHECK(terminal.is_as_before());
  std::array<char, 8> left_over{};
  CHECK(::read(ends[0], left_over.data(), left_over.size()) == 4);
  for (const int end : ends) ::close(end);
}
