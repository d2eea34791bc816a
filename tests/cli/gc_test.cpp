// sessctl gc: what it does, says and ends with.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"
#include "format/names.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

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

TEST_CASE("gc that moves a damaged record to quarantine ends with 65") {
  const TestStore store;
  const std::string key = store.create_key({"--idle", "1ms", "a=1"});
  cli::damage(store.record(key));
  outlive(std::chrono::milliseconds(1));
  const Finished swept = store.run({"gc", "--json"});
  CHECK(swept.code == 65);
  CHECK(json::parse(swept.out).at("quarantined") == 1);
  for (const std::string& line : cli::lines(swept.err)) CHECK(cli::is_one_error_line(line + "\n"));
}

TEST_CASE("gc --dry-run says that it would move a damaged record, and not that it did") {
  const TestStore store;
  const std::string key = store.create_key({"--idle", "1ms", "a=1"});
  cli::damage(store.record(key));
  outlive(std::chrono::milliseconds(1));
  const Finished swept = store.run({"gc", "--dry-run"});
  CHECK(swept.code == 65);
  CHECK(swept.out.find(", would move 1 to quarantine in ") != std::string::npos);
  CHECK(cli::is_one_error_line(swept.err));
  CHECK((swept.out + swept.err).find("moved") == std::string::npos);
  CHECK(std::filesystem::exists(store.record(key)));
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
  // Who has had it for so long has been stopped, or hangs.
  cli::set_last_sweep_back(store.path(), std::chrono::minutes(90));
  const Finished stuck = store.run({"gc", "--quiet"});
  CHECK(stuck.code == 75);
  CHECK(cli::is_one_error_line(stuck.err));
  CHECK(stuck.err.find("no sweep has ended for ") != std::string::npos);
  ::close(lock);
  cli::damage(store.record(store.create_key({"a=1"})));
  const Finished wrong = store.run({"gc", "--quiet"});
  CHECK(wrong.code == 65);
  CHECK_FALSE(wrong.err.empty());
  CHECK(store.run({"gc", "--quiet", "--json"}).code == 64);
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
