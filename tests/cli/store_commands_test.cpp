// init, ls, stats and gc.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"
#include "format/names.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sess/sess.hpp>

using cli::Finished;
using cli::outlive;
using cli::TestStore;
using nlohmann::json;

TEST_CASE("init makes a store, says what it is with --json, and leaves one that is there as it is") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const json facts = json::parse(store.ok({"init", "--json"}));
  CHECK(facts.at("path").get<std::string>() == store.path());
  CHECK(facts.at("format") == 1);
  CHECK(facts.at("shards") == 256);
  CHECK(facts.at("exchange").is_boolean());
  CHECK(store.ok({"get", key, "a"}) == "1");
}

TEST_CASE("init refuses a directory that holds something else, with 73, and leaves it alone") {
  const TestStore store;
  const auto other = store.directory() / "other";
  std::filesystem::create_directory(other);
  std::ofstream(other / "precious") << "data";
  const Finished finished = cli::run({"init", "--store", other});
  CHECK(finished.code == 73);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(std::filesystem::exists(other / "precious"));
  CHECK(std::distance(std::filesystem::directory_iterator(other), {}) == 1);
}

TEST_CASE("ls of an empty store prints its heading, and nothing with --json") {
  const TestStore store;
  CHECK(store.ok({"ls"}).starts_with("KEY "));
  CHECK(cli::lines(store.ok({"ls"})).size() == 1);
  CHECK(store.ok({"ls", "--json"}).empty());
}

TEST_CASE("ls prints an aligned table, in a pipe too") {
  const TestStore store;
  const std::string first = store.create_key({"--idle", "30m", "--lifetime", "8h", "a=1"});
  const std::string second = store.create_key({"--idle", "9d", "--lifetime", "90d", "a=" + std::string(3000, 'x')});
  store.ok({"set", second, "b=2"});
  const auto table = cli::lines(store.ok({"ls"}));
  REQUIRE(table.size() == 3);
  CHECK(table.at(0) == "KEY           KIND             AGE  IDLE-LEFT   SIZE  GENERATION");
  std::set<std::string> rows{table.at(1), table.at(2)};
  for (const std::string& row : rows) {
    CHECK(row.size() == table.at(0).size());
    const bool is_first = row.starts_with(first.substr(0, 12));
    CHECK(row.starts_with((is_first ? first : second).substr(0, 12) + "  anonymous "));
    CHECK(row.substr(36, 9) == (is_first ? "      29m" : "       8d"));
    CHECK(row.ends_with(is_first ? " 1" : " 2"));
    CHECK((row.find("K  ") != std::string::npos) == !is_first);
  }
  const auto full = cli::lines(store.ok({"ls", "--full"}));
  CHECK(full.at(0).starts_with("KEY" + std::string(37, ' ') + "  KIND"));
  CHECK((full.at(1).starts_with(first) || full.at(1).starts_with(second)));
}

TEST_CASE("ls --json prints one object a line with the documented fields") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const json entry = json::parse(store.ok({"ls", "--json"}));
  std::set<std::string> fields;
  for (const auto& field : entry.items()) fields.insert(field.key());
  CHECK(fields == std::set<std::string>{"key", "state", "kind", "generation", "created", "deadline",
                                        "absolute_deadline", "idle_timeout_ms", "age_ms", "idle_left_ms", "sealed",
                                        "size"});
  CHECK(entry.at("key") == key);
  CHECK(entry.at("created").get<std::string>().size() == 20);
  CHECK(entry.at("size").get<int>() > 0);
}

TEST_CASE("expired sessions are neither listed nor shown, and gc removes them") {
  const TestStore store;
  const std::string expired = store.create_key({"--idle", "1ms", "a=1"});
  const std::string live = store.create_key({"a=1"});
  outlive(std::chrono::milliseconds(1));
  CHECK(json::parse(store.ok({"ls", "--json"})).at("key") == live);
  const Finished shown = store.run({"show", expired});
  CHECK(shown.code == 66);
  CHECK(shown.err.find("expired") != std::string::npos);

  CHECK(store.ok({"gc", "--dry-run"}).starts_with("would remove 1 expired session, examined 2 sessions in "));
  CHECK(std::filesystem::exists(store.record(expired)));
  const std::string swept = store.ok({"gc", "--budget", "10s"});
  CHECK(swept.starts_with("removed 1 expired session, examined 2 sessions in "));
  CHECK(swept.ends_with(" ms"));
  CHECK_FALSE(std::filesystem::exists(store.record(expired)));
  CHECK(std::filesystem::exists(store.record(live)));
}

TEST_CASE("a damaged record with an earlier version is restored, with a line of words") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  store.ok({"set", key, "a=2"});
  cli::damage(store.record(key));
  const Finished got = store.run({"get", key, "a"});
  CHECK(got.code == 0);
  CHECK(got.out == "1\n");
  CHECK(cli::is_one_error_line(got.err));
  CHECK(store.ok({"get", key, "a"}) == "1");
}

TEST_CASE("a damaged record with no earlier version is moved to quarantine and never printed") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  cli::damage(store.record(key));
  const Finished shown = store.run({"show", key});
  CHECK(shown.code == 65);
  CHECK(shown.out.empty());
  const auto words = cli::lines(shown.err);
  CHECK(words.size() == 2);
  for (const std::string& line : words) CHECK(cli::is_one_error_line(line + "\n"));
  CHECK_FALSE(std::filesystem::is_empty(std::filesystem::path(store.path()) / sess::format::quarantine_directory));
}

TEST_CASE("a record of a newer format is listed as unreadable with 65 and left alone") {
  const TestStore store;
  const std::string newer = store.create_key({"a=1"});
  const std::string other = store.create_key({"a=1"});
  {
    std::fstream file(store.record(newer), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8);  // the format version: src/FORMAT.md
    file.put('\x09');
  }
  const Finished listed = store.run({"ls"});
  CHECK(listed.code == 65);
  CHECK(cli::is_one_error_line(listed.err));
  CHECK(listed.out.find("\n" + newer.substr(0, 12) + "  unreadable  ") != std::string::npos);
  CHECK(listed.out.find("\n" + other.substr(0, 12) + "  anonymous  ") != std::string::npos);
  CHECK(cli::lines(store.run({"ls", "--json"}).out).size() == 2);
  CHECK(store.run({"ls", "--json"}).out.find("\"problem\":") != std::string::npos);
  CHECK(json::parse(store.ok({"stats", "--json"})).at("unreadable") == 1);
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"show", newer}, {"get", newer, "a"}, {"set", newer, "a=2"}, {"rm", newer}}) {
    const Finished finished = store.run(arguments);
    CAPTURE(arguments);
    CHECK(finished.code == 65);
    CHECK(finished.out.empty());
    CHECK(cli::is_one_error_line(finished.err));
  }
  // Its time is that of the change: it would have expired.
  const Finished swept = store.run({"gc", "--quiet"});
  CHECK(swept.code == 65);
  CHECK(cli::is_one_error_line(swept.err));
  CHECK(swept.err.find("1 file cannot be read, and stayed") != std::string::npos);
  CHECK(std::filesystem::exists(store.record(newer)));
}

TEST_CASE("a directory that is not a store is refused by every command and never emptied") {
  const TestStore store;
  const auto other = store.directory() / "other";
  std::filesystem::create_directory(other);
  std::ofstream(other / "precious") << "data";
  const std::string key(40, '0');
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"gc"}, {"ls"}, {"stats"}, {"create"}, {"rm", key}, {"show", key}}) {
    std::vector<std::string> all = arguments;
    all.insert(all.begin() + 1, {"--store", other});
    const Finished finished = cli::run(all);
    CAPTURE(arguments.front());
    CHECK(finished.code == 66);
    CHECK(finished.out.empty());
    CHECK(cli::is_one_error_line(finished.err));
  }
  CHECK(std::distance(std::filesystem::directory_iterator(other), {}) == 1);
  CHECK(cli::run({"gc", "--store", store.directory() / "nothing-here"}).code == 66);
  CHECK_FALSE(std::filesystem::exists(store.directory() / "nothing-here"));
}

TEST_CASE("rotate-keys makes a secret, keeps the sessions, and says how it stands") {
  const TestStore store;
  const std::string id = store.create({"a=1"});
  CHECK(store.ok({"rotate-keys"}) == "secret 2 signs new session IDs in 10 s, kept 1 earlier, dropped 0");
  CHECK(store.ok({"get", "--id", id, "a"}) == "1");
  const Finished again = store.run({"rotate-keys"});
  CHECK(again.code == 75);
  CHECK(cli::is_one_error_line(again.err));
}

TEST_CASE("rotate-keys --keep 0 ends every session") {
  const TestStore store;
  const std::string id = store.create({"a=1"});
  const json line = json::parse(store.ok({"rotate-keys", "--keep", "0", "--json"}));
  CHECK(line == json({{"number", 2}, {"signs_after_s", 0}, {"kept", 0}, {"dropped", 1}}));
  const Finished finished = store.run({"get", "--id", id, "a"});
  CHECK(finished.code == 66);
  CHECK(store.ok({"get", "--id", store.create({"a=2"}), "a"}) == "2");
}

TEST_CASE("rotate-keys --keep 0 says that programs which run are to be restarted") {
  const TestStore store;
  CHECK(store.ok({"rotate-keys"}).find("restart") == std::string::npos);
  const std::string told = store.ok({"rotate-keys", "--keep", "0"});
  CHECK(
      told.starts_with("secret 3 signs new session IDs from now on, kept 0 earlier, dropped 2; restart every program"));
}

TEST_CASE("upgrade says which format the store has, and lets a store of the newest one alone") {
  const TestStore store;
  const auto file = std::filesystem::path(store.path()) / sess::format::store_file;
  const auto written = std::filesystem::last_write_time(file);
  CHECK(store.ok({"upgrade"}) == "the store has format 1 already, the newest");
  CHECK(json::parse(store.ok({"upgrade", "--dry-run", "--json"})) == json({{"dry_run", true}, {"from", 1}, {"to", 1}}));
  CHECK(std::filesystem::last_write_time(file) == written);
  CHECK(store.run({"upgrade", "2"}).code == 64);
  CHECK(cli::run({"upgrade", "--store", store.directory() / "nothing-here"}).code == 66);
}
