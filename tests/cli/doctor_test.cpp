// sessctl doctor: what an operator is told of a store's place, and that nothing is left behind.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::TestStore;
using nlohmann::json;

namespace {

struct Told {
  explicit Told(const Finished& finished) {
    for (const std::string& line : cli::lines(finished.out)) {
      const json object = json::parse(line);
      if (object.contains("path")) {
        summary = object;
        continue;
      }
      diagnoses.push_back(object);
      ++counts[object.at("severity").get<std::string>()];
    }
  }
  std::string severity_of(const std::string& subject) const {
    for (const json& diagnosis : diagnoses)
      if (diagnosis.at("subject") == subject) return diagnosis.at("severity");
    return "nothing";
  }

  std::vector<json> diagnoses;
  std::map<std::string, int> counts;
  json summary;
};

}  // namespace

TEST_CASE("doctor tries and looks at everything, counts it, and ends with 78 where there is a problem") {
  const TestStore store;
  const Finished finished = store.run({"doctor", "--json"});
  const Told told(finished);
  std::set<std::string> subjects;
  for (const json& diagnosis : told.diagnoses) subjects.insert(diagnosis.at("subject"));
  CHECK(subjects == std::set<std::string>{"parents", "mount", "space", "inodes", "users", "cleaning", "security",
                                          "clock", "store", "sweep", "locks", "times", "renames", "changes"});
  CHECK(told.summary.at("path") == store.path());
  for (const auto& [severity, field] : std::map<std::string, const char*>{
           {"good", "good"}, {"note", "notes"}, {"warning", "warnings"}, {"problem", "problems"}}) {
    const auto found = told.counts.find(severity);
    CHECK(told.summary.at(field) == (found == told.counts.end() ? 0 : found->second));
  }
  const bool has_problem = told.summary.at("problems") > 0;
  CHECK(finished.code == (has_problem ? 78 : 0));
  CHECK(finished.err.empty() == !has_problem);
  if (has_problem) CHECK(cli::is_one_error_line(finished.err));
  // This machine can have stores: else no other test would pass.
  // "locks" and "changes" are good only when a second process has looked.
  for (const char* subject : {"locks", "times", "changes", "store"}) CHECK(told.severity_of(subject) == "good");
  CHECK(told.severity_of("sweep") == "warning");
  store.ok({"gc"});
  CHECK(Told(store.run({"doctor", "--json"})).severity_of("sweep") == "good");
}

TEST_CASE("doctor warns of sweeps that are held because the clock was set ahead") {
  const TestStore store;
  store.ok({"gc"});
  if (!cli::set_clock_ahead(store.path())) return;
  const auto warns = [&] {
    const std::string text = store.run({"doctor"}).out;
    for (const std::string& line : cli::lines(text))
      if (line.starts_with("warning  clock ") &&
          line.find("was set ahead by 2d, so nothing is removed for another ") != std::string::npos)
        return line.find("--trust-clock") != std::string::npos;
    return false;
  };
  CHECK(warns());
  CHECK(store.run({"gc"}).code == 75);
  CHECK(warns());
  store.ok({"gc", "--trust-clock"});
  CHECK_FALSE(warns());
}

TEST_CASE("doctor leaves a store as it was") {
  const TestStore store;
  store.create({"n=1"});
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store.path())) names.insert(entry.path());
    return names;
  };
  const auto before = files();
  const auto sessions = cli::tree(store.path() + "/shards");
  store.run({"doctor"});
  CHECK(files() == before);
  CHECK(cli::tree(store.path() + "/shards") == sessions);
}

TEST_CASE("doctor prints lines for people, and with --quiet those that want something done") {
  const TestStore store;
  const Told told(store.run({"doctor", "--json"}));
  const auto lines = cli::lines(store.run({"doctor"}).out);
  REQUIRE(lines.size() == told.diagnoses.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CHECK(lines[i].starts_with(told.diagnoses[i].at("severity").get<std::string>() + " "));
    CHECK(lines[i].find("  " + told.diagnoses[i].at("subject").get<std::string>() + " ") != std::string::npos);
  }
  const auto quiet = cli::lines(store.run({"doctor", "--quiet"}).out);
  CHECK(quiet.size() ==
        static_cast<std::size_t>(told.summary.at("warnings")) + static_cast<std::size_t>(told.summary.at("problems")));
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"doctor", "extra"}, {"doctor", "--quiet", "--json"}})
    cli::check_usage_error(store.run(arguments));
}

TEST_CASE("doctor names a directory that everybody may write to, and prints no control characters of its name") {
  const TestStore outer;
  const std::filesystem::path open = outer.directory() / "o\x1b[31mpen";
  std::filesystem::create_directory(open);
  REQUIRE(::chmod(open.c_str(), 0777) == 0);
  const std::string path = open / "store";
  REQUIRE(cli::run(cli::Start{{"--store", path, "init"}}).code == 0);
  const Finished finished = cli::run(cli::Start{{"--store", path, "doctor"}});
  CHECK(finished.code == 78);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.out.find("everybody may write to directory") != std::string::npos);
  CHECK((finished.out + finished.err).find('\x1b') == std::string::npos);
}

TEST_CASE("a trial that fails is a problem like others, and doctor comes to its end") {
  const auto check_told = [](const TestStore& store, const std::string& words) {
    const Finished finished = store.run({"doctor", "--json"});
    CHECK(finished.code == 78);
    CHECK(cli::is_one_error_line(finished.err));
    const Told told(finished);
    CHECK(told.severity_of("locks") == "problem");
    CHECK(told.severity_of("times") == "nothing");
    CHECK(told.summary.at("problems") == told.counts.at("problem"));
    CHECK(finished.out.find(words) != std::string::npos);
  };
  const TestStore occupied;
  const std::filesystem::path quarantine = std::filesystem::path(occupied.path()) / "quarantine";
  std::filesystem::create_directory(quarantine / "probe");
  check_told(occupied, "move it away");
  CHECK(std::filesystem::is_directory(quarantine / "probe"));
  const TestStore incomplete;
  std::filesystem::remove(std::filesystem::path(incomplete.path()) / "quarantine");
  check_told(incomplete, "quarantine");
}

TEST_CASE("doctor tells of a store that goes by something else than what was found, and its advice helps") {
  const TestStore store;
  const std::filesystem::path file = std::filesystem::path(store.path()) / "store";
  const auto change = [&](const std::string& from, const std::string& to) {
    std::ifstream input(file);
    std::string text{std::istreambuf_iterator<char>(input), {}};
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, text.find('\n', at) + 1 - at, to);
    std::ofstream(file) << text;
  };
  const std::string words = "says that two names cannot be exchanged, and they can";
  change("exchange 1", "exchange 0\n");
  CHECK(store.run({"doctor"}).out.find(words) != std::string::npos);
  change("file_system ", "");
  CHECK(store.run({"doctor"}).out.find(words) == std::string::npos);
  change("exchange 1", "exchange 1\n");  // it is there again
}

TEST_CASE("where there is no store doctor says what it can of the place, and ends as every command does") {
  const TestStore store;
  const std::string nowhere = store.directory() / "not" / "there";
  const Finished finished = cli::run(cli::Start{{"--store", nowhere, "doctor", "--json"}});
  CHECK(finished.code == 66);
  CHECK(cli::is_one_error_line(finished.err));
  const Told told(finished);
  CHECK(told.severity_of("mount") != "nothing");
  CHECK(told.severity_of("locks") == "nothing");
  CHECK(told.severity_of("users") == "nothing");
  CHECK(told.summary.at("path") == nowhere);
  CHECK_FALSE(std::filesystem::exists(nowhere));
  // The directory in which it would be made is one of those above it.
  REQUIRE(::chmod(store.directory().c_str(), 0777) == 0);
  const Finished open = cli::run(cli::Start{{"--store", nowhere, "doctor"}});
  CHECK(open.code == 66);
  CHECK(open.out.find("everybody may write to directory \"" + store.directory().string() + '"') != std::string::npos);
  std::filesystem::remove(std::filesystem::path(store.path()) / "keys");
  CHECK(store.run({"doctor"}).code == 78);
}

TEST_CASE("root examines another user's store as that user") {
  constexpr uid_t owner = 65534;
  const TestStore store;
  if (!store.give_to(owner)) return;
  const Told told(store.run({"doctor", "--json"}));
  CHECK(told.severity_of("locks") == "good");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store.path())) {
    struct stat status {};
    REQUIRE(::lstat(entry.path().c_str(), &status) == 0);
    CHECK(status.st_uid == owner);
  }
}
