// What sessctl prints for a person: what stands out, what fits, what the terminal can show, how far it has come.
#include "cli/damage.hpp"
#include "cli/holder.hpp"
#include "cli/pseudo_terminal.hpp"
#include "cli/sessctl_program.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>
#include <sess/sess.hpp>

using cli::PseudoTerminal;
using cli::shown;
using cli::TerminalStart;
using cli::TestStore;

namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view red = "\x1b[31m";

TerminalStart in_terminal(const TestStore& store, std::vector<std::string> arguments, unsigned short columns = 80,
                          Environment environment = {}) {
  return {.arguments = store.start(std::move(arguments)).arguments,
          .size = {24, columns, 0, 0},
          .environment = std::move(environment)};
}

std::vector<std::string> shown_lines(const TestStore& store, std::vector<std::string> arguments,
                                     unsigned short columns) {
  return cli::lines(cli::without_sequences(shown(in_terminal(store, std::move(arguments), columns))));
}

/// An export that is fed to an import line by line.
class Feed {
 public:
  explicit Feed(const TestStore& store) : lines_(cli::lines(store.ok({"export"}))) {
    REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0);
    write(lines_.front());
  }
  ~Feed() { finish(); }
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  int reading_end() const { return ends_[0]; }
  void write_session() const { write(lines_.at(1)); }
  void write(const std::string& line) const {
    const std::string text = line + "\n";
    REQUIRE(::write(ends_[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  /// The end of the file, without an end of the export.
  void finish() {
    for (int& end : ends_)
      if (end >= 0) ::close(std::exchange(end, -1));
  }

 private:
  std::vector<std::string> lines_;
  std::array<int, 2> ends_{-1, -1};
};

/// Session after session, until it says how far it has come.
void feed_until_progress(const Feed& feed, PseudoTerminal& terminal, std::string_view text) {
  while (!terminal.has_printed(text)) feed.write_session();
  terminal.await(text);
}

}  // namespace

TEST_CASE("a table has the columns that fit the terminal, and all of them elsewhere" * cli::needs_terminal()) {
  const TestStore store;
  const std::string key = store.create_key();
  const auto heading = [&](unsigned short columns) { return shown_lines(store, {"ls"}, columns).front(); };
  CHECK(heading(200) == "KEY           KIND             AGE  IDLE-LEFT   SIZE  GENERATION");
  CHECK(heading(64) == heading(200));
  CHECK(heading(63) == "KEY           KIND             AGE  IDLE-LEFT   SIZE");
  CHECK(heading(40) == "KEY           KIND             AGE");
  CHECK(heading(5) == "KEY");
  CHECK(shown_lines(store, {"ls"}, 5).at(1) == key.substr(0, 5));
  CHECK(cli::lines(store.ok({"ls"})).front() == heading(200));
  CHECK(shown_lines(store, {"ls", "--full"}, 60).front() == "KEY                                       KIND");
  // A terminal that does not know how many lines it has knows how wide it is.
  cli::TerminalStart lineless = in_terminal(store, {"ls"}, 40);
  lineless.size.ws_row = 0;
  CHECK(cli::lines(cli::without_sequences(shown(lineless))).front() == heading(40));
  // Those that were asked for are not left out, but cut.
  const auto cut = shown_lines(store, {"ls", "--columns", "key,created,deadline"}, 20);
  CHECK(cut.front() == "KEY           CREATE");
  CHECK(cut.at(1).size() == 20);
}

TEST_CASE("no line of a table is wider than the terminal" * cli::needs_terminal()) {
  const TestStore store;
  const std::string key = store.create_key();
  cli::damage(store.record(store.create_key()));
  store.run({"gc"});  // which moves it to quarantine
  for (const unsigned short columns : std::to_array<unsigned short>({1, 10, 40}))
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"ls"}, {"locks", "--for", "1ms"}, {"watch", "--for", "1ms"}, {"quarantine"}})
      for (const std::string& line : shown_lines(store, arguments, columns)) {
        INFO(arguments.front(), ": ", line);
        const bool is_table = line.find("sessctl: ") == std::string::npos;  // not a sentence on standard error
        if (is_table) CHECK(line.size() <= columns);
      }
  for (const std::string& line : shown_lines(store, {"stats"}, 40))
    if (line.find('#') != std::string::npos) CHECK(line.size() == 40);
}

TEST_CASE("colours are for terminals, and not for who does not want them" * cli::needs_terminal()) {
  const TestStore store;
  store.create_key();
  const auto is_coloured = [](const std::string& text) { return text.find('\x1b') != std::string::npos; };
  const auto in = [&](Environment environment, std::vector<std::string> options = {}) {
    options.insert(options.begin(), "ls");
    return is_coloured(shown(in_terminal(store, std::move(options), 80, std::move(environment))));
  };
  CHECK(in({}));
  CHECK(in({{"NO_COLOR", ""}}));
  CHECK_FALSE(in({{"NO_COLOR", "1"}}));
  CHECK_FALSE(in({{"TERM", "dumb"}}));
  CHECK_FALSE(in({{"TERM", ""}}));
  CHECK_FALSE(in({}, {"--color", "never"}));
  CHECK_FALSE(in({}, {"--json"}));
  CHECK(in({{"NO_COLOR", "1"}}, {"--color", "always"}));
  CHECK(in({}, {"--color=auto"}));
  CHECK_FALSE(is_coloured(store.ok({"ls"})));
  CHECK_FALSE(is_coloured(store.ok({"ls", "--color", "auto"})));
  CHECK(store.ok({"ls", "--color", "always"}).starts_with(bold));
  CHECK_FALSE(is_coloured(store.ok({"ls", "--color", "always", "--json"})));
  cli::check_usage_error(store.run({"ls", "--color", "often"}));
}

TEST_CASE("what is wrong stands out, and the reason comes after it" * cli::needs_terminal()) {
  const TestStore store;
  cli::damage(store.record(store.create_key()));
  const std::string text = shown(in_terminal(store, {"verify"}), 65);
  CHECK(text.starts_with(std::string(red) + "error  \x1b[m  checksum "));
  CHECK(text.find("verified 1 record") < text.find("sessctl: verify store"));
  CHECK(shown(in_terminal(store, {"ls"}), 65).find(std::string(red)) != std::string::npos);
}

TEST_CASE("a terminal is given what its locale can show, and a file the bytes" * cli::needs_terminal()) {
  const TestStore store;
  const std::string name = "J\u00fcrgen \u65e5\u672c";
  const std::string key = store.create_key({"name=" + name});
  const auto in = [&](const char* locale) {
    return shown(in_terminal(store, {"get", key, "name"}, 80, {{"LC_ALL", locale}}));
  };
  CHECK(in("C.UTF-8") == name + "\n");
  CHECK(in("C") == "J\\u00fcrgen \\u65e5\\u672c\n");
  CHECK(in("no-such-locale") == in("C"));
  cli::Start start = store.start({"get", key, "name"});
  start.environment = {{"LC_ALL", "C"}};
  CHECK(cli::run(start).out == name + "\n");
}

TEST_CASE("errors, too, are given to a terminal as its locale can show them" * cli::needs_terminal()) {
  const TestStore store;
  const auto in = [&](const char* locale) {
    return shown({.arguments = {"ls", "--store", "/no/J\u00fcrgen"}, .environment = {{"LC_ALL", locale}}}, 66);
  };
  CHECK(in("C.UTF-8").find("\"/no/J\u00fcrgen\"") != std::string::npos);
  CHECK(in("C").find("\"/no/J\\u00fcrgen\"") != std::string::npos);
}

TEST_CASE("who takes longer than a second says how far it has come, and wipes it away" * cli::needs_terminal()) {
  const TestStore store;
  store.create_key();
  Feed feed(store);
  TerminalStart start = in_terminal(store, {"import"}, 30);
  start.input = feed.reading_end();
  PseudoTerminal terminal(start);
  feed_until_progress(feed, terminal, " lines\x1b[K");
  feed.write("no JSON");
  feed_until_progress(feed, terminal, "the others are imported");
  feed_until_progress(feed, terminal, " lines\x1b[K");
  feed.finish();
  const int status = terminal.wait();
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 65);
  // Each line of it is within the width, and overwritten by the next or wiped away before anything else is printed.
  const std::string& text = terminal.text();
  std::size_t count = 0;
  for (std::size_t at = text.find("\rsessctl: "); at != std::string::npos; at = text.find("\rsessctl: ", at + 1)) {
    const std::size_t end = text.find("\x1b[K", at);
    REQUIRE(end != std::string::npos);
    CHECK(end - at - 1 < 30);
    CHECK(text.compare(end + 3, 1, "\r") == 0);
    ++count;
  }
  CHECK(count >= 2);
  CHECK(text.find("\r\x1b[Ksessctl: import line ") != std::string::npos);
}

TEST_CASE("Ctrl-C ends it there, and what is done is done" * cli::needs_terminal()) {
  const TestStore store;
  store.create_key();
  Feed feed(store);
  TerminalStart start = in_terminal(store, {"import"});
  start.input = feed.reading_end();
  PseudoTerminal terminal(start);
  feed_until_progress(feed, terminal, " lines\x1b[K");
  terminal.press('\x03');
  const int status = terminal.wait();
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT));
  CHECK(terminal.is_as_before());
  CHECK(store.run({"verify"}).code == 0);
  CHECK(cli::lines(store.ok({"ls"})).size() == 2);
}

TEST_CASE("rm of a user's sessions says how far it has come, too" * cli::needs_terminal()) {
  for (const auto& condition : std::vector<std::vector<std::string>>{{}, {"--kind", "authenticated"}}) {
    const TestStore store;
    {
      const auto opened = sess::Store::open(store.path());
      for (int n = 0; n < 3; ++n) {
        sess::Session session = opened.create({.kind = sess::SessionKind::authenticated, .principal = "ann"});
        session.set("a", 1);
        REQUIRE(session.commit().ok());
      }
    }
    const auto sessions = cli::lines(store.ok({"ls", "--principal", "ann", "--json"}));
    REQUIRE(sessions.size() == 3);
    // It waits for the first, in vain and for longer than a second, and has ended others after that.
    const cli::Holder holder(store.path(), nlohmann::json::parse(sessions.front()).at("key"), "holder");
    std::vector<std::string> arguments{"rm", "--principal", "ann", "--wait", "1200ms"};
    arguments.insert(arguments.end(), condition.begin(), condition.end());
    const std::string text = shown(in_terminal(store, arguments), 75);
    INFO(text);
    const auto progress =
        text.find(condition.empty() ? "sessctl: 1 sessions, 33%, about " : "sessctl: 2 sessions\x1b[K");
    REQUIRE(progress != std::string::npos);
    CHECK(text.find("\x1b[K", progress) != std::string::npos);
    CHECK(text.find("ended 2 sessions\n") != std::string::npos);
  }
}

TEST_CASE("a purge of quarantine says how far it has come, too" * cli::needs_terminal()) {
  const TestStore store;
  cli::fill_quarantine(store.path(), 3000);
  TerminalStart start = in_terminal(store, {"quarantine", "purge", "--all", "--yes", "--json"});
  PseudoTerminal terminal(start);
  terminal.await("\"purged\"");
  // Nobody reads from the terminal, which has not got room for all it prints: some are purged later than this.
  cli::outlive(std::chrono::milliseconds(1000));
  const int status = terminal.wait();
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  const std::string& text = terminal.text();
  const std::size_t progress = text.find(" names, ");
  REQUIRE(progress != std::string::npos);
  CHECK(text.find("\r\x1b[K", progress) != std::string::npos);
  CHECK(text.rfind("\"purged\"") > progress);
}

TEST_CASE("who reads from a terminal says what it waits for" * cli::needs_terminal()) {
  const TestStore store;
  const std::string id = store.create({"a=1"});
  // Typed before it is asked for.
  PseudoTerminal getting(in_terminal(store, {"get", "--id", "-", "a"}));
  for (const char character : id + "\n") getting.press(character);
  const int got = getting.wait();
  CHECK((WIFEXITED(got) && WEXITSTATUS(got) == 0));
  CHECK(getting.text().find("sessctl: reading the session's ID from the terminal, which shows it; Enter ends it\r\n") !=
        std::string::npos);
  CHECK(getting.text().ends_with("\n1\r\n"));

  PseudoTerminal importing(in_terminal(store, {"import"}));
  importing.press('\x04');
  const int imported = importing.wait();
  CHECK((WIFEXITED(imported) && WEXITSTATUS(imported) == 65));
  const std::string& text = importing.text();
  CHECK(text.find("sessctl: reading an export from the terminal; Ctrl-D at the beginning of a line ends it\r\n") <
        text.find("it is empty"));
}

TEST_CASE("who reads from a pipe, or a file on a terminal, says nothing of it" * cli::needs_terminal()) {
  const TestStore store;
  cli::Start start = store.start({"get", "--id", "-", "a"});
  start.input = store.create({"a=1"}) + "\n";
  const cli::Finished got = cli::run(start);
  CHECK(got.out == "1\n");
  CHECK(got.err.empty());
  const auto file = store.directory() / "export";
  std::ofstream(file) << store.ok({"export"}) << '\n';
  CHECK(shown(in_terminal(store, {"import", file})).find("reading") == std::string::npos);
}
