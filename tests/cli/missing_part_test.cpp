// A directory of the store is missing, or cannot be read: what commands about many sessions do with the others.
#include "cli/sessctl_program.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::TestStore;
using nlohmann::json;

namespace {

/// A store with sessions in several directories, of which the first is gone.
struct Broken {
  Broken() {
    std::set<std::string> all;
    while (all.size() < 6) all.insert(store.create_key({"a=1"}).substr(0, 2));
    gone = *all.begin();
    for (const std::string& line : cli::lines(store.ok({"ls", "--json"}))) {
      const std::string key = json::parse(line).at("key");
      if (!key.starts_with(gone)) left.insert(key);
    }
    std::filesystem::remove_all(store.path() + "/shards/" + gone);
  }

  /// The keys in JSON Lines that have one.
  static std::set<std::string> keys_in(const std::string& out) {
    std::set<std::string> keys;
    for (const std::string& line : cli::lines(out))
      if (const json each = json::parse(line); each.contains("key")) keys.insert(each.at("key"));
    return keys;
  }

  TestStore store;
  std::string gone;
  std::set<std::string> left;
};

}  // namespace

TEST_CASE("rm ended no session behind a directory that was missing") {
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"--all", "--yes"}, {"--kind", "anonymous"}}) {
    const Broken broken;
    std::vector<std::string> arguments{"rm", "--json"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Finished removed = broken.store.run(arguments);
    CHECK(removed.code == 78);
    CHECK(cli::is_one_error_line(removed.err));
    CHECK(removed.err.find("/shards/" + broken.gone) != std::string::npos);
    CHECK(Broken::keys_in(removed.out) == broken.left);
  }
}

TEST_CASE("of several directories the first is named, in one line") {
  const Broken broken;
  const std::string second = broken.left.begin()->substr(0, 2);
  std::filesystem::remove_all(broken.store.path() + "/shards/" + second);
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"ls"}, {"export"}, {"rm", "--all", "--yes"}}) {
    const Finished finished = broken.store.run(arguments);
    CHECK(finished.code == 78);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find("2 directories of the store cannot be read, first: ") != std::string::npos);
    CHECK(finished.err.find("/shards/" + std::min(broken.gone, second)) != std::string::npos);
  }
}

TEST_CASE("ls lists the sessions of the other directories, sorted, too") {
  const Broken broken;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"ls", "--json"}, {"ls", "--json", "--sort", "age"}}) {
    const Finished listed = broken.store.run(arguments);
    CHECK(listed.code == 78);
    CHECK(cli::is_one_error_line(listed.err));
    CHECK(Broken::keys_in(listed.out) == broken.left);
  }
}

TEST_CASE("export gives away the sessions of the other directories, and import says that some are missing") {
  const Broken broken;
  const Finished exported = broken.store.run({"export"});
  CHECK(exported.code == 78);
  CHECK(cli::is_one_error_line(exported.err));
  CHECK(Broken::keys_in(exported.out) == broken.left);
  const std::string file = broken.store.directory() / "exported";
  std::ofstream(file) << exported.out;
  static_cast<void>(broken.store.run({"repair"}));
  broken.store.ok({"rm", "--all", "--yes"});
  const Finished imported = broken.store.run({"import", file});
  CHECK(imported.code == 65);
  CHECK(imported.err.find("1 directory of its store could not be read when this was exported") != std::string::npos);
  CHECK(Broken::keys_in(broken.store.ok({"ls", "--json"})) == broken.left);
}

TEST_CASE("stats counts nothing where it cannot count all") {
  const Broken broken;
  const Finished counted = broken.store.run({"stats", "--json"});
  CHECK(counted.code == 78);
  CHECK(counted.out.empty());
  CHECK(cli::is_one_error_line(counted.err));
}
