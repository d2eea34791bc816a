// sessctl watch: what is printed of what other commands do.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"
#include "support/event_overflow.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::Running;
using cli::Start;
using cli::TestStore;
using nlohmann::json;

namespace {

/// Returns when this process has a watch on each directory of a store: what prints no heading shows by that that it
/// watches.
void await_watches(pid_t process) {
  const std::string info = "/proc/" + std::to_string(process) + "/fdinfo";
  for (;;) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(info, error)) {
      std::ifstream file(entry.path());
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      std::size_t watches = 0;
      for (std::size_t at = text.find("inotify wd:"); at != std::string::npos; at = text.find("inotify wd:", at + 1))
        ++watches;
      if (watches == 258) return;
    }
    ::usleep(1000);
  }
}

/// A watch that sees everything from now on.
class Watching {
 public:
  Watching(const TestStore& store, const std::vector<std::string>& options) : Watching(store, options, pipe()) {}
  ~Watching() { ::close(read_end_); }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  std::string line() {
    for (;;) {
      const std::size_t end = text_.find('\n');
      if (end != std::string::npos) {
        std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        return line;
      }
      std::array<char, 4096> piece{};
      const ssize_t size = ::read(read_end_, piece.data(), piece.size());
      REQUIRE(size > 0);
      text_.append(piece.data(), static_cast<std::size_t>(size));
    }
  }
  Finished wait() { return running_.wait(); }
  pid_t process() const { return running_.process(); }

 private:
  static std::array<int, 2> pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    return ends;
  }
  static Start start(const TestStore& store, const std::vector<std::string>& options, int output) {
    std::vector<std::string> arguments{"watch"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    Start start = store.start(arguments);
    start.output = output;
    return start;
  }
  Watching(const TestStore& store, const std::vector<std::string>& options, const std::array<int, 2>& ends)
      : read_end_(ends[0]), running_(start(store, options, ends[1])) {
    ::close(ends[1]);
    if (std::ranges::count(options, "--json") > 0)
      await_watches(process());
    else
      heading = line();
  }

  int read_end_;
  Running running_;
  std::string text_;

 public:
  std::string heading;
};

/// A stopped process is not told of the changes that are made meanwhile, but finds them when it goes on.
void stop(const Watching& watching) {
  REQUIRE(::kill(watching.process(), SIGSTOP) == 0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(watching.process()), &info, WSTOPPED) == 0);
}

/// As watch prints it.
std::string utc_milliseconds(std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = since / 1000;
  std::tm parts{};
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", ::gmtime_r(&seconds, &parts));
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(since % 1000));
  return std::string(text.data()) + fraction.data();
}

}  // namespace

TEST_CASE("watch prints a line for each change that other commands make, and ends with --limit") {
  const TestStore store;
  Watching watching(store, {"--limit", "4", "--full"});
  CHECK(watching.heading.starts_with("TIME "));
  const std::string key = store.create_key({"n:=1", "secret=hidden"});
  store.ok({"set", key, "n:=2"});
  store.ok({"unset", key, "n"});
  store.ok({"rm", key});
  store.create();
  for (const char* change : {"created", "committed", "committed", "ended"}) {
    const std::string line = watching.line();
    CAPTURE(line);
    CHECK(line.find(std::string("  ") + change + " ") != std::string::npos);
    CHECK(line.find(key) != std::string::npos);
    CHECK(line.find("hidden") == std::string::npos);
  }
  CHECK(watching.wait().code == 0);
}

TEST_CASE("watch prints JSON, of the sessions that are asked for only") {
  const TestStore store;
  const std::string key = store.create_key({"n:=1"});
  Watching watching(store, {"--json", "--limit", "2", key.substr(0, 8)});
  store.create();
  store.ok({"set", key, "n:=2"});
  store.ok({"rm", key});
  const json committed = json::parse(watching.line());
  CHECK(committed.at("change") == "committed");
  CHECK(committed.at("key") == key);
  CHECK(committed.at("seen_unix_ms").is_number_integer());
  const json ended = json::parse(watching.line());
  CHECK(ended.at("change") == "ended");
  CHECK_FALSE(ended.contains("generation"));
  CHECK(watching.wait().code == 0);
}

TEST_CASE("watch tells when a change was seen, to the millisecond") {
  const TestStore store;
  Watching watching(store, {"--limit", "1"});
  const auto before = std::chrono::system_clock::now();
  store.create();
  const std::string line = watching.line();
  const auto after = std::chrono::system_clock::now();
  CHECK(utc_milliseconds(before) <= line.substr(0, 24));
  CHECK(line.substr(0, 24) <= utc_milliseconds(after));
  CHECK(watching.wait().code == 0);
}

TEST_CASE("watch says that changes were lost, whatever sessions it was asked for") {
  const TestStore store;
  const std::string key = store.create_key({"n:=1"});
  const unsigned most = sess::test::most_queued_events();
  if (most == 0) return;
  for (const bool json_lines : {false, true}) {
    CAPTURE(json_lines);
    std::vector<std::string> options{"--limit", "1", key.substr(0, 4)};
    if (json_lines) options.insert(options.begin(), "--json");
    Watching watching(store, options);
    stop(watching);
    sess::test::overflow_events(store.path() + "/shards/00", most);
    REQUIRE(::kill(watching.process(), SIGCONT) == 0);
    const std::string line = watching.line();
    CAPTURE(line);
    if (json_lines) {
      CHECK(json::parse(line).at("change") == "lost");
      CHECK(json::parse(line).at("key").is_null());
    } else {
      CHECK(line.substr(24) == "  lost         -                      -      -  -");
    }
    CHECK(watching.wait().code == 0);
  }
}

TEST_CASE("watch says what is wrong with a record that it cannot read") {
  const TestStore store;
  const std::string key = store.create_key({"n:=1"});
  const std::filesystem::path damaged = store.directory() / "damaged";
  for (const bool json_lines : {false, true}) {
    std::filesystem::copy_file(store.record(key), damaged);
    cli::damage(damaged);
    std::vector<std::string> options{"--limit", "1", cli::upper_case(key.substr(0, 10))};
    if (json_lines) options.insert(options.begin(), "--json");
    Watching watching(store, options);
    std::filesystem::rename(damaged, store.record(key));
    const std::string line = watching.line();
    CAPTURE(line);
    if (json_lines) {
      const json told = json::parse(line);
      CHECK(told.at("change") == "committed");
      CHECK(told.at("problem") == "wrong checksum");
      CHECK(told.at("size").is_number_integer());
      CHECK_FALSE(told.contains("generation"));
    } else {
      CHECK(line.ends_with("  unreadable"));
    }
    CHECK(watching.wait().code == 0);
  }
}

TEST_CASE("watch ends after --for, and quietly when nobody reads it") {
  const TestStore store;
  const Finished finished = store.run({"watch", "--for", "50ms"});
  CHECK(finished.code == 0);
  CHECK(cli::lines(finished.out).size() == 1);
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  ::close(ends[0]);
  Start start = store.start({"watch", "--for", "10s"});
  start.output = ends[1];
  const Finished closed = cli::run(start);
  ::close(ends[1]);
  CHECK(closed.code == 141);
  CHECK(closed.err.empty());
  // Who waits notices it, too: `watch --json | head -1` would stay for ever in a store in which nothing happens.
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  start = store.start({"watch", "--json"});
  start.output = ends[1];
  Running waiting(start);
  ::close(ends[1]);
  ::close(ends[0]);
  CHECK(waiting.wait().code == 141);
}

TEST_CASE("watch refuses what is no key, and a store that is not there") {
  const TestStore store;
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"watch", "no key"}, {"watch", "ab", "cd"}, {"watch", "--limit", "0"}, {"watch", std::string(41, 'a')}})
    cli::check_usage_error(store.run(arguments));
  CHECK(cli::run({"--store", store.directory() / "nothing", "watch"}).code == 66);
}
