// sessctl watch: what is printed of what other commands do.
#include "cli/sessctl_program.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::Running;
using cli::Start;
using cli::TestStore;
using nlohmann::json;

namespace {

/// A watch whose heading has been read: from then on it sees everything.
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
    heading = line();
  }

  int read_end_;
  Running running_;
  std::string text_;

 public:
  std::string heading;
};

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
  Start start = store.start({"watch", "--json", "--limit", "2", key.substr(0, 8)});
  start.output = -1;
  // Without a heading: when it watches shows in what it has seen.
  Running watching(start);
  const auto has_begun = [&] {
    const std::string info = "/proc/" + std::to_string(watching.process()) + "/fdinfo";
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(info, error)) {
      std::ifstream file(entry.path());
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      std::size_t watches = 0;
      for (std::size_t at = text.find("inotify wd:"); at != std::string::npos; at = text.find("inotify wd:", at + 1))
        ++watches;
      if (watches == 258) return true;
    }
    return false;
  };
  while (!has_begun()) ::usleep(1000);
  store.create();
  store.ok({"set", key, "n:=2"});
  store.ok({"rm", key});
  const Finished finished = watching.wait();
  CHECK(finished.code == 0);
  const auto lines = cli::lines(finished.out);
  REQUIRE(lines.size() == 2);
  const json committed = json::parse(lines[0]);
  CHECK(committed.at("change") == "committed");
  CHECK(committed.at("key") == key);
  CHECK(committed.at("seen_unix_ms").is_number_integer());
  const json ended = json::parse(lines[1]);
  CHECK(ended.at("change") == "ended");
  CHECK_FALSE(ended.contains("generation"));
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
