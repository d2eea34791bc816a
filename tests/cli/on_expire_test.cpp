// gc --on-expire: expired sessions go through a command of the operator's.
#include "cli/sessctl_program.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using cli::Finished;
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
  // Again, with nothing to give.
  store.ok({"gc", "--quiet", "--on-expire", "cat >'" + out.string() + "'"});
  CHECK(text_of(out).empty());
}

TEST_CASE("a command that does not take the sessions keeps them, and gc says so") {
  const TestStore store;
  // More than a pipe holds, so that some cannot be given whatever the moment is at which it ends.
  for (int number = 0; number < 3; ++number) store.create_key({"--idle", "1ms", "text=" + std::string(100'000, 'x')});
  cli::outlive(std::chrono::milliseconds(1));
  const Finished finished = store.run({"gc", "--on-expire", "exit 3"});
  CHECK(finished.code == 74);
  CHECK(finished.out.empty());
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("\"exit 3\"") != std::string::npos);
  const std::filesystem::path out = store.directory() / "expired";
  store.ok({"gc", "--quiet", "--on-expire", "cat >'" + out.string() + "'"});
  CHECK(!cli::lines(text_of(out)).empty());
}

TEST_CASE("a command that takes the sessions and fails is told of") {
  const TestStore store;
  expired(store, 1);
  const Finished finished = store.run({"gc", "--quiet", "--on-expire", "cat >/dev/null; exit 7"});
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("it ended with 7") != std::string::npos);
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

TEST_CASE("gc with an empty command, or one for a dry run, is refused") {
  const TestStore store;
  cli::check_usage_error(store.run({"gc", "--on-expire", ""}));
  cli::check_usage_error(store.run({"gc", "--dry-run", "--on-expire", "cat"}));
}
