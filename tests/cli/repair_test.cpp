// sessctl repair: what an operator is told that was done, and that a dry run does nothing.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"
#include "format/names.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>
#include <sess/sess.hpp>

using cli::damage;
using cli::Finished;
using cli::TestStore;
using cli::tree;
using nlohmann::json;

namespace {

/// One of each that repair does something about, and one that it does not.
struct Damaged {
  Damaged() {
    store.ok({"set", recoverable, "a=2"});
    damage(store.record(recoverable));
    damage(store.record(lost));
    REQUIRE(::chmod(store.record(open_to_all).c_str(), 0644) == 0);
    std::filesystem::last_write_time(store.record(too_late), std::filesystem::file_time_type::clock::now());
    std::filesystem::remove(store.path() + "/gc");
    {
      const auto opened = sess::Store::open(store.path());
      for (int n = 0; n < 2; ++n) {
        sess::Session session = opened.create({.kind = sess::SessionKind::authenticated, .principal = "ann"});
        session.set("a", 1);
        REQUIRE(session.commit().ok());
        if (n == 1) REQUIRE(session.destroy().ok());
      }
    }
    std::ofstream(store.path() + "/shards/00/core") << "x";
  }

  TestStore store;
  std::string recoverable = store.create_key({"a=1"});
  std::string lost = store.create_key({"a=1"});
  std::string open_to_all = store.create_key({"a=1"});
  std::string too_late = store.create_key({"a=1"});
};

}  // namespace

TEST_CASE("repair of a store in order says so and ends with 0") {
  const TestStore store;
  store.create({"a=1"});
  const auto before = tree(store.path());
  CHECK(store.ok({"repair"}).ends_with(" ms: nothing to repair"));
  CHECK(tree(store.path()) == before);
  CHECK(json::parse(store.ok({"repair", "--json"})).at("mended") == 0);
}

TEST_CASE("repair --dry-run says what repair does, and leaves every byte and every time as it is") {
  const Damaged damaged;
  const TestStore& store = damaged.store;
  const auto before = tree(store.path());
  const Finished text = store.run({"repair", "--dry-run", "--notes"});
  CHECK(tree(store.path()) == before);
  CHECK(text.code == 65);
  CHECK(cli::is_one_error_line(text.err));
  CHECK(text.err.find("1 damaged record would be moved to quarantine") != std::string::npos);
  CHECK(text.out.find("to be mended ") != std::string::npos);
  CHECK(text.out.find("to be quarantined ") != std::string::npos);
  CHECK(text.out.find("dry run, nothing was changed: ") != std::string::npos);
  const Finished would = store.run({"repair", "--dry-run", "--json"});
  CHECK(tree(store.path()) == before);
  const Finished done = store.run({"repair", "--json"});
  CHECK(would.code == done.code);
  const auto actions = [](const Finished& finished) {
    std::set<std::string> all;
    for (const std::string& line : cli::lines(finished.out)) {
      const json object = json::parse(line);
      if (object.contains("action"))
        all.insert(object.at("file").get<std::string>() + " " + object.at("kind").get<std::string>() + " " +
                   object.at("action").get<std::string>());
    }
    return all;
  };
  CHECK(actions(would) == actions(done));
  CHECK(actions(done).size() == 7);
}

TEST_CASE(
    "repair mends what it can, says what it did, and the next one has nothing left to do but what is a person's") {
  const Damaged damaged;
  const TestStore& store = damaged.store;
  const Finished finished = store.run({"repair"});
  CHECK(finished.code == 65);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("1 damaged record was moved to quarantine") != std::string::npos);
  const auto line_of = [&](const std::string& name) {
    for (const std::string& line : cli::lines(finished.out))
      if (line.find(name) != std::string::npos) return line;
    return std::string();
  };
  CHECK(line_of(damaged.recoverable).starts_with("mended       checksum "));
  CHECK(line_of(damaged.recoverable).find("restored from its previous version; the damaged bytes are kept") !=
        std::string::npos);
  CHECK(line_of(damaged.lost).starts_with("quarantined  checksum "));
  CHECK(line_of(damaged.open_to_all).starts_with("mended       mode "));
  CHECK(line_of("shards/00/core").starts_with("left         foreign_file "));
  CHECK(line_of("  gc: ").starts_with("mended       missing "));
  CHECK(cli::lines(finished.out).back().find("1 moved to quarantine, 1 left") != std::string::npos);
  CHECK(store.ok({"get", damaged.recoverable, "a"}) == "1");
  CHECK(store.run({"get", damaged.lost, "a"}).code == 65);
  CHECK(store.ok({"get", damaged.too_late, "a"}) == "1");
  CHECK(std::filesystem::exists(store.path() + "/shards/00/core"));

  const Finished again = store.run({"repair"});
  CHECK(again.code == 65);
  CHECK(again.err.find("something is left for a person") != std::string::npos);
  std::filesystem::remove(store.path() + "/shards/00/core");
  CHECK(store.run({"repair"}).code == 0);
  CHECK(store.ok({"verify"}).find(": nothing wrong; 2 damaged records are in quarantine") != std::string::npos);
}

TEST_CASE("repair of a time that says too late ends with what the next verify says, too") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const auto far_away = std::filesystem::file_time_type::clock::now() + std::chrono::hours(24 * 365 * 70);
  std::filesystem::last_write_time(store.record(key), std::chrono::floor<std::chrono::seconds>(far_away));
  const int dry = store.run({"repair", "--dry-run"}).code;
  const Finished finished = store.run({"repair"});
  CHECK(finished.code == 65);
  CHECK(dry == 65);
  CHECK(finished.err.find("something is left for a person") != std::string::npos);
  const auto told = cli::lines(finished.out);
  REQUIRE(told.size() == 3);
  CHECK(told[0].starts_with("mended       times "));
  CHECK(told[1].starts_with("left         deadline "));
  CHECK(told[1].ends_with("; the session ends by then"));
  CHECK(told[2].ends_with(": 1 mended, 1 left"));
  const Finished verified = store.run({"verify"});
  CHECK(verified.code == 65);
  CHECK(verified.out.starts_with("warning  deadline "));
  CHECK(store.run({"repair"}).code == 65);
  store.ok({"rm", key});
  CHECK(store.run({"repair"}).code == 0);
}

TEST_CASE("what is left because the list of its principal is locked ends with 75") {
  const TestStore store;
  const auto opened = sess::Store::open(store.path());
  const auto log_in = [&] {
    auto login = opened.create({.kind = sess::SessionKind::authenticated, .principal = "ann"});
    login.set("a", 1);
    REQUIRE(login.commit().ok());
  };
  log_in();
  std::filesystem::path list;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store.path() + "/principals"))
    if (entry.is_regular_file()) list = entry.path();
  const auto before = store.directory() / "list";
  std::filesystem::copy_file(list, before);
  const auto time = std::filesystem::last_write_time(list);
  log_in();
  {
    std::ifstream from(before, std::ios::binary);
    std::ofstream(list, std::ios::binary | std::ios::trunc) << from.rdbuf();
  }
  std::filesystem::last_write_time(list, time);
  const int descriptor = ::open(list.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(descriptor, LOCK_EX | LOCK_NB) == 0);
  const Finished finished = store.run({"repair", "--wait", "0s"});
  CHECK(finished.code == 75);
  CHECK(finished.out.find("left         missing_entry ") != std::string::npos);
  CHECK(::close(descriptor) == 0);
  CHECK(store.run({"repair"}).code == 0);
}

TEST_CASE("repair of what may not be written says so with 77 and goes on") {
  const TestStore store;
  constexpr uid_t owner = 65534;
  const std::string key = store.create_key({"a=1"});
  if (!store.give_to(owner)) return;
  const std::string path = store.path();
  const std::string file = store.record(key);
  REQUIRE(::chown(file.c_str(), 0, 0) == 0);
  std::filesystem::remove(path + "/gc");
  const Finished finished = store.run({"repair"});
  CHECK(finished.code == 77);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(std::filesystem::exists(path + "/gc"));
  struct stat status {};
  REQUIRE(::stat((path + "/gc").c_str(), &status) == 0);
  CHECK(status.st_uid == owner);
  CHECK(finished.out.find("chown 65534") != std::string::npos);
}

TEST_CASE("what repair has tried in vain says what to do") {
  const TestStore store;
  const std::string key = store.create_key({"a=" + std::string(8192, 'x')});
  store.ok({"set", key, "b=2"});
  damage(store.record(key));
  cli::Start start = store.start({"repair"});
  start.largest_file = 4096;
  const Finished finished = cli::run(start);
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.out.starts_with("failed       checksum "));
  CHECK(finished.out.find(": File too large; raise the limit of file size (ulimit -f), then try again\n") !=
        std::string::npos);
  start.arguments.emplace_back("--json");
  const json told = json::parse(cli::lines(cli::run(start).out).front());
  CHECK(told.at("action") == "failed");
  CHECK(told.at("advice") == "raise the limit of file size (ulimit -f), then try again");
  CHECK(store.run({"repair"}).code == 0);
}

TEST_CASE("what repair may not do says whose the file is that is in its way") {
  const TestStore store;
  constexpr uid_t owner = 65534;
  const std::string key = store.create_key({"a=1"});
  store.ok({"set", key, "a=2"});
  damage(store.record(key));
  if (!store.give_to(owner)) return;
  const std::string quarantine = store.path() + "/quarantine";
  REQUIRE(::chown(quarantine.c_str(), 0, 0) == 0);
  REQUIRE(::chmod(quarantine.c_str(), 0755) == 0);
  const Finished finished = store.run({"repair"});
  CHECK(finished.code == 77);
  CHECK(cli::is_one_error_line(finished.err));
  const std::size_t failed = finished.out.find("failed       checksum ");
  REQUIRE(failed != std::string::npos);
  const std::string line = cli::lines(finished.out.substr(failed)).front();
  INFO(line);
  CHECK(line.find("/quarantine\" belongs to user root, with mode 0755: run 'chown ") != std::string::npos);
}

TEST_CASE("repair of what is no store ends with 66, of a wrong command line with 64, and writes nothing") {
  const TestStore store;
  const auto other = store.directory() / "other";
  std::filesystem::create_directory(other);
  std::ofstream(other / "precious") << "data";
  const auto before = tree(other);
  CHECK(cli::run({"repair", "--store", other}).code == 66);
  CHECK(tree(other) == before);
  CHECK(store.run({"repair", "extra"}).code == 64);
  CHECK(store.run({"repair", "--dry-run=0"}).code == 64);
  CHECK(store.run({"repair", "--jobs", "0"}).code == 64);
}
