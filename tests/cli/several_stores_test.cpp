// sessctl gc of several stores: named, or in a list; and what it tells monitoring of each.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

namespace fs = std::filesystem;

using cli::Finished;
using cli::outlive;
using cli::TestStore;
using nlohmann::json;

namespace {

std::string file_with(const TestStore& store, const std::string& text) {
  const fs::path file = store.directory() / "list";
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

/// For the metrics, beside the store.
std::string folder_of(const TestStore& store) {
  const fs::path folder = store.directory() / "metrics";
  fs::create_directory(folder);
  return folder;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

/// As systemd-escape(1) does it, for what is in a path of these tests.
std::string metrics_file(const std::string& path) {
  std::string name;
  for (const char sign : path.substr(1)) name += sign == '/' ? "-" : sign == '-' ? "\\x2d" : std::string(1, sign);
  return "sessctl-gc-" + name + ".prom";
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Of the one sample that this file has of it.
std::string value_of(const fs::path& file, const std::string& metric) {
  const std::string text = "\n" + text_of(file);
  const std::string begin = "\nlibsess_" + metric + "{";
  const std::size_t at = text.find(begin);
  CAPTURE(text);
  REQUIRE(at != std::string::npos);
  CHECK(text.find(begin, at + 1) == std::string::npos);
  const std::size_t value = text.find("} ", at) + 2;
  return text.substr(value, text.find('\n', value) - value);
}

}  // namespace

TEST_CASE("gc sweeps several stores, and ends with the code of the first failure") {
  const TestStore first;
  const TestStore second;
  const std::string expired = second.create_key({"--idle", "1ms", "a=1"});
  outlive(std::chrono::milliseconds(1));
  const std::string none = first.directory() / "none";
  const Finished finished = cli::run({"gc", "--json", first.path(), none, "/", second.path()});
  CHECK(finished.code == 66);
  CHECK(cli::lines(finished.err).size() == 2);
  const auto reports = cli::lines(finished.out);
  REQUIRE(reports.size() == 2);
  CHECK(json::parse(reports[0]).at("path") == first.path());
  CHECK(json::parse(reports[1]).at("path") == second.path());
  CHECK(json::parse(reports[1]).at("expired") == 1);
  CHECK_FALSE(fs::exists(second.record(expired)));
  const auto told = cli::lines(cli::run({"gc", first.path(), second.path()}).out);
  REQUIRE(told.size() == 2);
  CHECK(told[0].starts_with(first.path() + ": removed 0 "));
  CHECK(told[1].starts_with(second.path() + ": removed 0 "));
}

TEST_CASE("gc sweeps all of several stores though nobody reads what it says") {
  const TestStore first;
  const TestStore second;
  const std::string expired = second.create_key({"--idle", "1ms", "a=1"});
  outlive(std::chrono::milliseconds(1));
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  ::close(pipe[0]);
  const Finished finished = cli::run({.arguments = {"gc", first.path(), second.path()}, .output = pipe[1]});
  ::close(pipe[1]);
  CHECK(finished.code == 141);
  CHECK(finished.err.empty());
  CHECK_FALSE(fs::exists(second.record(expired)));
}

TEST_CASE("gc sweeps a store once, by however many names it is called") {
  const TestStore store;
  const fs::path link = store.directory() / "link";
  fs::create_directory_symlink(store.path(), link);
  const auto told = cli::lines(cli::run({"gc", "--json", store.path(), link, store.path() + "/"}).out);
  CHECK(told.size() == 1);
}

TEST_CASE("gc --stores sweeps what a list names, and says of each line that names nothing") {
  const TestStore first;
  const TestStore second;
  const std::string longest(5000, 'x');
  const std::string list = file_with(first, "# the shop's\n\n" + first.path() + "\nrelative/path\n/" + longest + "\n " +
                                                second.path() + "\n" + second.path());
  const Finished finished = cli::run({"gc", "--json", "--stores", list});
  CHECK(finished.code == 78);
  const auto errors = cli::lines(finished.err);
  REQUIRE(errors.size() == 3);
  CHECK(errors[0].find("line 4 is no full path") != std::string::npos);
  CHECK(errors[1].find("line 5 is no full path") != std::string::npos);
  CHECK(errors[2].find("line 6 is no full path") != std::string::npos);
  const auto reports = cli::lines(finished.out);
  REQUIRE(reports.size() == 2);
  CHECK(json::parse(reports[0]).at("path") == first.path());
  CHECK(json::parse(reports[1]).at("path") == second.path());  // the last line has no end

  const Finished nothing = cli::run({"gc", "--stores", file_with(first, "# none yet\n")});
  CHECK(nothing.code == 0);
  CHECK((nothing.out + nothing.err).empty());
}

TEST_CASE("gc --stores wants a file that can be read") {
  const TestStore store;
  const Finished absent = cli::run({"gc", "--stores", store.directory() / "none"});
  CHECK(absent.code == 66);
  CHECK(cli::is_one_error_line(absent.err));
  const Finished directory = cli::run({"gc", "--stores", store.directory()});
  CHECK(directory.code == 74);
  CHECK(cli::is_one_error_line(directory.err));
}

TEST_CASE("stores are named in one way") {
  const TestStore store;
  const std::string list = file_with(store, store.path() + "\n");
  cli::check_usage_error(cli::run({"gc", "--store", store.path(), store.path()}));
  cli::check_usage_error(cli::run({"gc", "--stores", list, store.path()}));
  cli::check_usage_error(cli::run({"gc", "--store", store.path(), "--stores", list}));
  cli::check_usage_error(store.run({"gc", "--dry-run", "--metrics", store.directory()}));
  // What the environment says is for commands that are told nothing else.
  const Finished swept = cli::run({.arguments = {"gc", "--stores", list}, .environment = {{"SESS_STORE", "/none"}}});
  CHECK(swept.code == 0);
}

TEST_CASE("gc --metrics tells monitoring how the sweep of each store went") {
  const TestStore good;
  const TestStore bad;
  const std::string folder = folder_of(good);
  good.create({"--idle", "1ms", "a=1"});
  cli::damage(bad.record(bad.create_key({"a=1"})));
  outlive(std::chrono::milliseconds(1));
  const std::string none = good.directory() / "none";
  CHECK(cli::run({"gc", "--quiet", "--metrics", folder, good.path(), bad.path(), none}).code == 65);
  std::vector<std::string> expected = {metrics_file(good.path()), metrics_file(bad.path()), metrics_file(none)};
  std::ranges::sort(expected);
  CHECK(names_in(folder) == expected);

  const fs::path of_good = fs::path(folder) / metrics_file(good.path());
  CHECK(value_of(of_good, "gc_exit_code") == "0");
  CHECK(value_of(of_good, "gc_expired") == "1");
  CHECK(value_of(of_good, "gc_examined") == "1");
  CHECK(value_of(of_good, "gc_complete") == "1");
  const fs::path of_bad = fs::path(folder) / metrics_file(bad.path());
  CHECK(value_of(of_bad, "gc_exit_code") == "65");
  CHECK(value_of(of_bad, "gc_quarantined") == "1");
  const fs::path of_none = fs::path(folder) / metrics_file(none);
  CHECK(value_of(of_none, "gc_exit_code") == "66");
  CHECK(text_of(of_none).find("gc_expired") == std::string::npos);

  // However its directory is written: monitoring is not to have two.
  CHECK(cli::run({"gc", "--quiet", "--metrics", folder, good.path() + "//", none + "/../none/"}).code == 66);
  CHECK(names_in(folder) == expected);
  // A path that would make too long a name has one all the same, and another one another.
  const std::string longest = good.directory() / std::string(200, '-');
  CHECK(cli::run({"gc", "--quiet", "--metrics", folder, longest + "1", longest + "2"}).code == 66);
  std::vector<std::string> names = names_in(folder);
  CHECK(names.size() == expected.size() + 2);
  std::erase_if(names, [&](const std::string& name) { return std::ranges::find(expected, name) != expected.end(); });
  for (const std::string& name : names) {
    CHECK(name.size() <= 255);
    CHECK(name.starts_with("sessctl-gc-"));
    CHECK(name.ends_with(".prom"));
    fs::remove(fs::path(folder) / name);
  }

  // Of a single store as well, and from another directory; whoever reads the file needs no right to the store.
  CHECK(good.run({"gc", "--quiet", "--metrics", folder}).code == 0);
  CHECK(value_of(of_good, "gc_expired") == "0");
  CHECK(names_in(folder) == expected);
  struct stat status {};
  REQUIRE(::stat(of_good.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0644);
}

TEST_CASE("gc --metrics as root writes as root, though it sweeps as the store's owner") {
  const TestStore store;
  const std::string folder = folder_of(store);
  constexpr uid_t owner = 65534;
  if (!store.give_to(owner)) return;
  REQUIRE(::chown(folder.c_str(), 0, 0) == 0);
  CHECK(store.run({"gc", "--quiet", "--metrics", folder}).code == 0);
  struct stat status {};
  REQUIRE(::stat((fs::path(folder) / metrics_file(store.path())).c_str(), &status) == 0);
  CHECK(status.st_uid == 0);
}

TEST_CASE("gc whose metrics cannot be written sweeps, and says so") {
  const TestStore store;
  const std::string key = store.create_key({"--idle", "1ms", "a=1"});
  outlive(std::chrono::milliseconds(1));
  const Finished swept = store.run({"gc", "--quiet", "--metrics", store.directory() / "none"});
  CHECK(swept.code == 66);
  CHECK(cli::is_one_error_line(swept.err));
  CHECK_FALSE(fs::exists(store.record(key)));
}
