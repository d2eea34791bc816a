// sessctl quarantine: what an operator sees of damaged records, and how they come back or go.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"
#include "format/names.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
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

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// gc purges nothing that is no older than its begin by the clock of files, which goes by ticks of at most this.
constexpr std::chrono::milliseconds a_tick(10);

/// A session in quarantine, and its bytes from before.
struct Kept {
  Kept() {
    const auto record = store.record(key);
    bytes = content_of(record);
    std::string damaged = bytes;
    damaged.back() = '\x1b';
    std::ofstream(record, std::ios::binary) << damaged;
    REQUIRE(store.run({"repair"}).code == 65);
    name = json::parse(store.ok({"quarantine", "--json"})).at("name");
    cli::outlive(a_tick);
  }
  void mend() const { std::ofstream(store.path() + "/quarantine/" + name, std::ios::binary) << bytes; }
  bool is_there() const { return std::filesystem::exists(store.path() + "/quarantine/" + name); }

  TestStore store;
  std::string key = store.create_key({"secret=\x1b[31mred"});
  std::string bytes;
  std::string name;
};

}  // namespace

TEST_CASE("an empty quarantine is its heading, as that of an empty store, and nothing with --json") {
  const TestStore store;
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"quarantine"}, {"quarantine", "ls"}}) {
    const auto lines = cli::lines(store.ok(arguments));
    REQUIRE(lines.size() == 1);
    CHECK(lines.front().starts_with("NAME "));
  }
  CHECK(store.ok({"quarantine", "ls", "--json"}).empty());
}

TEST_CASE("quarantine lists and shows what is there, why, and no value") {
  const Kept kept;
  const auto lines = cli::lines(kept.store.ok({"quarantine", "ls"}));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("NAME "));
  CHECK(lines[1].starts_with(kept.name + " "));
  CHECK(lines[1].ends_with("  wrong checksum"));
  for (const std::string& name : {kept.name, kept.name.substr(0, 6)}) {
    const std::string text = kept.store.ok({"quarantine", "show", name});
    CHECK(text.find("record         ") != std::string::npos);
    CHECK(text.find("wrong checksum\n") != std::string::npos);
    CHECK(text.find("its header says, which may be damaged: anonymous, generation 1\n") != std::string::npos);
    CHECK(text.find("impossible") != std::string::npos);
    CHECK(text.find("secret") == std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
  }
  const json shown = json::parse(kept.store.ok({"quarantine", "show", kept.name, "--json"}));
  CHECK(shown.at("key") == kept.key);
  CHECK(shown.at("previous").is_null());
  CHECK(shown.at("record").at("problem") == "wrong checksum");
  CHECK(shown.at("record").at("generation") == 1);
  CHECK(shown.at("age_ms").is_number());
}

TEST_CASE("quarantine restore brings back what verifies, with --yes and once") {
  const Kept kept;
  const Finished unverified = kept.store.run({"quarantine", "restore", kept.name, "--yes"});
  CHECK(unverified.code == 65);
  CHECK(cli::is_one_error_line(unverified.err));
  kept.mend();
  CHECK(kept.store.ok({"quarantine", "show", kept.name}).find("restore        possible") != std::string::npos);
  const Finished unsure = kept.store.run({"quarantine", "restore", kept.name});
  CHECK(unsure.code == 64);
  CHECK(unsure.err.find("logged out") != std::string::npos);
  CHECK(kept.store.run({"get", kept.key, "secret"}).code == 65);
  kept.store.ok({"quarantine", "restore", kept.name, "--yes"});
  CHECK(kept.store.ok({"get", kept.key, "secret"}) == "\x1b[31mred");
  CHECK_FALSE(kept.is_there());
  CHECK(kept.store.run({"quarantine", "restore", kept.name, "--yes"}).code == 66);
  CHECK(kept.store.ok({"verify"}).ends_with("nothing wrong"));
}

TEST_CASE("quarantine restore never takes the place of a session, nor brings back one that has expired") {
  const Kept kept;
  kept.mend();
  std::ofstream(kept.store.record(kept.key), std::ios::binary) << kept.bytes;
  const Finished occupied = kept.store.run({"quarantine", "restore", kept.name, "--yes", "--json"});
  CHECK(occupied.code == 73);
  CHECK(cli::is_one_error_line(occupied.err));
  CHECK(json::parse(occupied.out).at("outcome") == "occupied");
  CHECK(kept.is_there());

  const TestStore store;
  const std::string key = store.create_key({"--idle", "1ms", "a=1"});
  const std::string bytes = content_of(store.record(key));
  const std::string path = store.path() + "/quarantine/" + key + ".0000000000000001";
  std::ofstream(path, std::ios::binary) << bytes;
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(store.record(key)));
  std::filesystem::remove(store.record(key));
  cli::outlive(std::chrono::milliseconds(1));
  const Finished expired = store.run({"quarantine", "restore", key, "--yes"});
  CHECK(expired.code == 66);
  CHECK(expired.err.find("expired") != std::string::npos);
}

TEST_CASE("quarantine purge deletes by name, by age, and everything with --yes") {
  const Kept by_name;
  by_name.store.ok({"quarantine", "purge", by_name.name.substr(0, 8)});
  CHECK_FALSE(by_name.is_there());
  const Kept by_age;
  by_age.store.ok({"quarantine", "purge", "--older-than", "1d"});
  CHECK(by_age.is_there());
  const json purged = json::parse(by_age.store.ok({"quarantine", "purge", "--older-than", "0", "--json"}));
  CHECK(purged == json({{"name", by_age.name}, {"outcome", "purged"}}));
  CHECK_FALSE(by_age.is_there());
  const Kept all;
  CHECK(all.store.run({"quarantine", "purge", "--all"}).code == 64);
  CHECK(all.is_there());
  all.store.ok({"quarantine", "purge", "--all", "--yes"});
  CHECK_FALSE(all.is_there());
}

TEST_CASE("gc gives what is in quarantine a retention time") {
  const Kept kept;
  CHECK(json::parse(kept.store.ok({"gc", "--json"})).at("purged") == 0);
  CHECK(json::parse(kept.store.ok({"gc", "--json", "--purge-quarantine", "1d"})).at("purged") == 0);
  CHECK(kept.is_there());
  CHECK(kept.store.ok({"gc", "--dry-run", "--purge-quarantine", "0"}).find(", would delete 1 from quarantine") !=
        std::string::npos);
  CHECK(kept.is_there());
  CHECK(kept.store.ok({"gc", "--quiet", "--purge-quarantine", "0"}).empty());
  CHECK_FALSE(kept.is_there());
}

TEST_CASE("what gc moves to quarantine it does not purge in the same run") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  cli::damage(store.record(key));
  const Finished moved = store.run({"gc", "--json", "--purge-quarantine", "0"});
  CHECK(moved.code == 65);
  CHECK(json::parse(moved.out).at("quarantined") == 1);
  CHECK(json::parse(moved.out).at("purged") == 0);
  CHECK(json::parse(store.ok({"quarantine", "ls", "--json"})).at("key") == key);
  cli::outlive(a_tick);
  CHECK(json::parse(store.ok({"gc", "--json", "--purge-quarantine", "0"})).at("purged") == 1);
}

TEST_CASE("gc purges no file that was put into quarantine while it swept") {
  const Kept kept;
  kept.store.create({"--idle", "1ms", "a=1"});
  cli::outlive(std::chrono::milliseconds(1));
  const std::filesystem::path good = kept.store.directory() / "good";
  std::ofstream(good, std::ios::binary) << kept.bytes;
  const std::string put =
      "cat >/dev/null; cp '" + good.string() + "' '" + kept.store.path() + "/quarantine/" + kept.name + "'";
  CHECK(json::parse(kept.store.ok({"gc", "--json", "--purge-quarantine", "0", "--on-expire", put})).at("purged") == 0);
  kept.store.ok({"quarantine", "restore", kept.name, "--yes"});
}

TEST_CASE("gc stops purging quarantine when its budget is used up, and the next sweep goes on") {
  const TestStore store;
  constexpr unsigned all = 300;
  cli::fill_quarantine(store.path(), all);
  cli::outlive(a_tick);
  const auto purge = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"gc", "--json", "--purge-quarantine", "0"});
    return json::parse(store.ok(options));
  };
  // A part of a millisecond is left for it, and it syncs after each.
  const json first = purge({"--budget", "1ms"});
  CHECK(first.at("purge_error").is_null());
  CHECK(first.at("purged") >= 1);
  CHECK(first.at("purged") < all);
  CHECK(first.at("purge_left") == all - first.at("purged").get<unsigned>());
  const json second = purge({"--budget", "1ms"});
  CHECK(second.at("purged") >= 1);
  const unsigned rest = second.at("purge_left");
  CHECK(rest == first.at("purge_left").get<unsigned>() - second.at("purged").get<unsigned>());
  CHECK(store.ok({"gc", "--budget", "1ms", "--purge-quarantine", "0"}).find(" there for the next sweep") !=
        std::string::npos);
  // A dry run counts all, and so does a sweep without a budget.
  const json counted = purge({"--dry-run", "--budget", "1ms"});
  CHECK(counted.at("purge_left") == 0);
  CHECK(purge({}).at("purged") == counted.at("purged"));
  CHECK(store.ok({"quarantine", "--json"}).empty());
}

TEST_CASE("gc purges nothing by a clock that was set ahead") {
  const Kept kept;
  kept.store.ok({"gc"});
  if (!cli::set_clock_ahead(kept.store.path())) return;
  CHECK(kept.store.run({"gc", "--purge-quarantine", "0"}).code == 75);
  CHECK(kept.is_there());
}

TEST_CASE("gc that cannot purge quarantine sweeps, and says so with 74") {
  const Kept kept;
  const std::string key = kept.store.create_key({"--idle", "1ms", "a=1"});
  if (!kept.store.give_to(65534)) return;
  const std::string quarantine = kept.store.path() + "/quarantine";
  REQUIRE(::chown(quarantine.c_str(), 0, 65534) == 0);
  REQUIRE(::chmod(quarantine.c_str(), 0750) == 0);
  cli::outlive(std::chrono::milliseconds(1));
  const Finished swept = kept.store.run({"gc", "--json", "--purge-quarantine", "0"});
  CHECK(swept.code == 74);
  CHECK(cli::is_one_error_line(swept.err));
  CHECK(swept.err.find("its quarantine was not purged: ") != std::string::npos);
  CHECK(swept.err.find("/quarantine\" belongs to user root, with mode 0750: run 'chown ") != std::string::npos);
  const json line = json::parse(swept.out);
  CHECK(line.at("expired") == 1);
  CHECK(line.at("purged") == 0);
  CHECK(swept.err.find(line.at("purge_error").get<std::string>()) != std::string::npos);
  CHECK(kept.is_there());
}

TEST_CASE("quarantine purge goes on after a name that is not there, and ends with its code") {
  const Kept kept;
  const Finished finished = kept.store.run({"quarantine", "purge", "0000", kept.name});
  CHECK(finished.code == 66);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK_FALSE(kept.is_there());
}

TEST_CASE("a wrong command line for quarantine ends with 64 and deletes nothing") {
  const Kept kept;
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"quarantine", "drop"},
                                             {"quarantine", "ls", "extra"},
                                             {"quarantine", "show"},
                                             {"quarantine", "show", "a", "b"},
                                             {"quarantine", "restore", "--yes"},
                                             {"quarantine", "purge"},
                                             {"quarantine", "purge", kept.name, "--all", "--yes"},
                                             {"quarantine", "purge", "--all", "--older-than", "1d", "--yes"},
                                             {"quarantine", "ls", "--all"},
                                             {"quarantine", "show", kept.name, "--yes"},
                                             {"quarantine", "purge", "--older-than", "soon"}}) {
    const Finished finished = kept.store.run(arguments);
    CAPTURE(arguments);
    CHECK(finished.code == 64);
    CHECK(cli::is_one_error_line(finished.err));
  }
  CHECK(kept.is_there());
}
