// The audit log that the demo site keeps: lines that a program can read, whatever happens to the file.
#include "../../../tools/demo/audit_log.hpp"
#include "../../../tools/demo/site/settings.hpp"

#include "support/processes.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using demo::audit_line;
using demo::AuditLog;
using sess::Event;
using sess::SessionKey;
using sess::test::TemporaryDirectory;
using Json = nlohmann::json;

namespace {

std::vector<Json> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<Json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
  return lines;
}

Event about(int number) {
  SessionKey::Bytes bytes{};
  bytes[0] = static_cast<std::uint8_t>(number);
  return {.kind = Event::Kind::created, .key = SessionKey(bytes)};
}

TEST_CASE("an event is one object of the documented names, and what it lacks is left out") {
  Event event{.kind = Event::Kind::authenticated};
  event.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'042));
  const SessionKey key = SessionKey::parse("d208ecf55ecbb081ce863d0e601a670b368b8425").value();
  event.key = key;
  Json line = Json::parse(audit_line(event));
  CHECK(line.at("pid").is_number());
  line.erase("pid");
  CHECK(line == Json{{"time", "2023-11-14T22:13:20.042Z"},
                     {"event", "authenticated"},
                     {"key", "d208ecf55ecbb081ce863d0e601a670b368b8425"}});
  event.replaced = event.principal = key;
  event.holder = 7;
  event.sent = "0123456789abcdef";
  event.detail = "words";
  line = Json::parse(audit_line(event));
  for (const char* name : {"replaced", "principal"}) CHECK(line.at(name) == key.to_string());
  CHECK(line.at("holder") == 7);
  CHECK(line.at("sent") == "0123456789abcdef");
  CHECK(line.at("detail") == "words");

  line = Json::parse(audit_line(
      {.kind = Event::Kind::clock_jump, .clock_jump = std::chrono::hours(48), .held_for = std::chrono::hours(1)}));
  CHECK(line.at("clock_jump_ms") == 172'800'000);
  CHECK(line.at("held_for_ms") == 3'600'000);
}

TEST_CASE("hostile words stay in their line and in ASCII") {
  const std::string hostile("a\nb\r\x1b[31m\"\\\xff\xe2\x80\xa8\0z", 16);
  const std::string line = audit_line({.kind = Event::Kind::quarantined, .detail = hostile});
  CHECK(line.find('\n') == line.size() - 1);
  for (const char character : line.substr(0, line.size() - 1)) {
    CHECK(character >= ' ');
    CHECK(character < '\x7f');
  }
  CHECK(Json::parse(line).at("detail").get<std::string>().starts_with("a\nb\r\x1b[31m\"\\"));
}

TEST_CASE("several processes and threads write one log, and each line is whole") {
  for (const std::string& below : sess::test::file_systems()) {
    const TemporaryDirectory directory(below);
    const std::string path = directory / "audit.jsonl";
    constexpr int processes = 4, threads = 2, events = 200;
    const int failed = sess::test::run_processes(processes, [&](int number) {
      AuditLog log(path);
      std::vector<std::thread> all;
      for (int thread = 0; thread < threads; ++thread)
        all.emplace_back([&, thread] {
          for (int i = 0; i < events; ++i) log.write(about(number * threads + thread));
        });
      for (std::thread& thread : all) thread.join();
      if (log.failures() != 0) throw std::runtime_error("a line was not written");
    });
    CHECK(failed == 0);
    std::map<std::string, int> counts;
    for (const Json& line : lines_of(path)) ++counts[line.at("key")];
    CHECK(counts.size() == processes * threads);
    for (const auto& [key, count] : counts) CHECK(count == events);
  }
}

TEST_CASE("a log is readable by its owner alone, and goes on in a new file after a rotation") {
  const TemporaryDirectory directory;
  const std::string path = directory / "audit.jsonl";
  AuditLog log(path);
  log.write(about(1));
  struct ::stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  // logrotate without copytruncate: renamed, and perhaps made again by logrotate.
  REQUIRE(std::rename(path.c_str(), (path + ".1").c_str()) == 0);
  log.write(about(2));
  REQUIRE(std::rename(path.c_str(), (path + ".2").c_str()) == 0);
  std::ofstream(path).close();
  log.write(about(3));
  // copytruncate.
  std::ofstream(path, std::ios::trunc).close();
  log.write(about(4));
  CHECK(lines_of(path + ".1").size() == 1);
  CHECK(lines_of(path + ".2").size() == 1);
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].at("key").get<std::string>().starts_with("04"));
  CHECK(log.failures() == 0);
}

TEST_CASE("a log that cannot be opened is no log at first, and a counted failure later") {
  const TemporaryDirectory directory;
  CHECK_THROWS_AS(AuditLog(directory / "missing/audit.jsonl"), std::system_error);
  const std::string path = directory / "audit.jsonl";
  REQUIRE(::symlink("elsewhere", path.c_str()) == 0);
  CHECK_THROWS_AS(AuditLog{path}, std::system_error);
  REQUIRE(::unlink(path.c_str()) == 0);

  AuditLog log(path);
  REQUIRE(std::rename(path.c_str(), (path + ".1").c_str()) == 0);
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  log.write(about(1));
  CHECK(log.failures() == 1);
  REQUIRE(::rmdir(path.c_str()) == 0);
  log.write(about(2));
  CHECK(log.failures() == 1);
  CHECK(lines_of(path).size() == 1);
}

TEST_CASE("a line that a full disk cut short is counted, and the next one begins anew") {
  const TemporaryDirectory directory;
  const std::string path = directory / "audit.jsonl";
  // The limit on a file's size stands for the full disk; in a child, because a process cannot always raise it again.
  sess::test::Child child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    AuditLog log(path);
    log.write(about(1));
    struct ::stat status {};
    ::stat(path.c_str(), &status);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = static_cast<rlim_t>(status.st_size + 10);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    log.write(about(2));
    log.write(about(3));
    if (log.failures() != 2) throw std::runtime_error("a failure was not counted");
    limit.rlim_cur = before;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    log.write(about(4));
    if (log.failures() != 2) throw std::runtime_error("a line was not written");
  });
  REQUIRE(child.wait() == 0);
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].size() == 10);
  CHECK(Json::parse(lines[2]).at("key").get<std::string>().starts_with("04"));
}

TEST_CASE("the demo site keeps an audit log where it is asked for one") {
  const TemporaryDirectory directory;
  const std::string store = directory / "store", path = directory / "audit.jsonl";
  sess::Store::init(store);
  static_cast<void>(demo::open_store({.store = store}).parse("forged"));
  CHECK(sess::test::files_below(directory.path()).front() != "audit.jsonl");
  static_cast<void>(demo::open_store({.store = store, .audit = path}).parse("forged"));
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].at("event") == "refused_id");
}

}  // namespace
