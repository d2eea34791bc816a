// init, ls, stats and gc.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"
#include "format/names.hpp"

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>
#include <sess/sess.hpp>

using cli::Finished;
using cli::outlive;
using cli::TestStore;
using nlohmann::json;

namespace {

void damage(const std::filesystem::path& record) {
  std::fstream file(record, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  file.put('\x5a');
  file.put('\x5a');
}

}  // namespace

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

TEST_CASE("gc --json reports what it did") {
  const TestStore store;
  store.create({"--idle", "1ms", "a=1"});
  outlive(std::chrono::milliseconds(1));
  const json report = json::parse(store.ok({"gc", "--json"}));
  CHECK(report.at("outcome") == "ok");
  CHECK(report.at("dry_run") == false);
  CHECK(report.at("examined") == 1);
  CHECK(report.at("expired") == 1);
  CHECK(report.at("first_error").is_null());
  CHECK(report.at("complete") == true);
  for (const char* field : {"in_use", "leftovers", "spares", "quarantined", "purged", "unreadable", "errors",
                            "shards_done", "clock_jump_ms", "held_for_ms", "duration_us"})
    CHECK(report.at(field).is_number());
}

TEST_CASE("gc removes nothing after the clock was set ahead, says so with 75, and sweeps with --trust-clock") {
  const TestStore store;
  store.ok({"gc"});
  const std::string key = store.create_key({"--idle", "1ms", "a=1"});
  outlive(std::chrono::milliseconds(1));
  if (!cli::set_clock_ahead(store.path())) return;

  const Finished held = store.run({"gc"});
  CHECK(held.code == 75);
  CHECK(held.out.empty());
  CHECK(cli::is_one_error_line(held.err));
  CHECK(held.err.find("set ahead by 2d") != std::string::npos);
  const Finished still_held = store.run({"gc", "--json"});
  CHECK(still_held.code == 75);
  CHECK(json::parse(still_held.out).at("clock_jump_ms").get<long>() > 48 * 60 * 60 * 1000);
  CHECK(json::parse(still_held.out).at("held_for_ms").get<long>() > 0);
  CHECK(std::filesystem::exists(store.record(key)));
  CHECK(store.ok({"gc", "--trust-clock"}).starts_with("removed 1 expired session, "));
  store.ok({"gc"});
}

TEST_CASE("stats draws how old sessions are and how long they have, and tells of the last sweep") {
  const TestStore store;
  const std::string empty = store.ok({"stats"});
  CHECK(empty.find("last sweep     none: see 'sessctl gc --help'") != std::string::npos);
  CHECK(empty.find("age") == std::string::npos);
  for (const char* idle : {"5m", "5m", "5m", "5m", "20d"}) store.create({"--idle", idle, "--lifetime", "20d"});
  store.ok({"gc"});
  const std::string text = store.ok({"stats"});
  CHECK(text.find(" ago, removed 0 of 5 in ") != std::string::npos);
  CHECK(text.find("\nage\n  up to 1m           5  " + std::string(40, '#') + "\n\nexpires") != std::string::npos);
  // From the first that there are to the last.
  CHECK(text.find("within\n  up to 10m          4  " + std::string(40, '#') +
                  "\n  up to 1h           0\n  up to 6h           0\n  up to 1d           0\n  up to 7d           0\n"
                  "  up to 30d          1  ##########") != std::string::npos);
  CHECK(text.find("\n\nswept in the hour from  sweeps    removed\n  20") != std::string::npos);
  CHECK(text.ends_with(":00:00Z       1          0"));
  CHECK(store.run({"stats", "--json", "--prometheus"}).code == 64);
}

TEST_CASE("stats counts what there is") {
  const TestStore store;
  json stats = json::parse(store.ok({"stats", "--json"}));
  CHECK(stats.at("sessions") == 0);
  CHECK(stats.at("oldest").is_null());
  CHECK(stats.at("swept_hours") == json::array());
  {
    const auto opened = sess::Store::open(store.path());
    sess::Session session = opened.create({.kind = sess::SessionKind::authenticated});
    session.set("user", "ann");
    REQUIRE(session.commit().ok());
  }
  store.create({"a=1"});
  stats = json::parse(store.ok({"stats", "--json"}));
  CHECK(stats.at("path").get<std::string>() == store.path());
  CHECK(stats.at("sessions") == 2);
  CHECK(stats.at("anonymous") == 1);
  CHECK(stats.at("authenticated") == 1);
  CHECK(stats.at("unreadable") == 0);
  CHECK(stats.at("bytes").get<int>() > 0);
  CHECK(stats.at("oldest_age_ms").get<long>() >= 0);
  // The hour may end between the two.
  store.create({"--idle", "1ms"});
  cli::outlive(std::chrono::milliseconds(1));
  for (int i = 0; i < 2; ++i) store.ok({"gc"});
  std::map<std::string, int> sums;
  const json swept = json::parse(store.ok({"stats", "--json"})).at("swept_hours");
  for (const json& hour : swept) {
    CHECK(hour.at("hour").get<std::string>().ends_with(":00:00Z"));
    for (const char* name : {"sweeps", "examined", "expired", "leftovers", "duration_ms"})
      sums[name] += hour.at(name).get<int>();
  }
  CHECK(sums.at("sweeps") == 2);
  CHECK(sums.at("examined") == 5);
  CHECK(sums.at("expired") == 1);
  CHECK(sums.at("leftovers") == 0);
  const std::string text = store.ok({"stats"});
  CHECK(text.find("sessions       2\n") != std::string::npos);
  CHECK(text.find("authenticated  1\n") != std::string::npos);
}

TEST_CASE("a damaged record with an earlier version is restored, with a line of words") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  store.ok({"set", key, "a=2"});
  damage(store.record(key));
  const Finished got = store.run({"get", key, "a"});
  CHECK(got.code == 0);
  CHECK(got.out == "1\n");
  CHECK(cli::is_one_error_line(got.err));
  CHECK(store.ok({"get", key, "a"}) == "1");
}

TEST_CASE("a damaged record with no earlier version is moved to quarantine and never printed") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  damage(store.record(key));
  const Finished shown = store.run({"show", key});
  CHECK(shown.code == 66);
  CHECK(shown.out.empty());
  const auto words = cli::lines(shown.err);
  CHECK(words.size() == 2);
  for (const std::string& line : words) CHECK(cli::is_one_error_line(line + "\n"));
  CHECK_FALSE(std::filesystem::is_empty(std::filesystem::path(store.path()) / sess::format::quarantine_directory));
}

TEST_CASE("gc that moves a damaged record to quarantine ends with 65") {
  const TestStore store;
  const std::string key = store.create_key({"--idle", "1ms", "a=1"});
  damage(store.record(key));
  outlive(std::chrono::milliseconds(1));
  const Finished swept = store.run({"gc", "--json"});
  CHECK(swept.code == 65);
  CHECK(json::parse(swept.out).at("quarantined") == 1);
  for (const std::string& line : cli::lines(swept.err)) CHECK(cli::is_one_error_line(line + "\n"));
}

TEST_CASE("gc --dry-run says that it would move a damaged record, and not that it did") {
  const TestStore store;
  const std::string key = store.create_key({"--idle", "1ms", "a=1"});
  damage(store.record(key));
  outlive(std::chrono::milliseconds(1));
  const Finished swept = store.run({"gc", "--dry-run"});
  CHECK(swept.code == 65);
  CHECK(swept.out.find(", would move 1 to quarantine in ") != std::string::npos);
  CHECK(cli::is_one_error_line(swept.err));
  CHECK((swept.out + swept.err).find("moved") == std::string::npos);
  CHECK(std::filesystem::exists(store.record(key)));
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

TEST_CASE("gc next to another sweeper ends with 75 and does nothing") {
  const TestStore store;
  const int lock = ::open((store.path() + "/" + sess::format::gc_file).c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(lock >= 0);
  REQUIRE(::flock(lock, LOCK_EX) == 0);
  const Finished refused = store.run({"gc"});
  CHECK(refused.code == 75);
  CHECK(refused.out.empty());
  CHECK(cli::is_one_error_line(refused.err));
  CHECK(json::parse(store.run({"gc", "--json"}).out).at("outcome") == "busy");
  ::close(lock);
  store.ok({"gc"});
}

TEST_CASE("gc --quiet says nothing where nothing is wrong, nor that another sweeper is at work") {
  const TestStore store;
  const std::string key = store.create_key({"--idle", "1ms", "a=1"});
  outlive(std::chrono::milliseconds(1));
  const Finished swept = store.run({"gc", "--quiet"});
  CHECK(swept.code == 0);
  CHECK((swept.out + swept.err).empty());
  CHECK_FALSE(std::filesystem::exists(store.record(key)));
  const int lock = ::open((store.path() + "/" + sess::format::gc_file).c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(lock, LOCK_EX) == 0);
  const Finished busy = store.run({"gc", "--quiet"});
  CHECK(busy.code == 0);
  CHECK((busy.out + busy.err).empty());
  ::close(lock);
  damage(store.record(store.create_key({"a=1"})));
  const Finished wrong = store.run({"gc", "--quiet"});
  CHECK(wrong.code == 65);
  CHECK_FALSE(wrong.err.empty());
  CHECK(store.run({"gc", "--quiet", "--json"}).code == 64);
}

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
  CHECK_FALSE(std::filesystem::exists(second.record(expired)));
  const auto told = cli::lines(cli::run({"gc", first.path(), second.path()}).out);
  REQUIRE(told.size() == 2);
  CHECK(told[0].starts_with(first.path() + ": removed 0 "));
  CHECK(told[1].starts_with(second.path() + ": removed 0 "));
  const Finished twice = cli::run({"gc", "--store", first.path(), second.path()});
  CHECK(twice.code == 64);
  CHECK(cli::is_one_error_line(twice.err));
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

TEST_CASE("gc says of what it leaves and of what it sets aside, and a dry run that it would") {
  const TestStore store;
  const std::string bad = store.create_key({"--idle", "1ms", "a=1"});
  const std::string pipe = store.create_key({"--idle", "1ms", "a=1"});
  cli::outlive(std::chrono::milliseconds(1));
  cli::damage(store.record(bad));
  const std::filesystem::file_time_type past = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(store.record(bad), past);
  std::filesystem::remove(store.record(pipe));
  REQUIRE(::mkfifo(store.record(pipe).c_str(), 0600) == 0);
  std::filesystem::last_write_time(store.record(pipe), past);
  for (const bool is_dry : {true, false}) {
    const cli::Finished swept =
        store.run(is_dry ? std::vector<std::string>{"gc", "--dry-run"} : std::vector<std::string>{"gc"});
    CAPTURE(swept.err);
    CHECK(swept.code == 65);
    const bool is_told =
        swept.err.find(is_dry ? "1 file cannot be read, and would stay, and 1 damaged record would be moved"
                              : "1 file cannot be read, and stayed, and 1 damaged record moved") != std::string::npos;
    CHECK(is_told);
    CHECK((swept.err.find("the rest was swept") == std::string::npos) == is_dry);
  }
}
