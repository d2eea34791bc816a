// sessctl top: what it counts, and that the terminal is left as it was, however it ends.
#include "cli/pseudo_terminal.hpp"
#include "cli/sessctl_program.hpp"

#include <sess/sess.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
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
  for (const int signal : {0, -SIGINT, SIGINT, SIGTERM, SIGHUP}) {
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
  terminal.press('q');
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
  for (const char* field : {"path", "end", "interval_ms", "records", "locked", "waiters", "created", "committed",
                            "renewed", "replaced", "ended", "expired", "quarantined", "lost", "sessions"})
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
