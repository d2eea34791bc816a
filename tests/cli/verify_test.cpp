// sessctl verify: what an operator sees, by kinds and by exit codes.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"
#include "format/names.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>
#include <sess/sess.hpp>

using cli::damage;
using cli::Finished;
using cli::Start;
using cli::TestStore;
using cli::tree;
using nlohmann::json;

namespace {

constexpr uid_t owner = 65534;

}  // namespace

TEST_CASE("verify of a store without sessions, and of one in order, says so in one line and ends with 0") {
  const TestStore store;
  CHECK(store.ok({"verify"}).starts_with("verified 0 records (0) and 0 lists of principals in "));
  store.create({"a=1"});
  store.create({"--idle", "1ms"});
  cli::outlive(std::chrono::milliseconds(1));
  const std::string line = store.ok({"verify"});
  CHECK(line.starts_with("verified 2 records ("));
  CHECK(line.ends_with(" ms: nothing wrong"));
  CHECK(store.ok({"verify", "--quiet", "--idle-io", "--jobs", "1"}).empty());
  const json report = json::parse(store.ok({"verify", "--json"}));
  CHECK(report.at("path") == store.path());
  CHECK(report.at("records") == 2);
  for (const char* field : {"errors", "warnings", "notes", "unread", "quarantined", "principals"})
    CHECK(report.at(field) == 0);
  for (const char* field : {"bytes", "duration_us"}) CHECK(report.at(field).is_number());
}

TEST_CASE("verify says what is damaged, a line each, ends with 65 and changes nothing") {
  const TestStore store;
  const std::string damaged = store.create_key({"a=1"});
  const std::string recoverable = store.create_key({"a=1"});
  store.ok({"set", recoverable, "a=2"});
  const std::string open_to_all = store.create_key({"a=1"});
  damage(store.record(damaged));
  damage(store.record(recoverable));
  REQUIRE(::chmod(store.record(open_to_all).c_str(), 0644) == 0);
  const auto before = tree(store.path());
  const Finished finished = store.run({"verify"});
  CHECK(tree(store.path()) == before);
  CHECK(finished.code == 65);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("2 errors, 1 warning found") != std::string::npos);
  const auto lines = cli::lines(finished.out);
  REQUIRE(lines.size() == 4);
  const auto line_of = [&](const std::string& key) {
    for (const std::string& line : lines)
      if (line.find(key) != std::string::npos) return line;
    return std::string();
  };
  const auto file_of = [](const std::string& key) { return "shards/" + key.substr(0, 2) + "/" + key; };
  CHECK(line_of(damaged).starts_with("error    checksum       " + file_of(damaged) + ": "));
  CHECK(line_of(damaged).find("no previous version") != std::string::npos);
  CHECK(line_of(recoverable).find("its previous version verifies") != std::string::npos);
  CHECK(line_of(open_to_all).starts_with("warning  mode           " + file_of(open_to_all) + ": "));
  CHECK(lines.back().find("2 errors, 1 warning") != std::string::npos);

  const Finished quiet = store.run({"verify", "--quiet"});
  CHECK(quiet.code == 65);
  CHECK(cli::lines(quiet.out).size() == 3);

  const Finished as_json = store.run({"verify", "--json"});
  CHECK(as_json.code == 65);
  std::map<std::string, json> findings;
  const auto objects = cli::lines(as_json.out);
  REQUIRE(objects.size() == 4);
  for (std::size_t i = 0; i < 3; ++i) findings[json::parse(objects[i]).at("key")] = json::parse(objects[i]);
  CHECK(findings.at(damaged).at("kind") == "checksum");
  CHECK(findings.at(damaged).at("severity") == "error");
  CHECK(findings.at(damaged).at("file") == file_of(damaged));
  CHECK(findings.at(damaged).at("problem").is_string());
  CHECK(findings.at(damaged).at("principal").is_null());
  CHECK(findings.at(open_to_all).at("kind") == "mode");
  CHECK(json::parse(objects.back()).at("errors") == 2);
}

TEST_CASE("verify says which session the list of a principal lacks") {
  const TestStore store;
  const auto log_in = [&] {
    auto login = sess::Store::open(store.path()).create({.kind = sess::SessionKind::authenticated, .principal = "ann"});
    REQUIRE(login.commit().ok());
    return login.key().to_string();
  };
  const std::vector<std::string> keys{log_in(), log_in()};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store.path() + "/principals"))
    if (entry.is_regular_file()) std::filesystem::remove(entry.path());
  for (const char* command : {"verify", "repair"}) {
    const std::string text = store.run({command}).out;
    CAPTURE(command);
    for (const std::string& key : keys)
      CHECK(text.find("  missing_entry  session " + key + ": the list of its principal lacks it") != std::string::npos);
    CHECK(text.find("  the store's directory: ") == std::string::npos);
  }
}

TEST_CASE("verify prints notes only when it is asked to, and they are no failure") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  store.ok({"set", key, "a=2"});
  std::filesystem::remove(store.record(key));  // its spare is young: nobody knows what is under way
  const std::string line = store.ok({"verify"});
  CHECK(line.ends_with("nothing wrong") == false);
  CHECK(line.ends_with(": 1 note"));
  CHECK(cli::lines(store.ok({"verify", "--notes"})).size() == 2);
  CHECK(store.ok({"verify", "--quiet"}).empty());
  CHECK(cli::lines(store.ok({"verify", "--json"})).size() == 2);
}

TEST_CASE("verify never lets a file name do anything to a terminal") {
  const TestStore store;
  std::ofstream(store.path() + "/\x1b[2J\nevil") << "x";
  const Finished finished = store.run({"verify"});
  CHECK(finished.code == 65);
  CHECK(finished.out.find('\x1b') == std::string::npos);
  CHECK(cli::lines(finished.out).size() == 2);
  CHECK(finished.out.find("foreign_file") != std::string::npos);
}

TEST_CASE("verify of what may not be read ends with 77, and of the rest says what is wrong") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  if (!store.give_to(owner)) return;
  const std::string path = store.path();
  const std::string file = store.record(key);
  REQUIRE(::chown(file.c_str(), 0, 0) == 0);  // as by a restore as root
  const Finished finished = store.run({"verify"});
  CHECK(finished.code == 77);
  CHECK(finished.out.find("error    owner ") != std::string::npos);
  CHECK(finished.out.find("error    unreadable ") != std::string::npos);
  CHECK(cli::is_one_error_line(finished.err));
  REQUIRE(::chown(file.c_str(), owner, owner) == 0);
  CHECK(store.run({"verify"}).code == 0);
  Start start = store.start({"verify"});
  start.user = owner + 1;
  CHECK(cli::run(start).code == 77);
}

TEST_CASE("verify of what is no store ends with 66 and writes nothing there") {
  const TestStore store;
  const auto other = store.directory() / "other";
  std::filesystem::create_directory(other);
  std::ofstream(other / "precious") << "data";
  const auto before = tree(other);
  const Finished finished = cli::run({"verify", "--store", other});
  CHECK(finished.code == 66);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(tree(other) == before);
  CHECK(cli::run({"verify", "--store", store.directory() / "nothing-here"}).code == 66);
}

TEST_CASE("verify of a store that was copied to another file system changes nothing there") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  {
    const auto file = std::filesystem::path(store.path()) / sess::format::store_file;
    std::ifstream in(file);
    std::string text(std::istreambuf_iterator<char>(in), {});
    const std::size_t at = text.find("file_system ");
    REQUIRE(at != std::string::npos);
    text.replace(at, text.find('\n', at) - at, "file_system 1:1");
    std::ofstream(file) << text;
  }
  const auto before = tree(store.path());
  CHECK(store.run({"verify"}).code == 0);
  CHECK(tree(store.path()) == before);
  store.ok({"get", key, "a"});
  CHECK(tree(store.path()) != before);  // what others do with it
}

TEST_CASE("a wrong command line for verify ends with 64") {
  const TestStore store;
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"verify", "extra"},
                                                                     {"verify", "--jobs", "0"},
                                                                     {"verify", "--jobs", "many"},
                                                                     {"verify", "--jobs", "257"},
                                                                     {"verify", "--quiet", "--json"},
                                                                     {"verify", "--quiet", "--notes"}}) {
    const Finished finished = store.run(arguments);
    CAPTURE(arguments);
    CHECK(finished.code == 64);
    CHECK(cli::is_one_error_line(finished.err));
  }
}

TEST_CASE("what somebody has written into the file gc is a note, and the sweep goes on") {
  const TestStore store;
  std::ofstream(std::filesystem::path(store.path()) / "gc") << "nonsense\n";
  const Finished verified = store.run({"verify", "--notes"});
  CHECK(verified.code == 0);
  CHECK(verified.out.starts_with("note "));
  CHECK(verified.out.find("gc: what the last sweep has remembered in it cannot be understood") != std::string::npos);
  store.ok({"gc"});
  CHECK(store.ok({"verify", "--notes"}).find("note") == std::string::npos);
  std::ofstream(std::filesystem::path(store.path()) / "gc") << "nonsense\n";
  CHECK(store.run({"repair"}).code == 0);
  CHECK(store.ok({"verify", "--notes"}).find("note") == std::string::npos);
}
