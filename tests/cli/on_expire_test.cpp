// gc --on-expire: expired sessions go through a command of the operator's.
#include "cli/damage.hpp"
#include "cli/pseudo_terminal.hpp"
#include "cli/sessctl_program.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::Start;
using cli::TestStore;
using nlohmann::json;

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Makes so many sessions that have expired; answers their keys.
std::vector<std::string> expired(const TestStore& store, int count) {
  std::vector<std::string> keys;
  for (int number = 0; number < count; ++number)
    keys.push_back(store.create_key({"--idle", "1ms", "n:=" + std::to_string(number)}));
  cli::outlive(std::chrono::milliseconds(1));
  return keys;
}

/// How many sessions are there that have expired.
int expired_in(const TestStore& store) {
  return json::parse(store.ok({"gc", "--dry-run", "--json"})).at("expired").get<int>();
}

/// Tells whether what had it open is all dead: a FIFO, of which the kernel says when the last writer is gone.
class LifeLine {
 public:
  explicit LifeLine(const std::filesystem::path& path) : path_(path) {
    std::filesystem::remove(path);
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    reader_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(reader_ >= 0);
  }
  LifeLine(const LifeLine&) = delete;
  LifeLine& operator=(const LifeLine&) = delete;
  ~LifeLine() { ::close(reader_); }
  /// The command, and all that it starts, holds it.
  std::string held_by(const std::string& command) const { return "exec 9>'" + path_.string() + "'; " + command; }
  /// Waits for it, for a minute at most.
  bool has_ended() const {
    pollfd polled{reader_, POLLIN, 0};
    return ::poll(&polled, 1, 60'000) == 1 && (polled.revents & POLLHUP) != 0;
  }

 private:
  std::filesystem::path path_;
  int reader_ = -1;
};

}  // namespace

TEST_CASE("gc gives each expired session to a command, as a line of an export") {
  const TestStore store;
  const auto keys = expired(store, 3);
  const std::string live = store.create_key({"n:=9"});
  const std::filesystem::path out = store.directory() / "expired";
  CHECK(store.ok({"gc", "--quiet", "--on-expire", "cat >'" + out.string() + "'"}).empty());
  const auto lines = cli::lines(text_of(out));
  REQUIRE(lines.size() == 3);
  for (const std::string& line : lines) {
    const json session = json::parse(line);
    CHECK(session.at("type") == "session");
    const auto found = std::ranges::find(keys, session.at("key").get<std::string>());
    REQUIRE(found != keys.end());
    CHECK(session.at("values").at("n") == found - keys.begin());
  }
  CHECK(cli::lines(store.ok({"ls"})).size() == 2);
}

TEST_CASE("what an expired session's command has not read stays, and gc says so") {
  const TestStore store;
  expired(store, 5);
  // Far longer than a pipe, and only begun by the command.
  store.create_key({"--idle", "1ms", "text=" + std::string(100'000, 'x')});
  cli::outlive(std::chrono::milliseconds(1));
  for (const std::string command : {"exit 3", "/no/such/cmd 2>/dev/null", "exec <&-", ":"}) {
    CAPTURE(command);
    const Finished finished = store.run({"gc", "--on-expire", command});
    CHECK(finished.code == 74);
    CHECK(finished.out.empty());
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find("\"" + command + "\"") != std::string::npos);
    CHECK(expired_in(store) == 6);
  }
}

TEST_CASE("a command that reads the beginning of a session and ends has not read it") {
  const TestStore store;
  store.create_key({"--idle", "1ms", "text=" + std::string(100'000, 'x')});
  cli::outlive(std::chrono::milliseconds(1));
  CHECK(store.run({"gc", "--on-expire", "head -c 4096 >/dev/null"}).code == 74);
  CHECK(expired_in(store) == 1);
  CHECK(store.run({"gc", "--on-expire", "wc -c >/dev/null"}).code == 0);
  CHECK(expired_in(store) == 0);
}

TEST_CASE("a command that reads the last session and ends at once has read it") {
  const TestStore store;
  expired(store, 1);
  CHECK(store.run({"gc", "--quiet", "--on-expire", "head -n 1 >/dev/null"}).code == 0);
  CHECK(expired_in(store) == 0);
}

TEST_CASE("a command that reads three sessions and ends has had three") {
  const TestStore store;
  expired(store, 10);
  const std::filesystem::path out = store.directory() / "expired";
  const Finished finished = store.run({"gc", "--quiet", "--on-expire", "head -n 3 >'" + out.string() + "'"});
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(cli::lines(text_of(out)).size() == 3);
  CHECK(expired_in(store) == 7);
}

TEST_CASE("a command that hangs is given up and killed, and what it has not read stays") {
  const TestStore store;
  expired(store, 4);
  for (const std::string read : {"", "read first; "}) {
    CAPTURE(read);
    const LifeLine life(store.directory() / "life");
    const Finished finished =
        store.run({"gc", "--budget", "2s", "--on-expire", life.held_by(read + "sleep 1000 | sleep 1000")});
    CHECK(finished.code == 74);
    CHECK(finished.out.empty());
    CHECK(cli::is_one_error_line(finished.err));
    CAPTURE(finished.err);
    // What is left of the budget when the command is first waited for, rounded down; a second at least.
    CHECK(finished.err.find("read nothing for 1s") != std::string::npos);
    CHECK(life.has_ended());
    CHECK(expired_in(store) == (read.empty() ? 4 : 3));
  }
  CHECK(store.run({"gc", "--quiet", "--on-expire", "cat >/dev/null"}).code == 0);
}

TEST_CASE("Ctrl-C ends gc and the command that it feeds" * cli::needs_terminal()) {
  const TestStore store;
  expired(store, 1);
  const LifeLine life(store.directory() / "life");
  cli::PseudoTerminal terminal({.arguments = {"gc", "--store", store.path(), "--on-expire",
                                              life.held_by("echo started; sleep 1000 | sleep 1000")}});
  terminal.await("started");
  terminal.press('\x03');
  const int status = terminal.wait();
  CHECK(WIFSIGNALED(status));
  CHECK(life.has_ended());
  CHECK(expired_in(store) == 1);
}

TEST_CASE("the command of root's gc has the home of the store's owner") {
  constexpr uid_t nobody = 65534;
  constexpr uid_t stranger = 54321;
  for (const uid_t owner : {nobody, stranger}) {
    CAPTURE(owner);
    const TestStore store;
    expired(store, 1);
    if (!store.give_to(owner)) return;
    Start start = store.start({"gc", "--quiet", "--on-expire", "cat >/dev/null; env; pwd"});
    start.environment = {{"HOME", "/root"}, {"USER", "root"},         {"LOGNAME", "root"},
                         {"SHELL", "/x"},   {"HOMES", "/root/homes"}, {"PWD", "/"}};
    const Finished finished = cli::run(start);
    CHECK(finished.code == 0);
    const auto lines = cli::lines(finished.out);
    const auto has = [&](const std::string& line) { return std::ranges::find(lines, line) != lines.end(); };
    const auto has_name = [&](const std::string& name) {
      return std::ranges::any_of(lines, [&](const std::string& line) { return line.starts_with(name + "="); });
    };
    CHECK(has("SHELL=/bin/sh"));
    CHECK(has("HOMES=/root/homes"));
    CHECK(has(std::filesystem::current_path()));
    const passwd* const entry = ::getpwuid(owner);
    if (entry == nullptr) {
      for (const char* const name : {"HOME", "USER", "LOGNAME"}) CHECK(!has_name(name));
      continue;
    }
    CHECK(has(std::string("HOME=") + entry->pw_dir));
    CHECK(has(std::string("USER=") + entry->pw_name));
    CHECK(has(std::string("LOGNAME=") + entry->pw_name));
  }
}

TEST_CASE("the command has the environment of who owns the store and runs gc") {
  const TestStore store;
  expired(store, 1);
  Start start = store.start({"gc", "--quiet", "--on-expire", "cat >/dev/null; echo $HOME $USER"});
  start.environment = {{"HOME", "/elsewhere"}, {"USER", "me"}};
  CHECK(cli::run(start).out == "/elsewhere me\n");
}

TEST_CASE("a command that takes the sessions and fails is told of, and has had them") {
  const TestStore store;
  expired(store, 2);
  const Finished finished = store.run({"gc", "--quiet", "--on-expire", "cat >/dev/null; exit 7"});
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("it ended with exit code 7") != std::string::npos);
  CHECK(expired_in(store) == 0);
}

TEST_CASE(
    "what a sweep has done is told though its command fails, and quarantine is purged, and all that is wrong is said") {
  const TestStore store;
  expired(store, 2);
  cli::fill_quarantine(store.path(), 3);
  cli::outlive(std::chrono::milliseconds(10));  // a tick of the clock of files, see quarantine_test
  cli::damage(store.record(store.create_key({"a=1"})));
  const Finished swept =
      store.run({"gc", "--json", "--purge-quarantine", "0", "--on-expire", "cat >/dev/null; exit 7"});
  CHECK(swept.code == 74);
  const json line = json::parse(swept.out);
  CHECK(line.at("expired") == 2);
  CHECK(line.at("purged") == 3);
  CHECK(swept.err.find("it ended with exit code 7") != std::string::npos);
  CHECK(swept.err.find("1 damaged record moved to quarantine") != std::string::npos);
}

TEST_CASE("how a child of gc's has ended is known though SIGCHLD was ignored by who started it") {
  const TestStore store;
  expired(store, 1);
  Start start = store.start({"gc", "--on-expire", "cat >/dev/null; exit 3"});
  start.ignores_children = true;
  CHECK(cli::run(start).code == 74);
  start.arguments = {"gc", store.directory() / "none"};
  CHECK(cli::run(start).code == 66);
}

TEST_CASE("a command is started for each of several stores") {
  const TestStore one;
  const TestStore other;
  expired(one, 1);
  expired(other, 2);
  const std::filesystem::path out = one.directory() / "expired";
  const Finished finished =
      cli::run({"gc", "--quiet", "--on-expire", "wc -l >>'" + out.string() + "'", one.path(), other.path()});
  CHECK(finished.code == 0);
  CHECK(text_of(out) == "1\n2\n");
}

TEST_CASE("where the sweep of one store is killed the others are swept, and it is named") {
  const TestStore first;
  const TestStore second;
  expired(first, 1);
  expired(second, 1);
  const std::string once = "cat >/dev/null; mkdir '" + (first.directory() / "killed").string() + "' && kill -9 $PPID";
  const Finished swept = cli::run({"gc", "--on-expire", once, first.path(), second.path()});
  CAPTURE(swept.err);
  CHECK(swept.code == 74);
  CHECK(swept.err.find("sweep store \"" + first.path() + "\": the process that swept it was killed; run gc again") !=
        std::string::npos);
  CHECK(expired_in(second) == 0);
}

TEST_CASE("a command may begin with a hyphen") {
  const TestStore store;
  expired(store, 1);
  const Finished swept = store.run({"gc", "--on-expire", "-x"});
  CHECK(swept.code == 74);
  CHECK(swept.err.find("requires an argument") == std::string::npos);
  CHECK(expired_in(store) == 1);
}

TEST_CASE("a command that has nothing to be given is not started") {
  const TestStore store;
  store.create();
  const std::filesystem::path out = store.directory() / "started";
  const Finished finished = store.run({"gc", "--quiet", "--on-expire", "touch '" + out.string() + "'; exit 1"});
  CHECK(finished.code == 0);
  CHECK(finished.err.empty());
  CHECK_FALSE(std::filesystem::exists(out));
}

TEST_CASE("gc with an empty command, or one for a dry run, is refused") {
  const TestStore store;
  cli::check_usage_error(store.run({"gc", "--on-expire", ""}));
  cli::check_usage_error(store.run({"gc", "--dry-run", "--on-expire", "cat"}));
}
