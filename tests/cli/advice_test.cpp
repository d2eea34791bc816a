// What an error of the system says is to be done about it.
#include "cli/sessctl_program.hpp"
#include "format/names.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::TestStore;

namespace {

/// Replaced by a symbolic link to what was there.
void link_away(const std::filesystem::path& path, const std::filesystem::path& to) {
  std::filesystem::rename(path, to);
  std::filesystem::create_symlink(to, path);
}

void check_says(const Finished& finished, int code, const std::string& text) {
  CAPTURE(finished.err);
  CHECK(finished.code == code);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find(text) != std::string::npos);
}

}  // namespace

TEST_CASE("verify and repair without descriptors say to raise that limit, as ls does") {
  const TestStore store;
  store.create({"a=1"});
  for (const char* command : {"verify", "repair", "ls"}) {
    cli::Start start = store.start({command});
    start.most_descriptors = 7;
    const Finished finished = cli::run(start);
    CAPTURE(command);
    check_says(finished, 74, "; raise the limit of open files (ulimit -n), then try again");
    CHECK((finished.out + finished.err).find("kernel's log") == std::string::npos);
  }
  cli::Start start = store.start({"verify", "--json"});
  start.most_descriptors = 7;
  const auto finding = nlohmann::json::parse(cli::lines(cli::run(start).out).front());
  CHECK(finding.at("kind") == "unreadable");
  CHECK(finding.at("advice").get<std::string>().find("ulimit -n") != std::string::npos);
}

TEST_CASE("a symbolic link in the place of a file or a directory of the store is said to be that") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  link_away(store.record(key), store.directory() / "record");
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"get", key, "a"}, {"set", key, "a=2"}})
    check_says(store.run(arguments), 74, "; a symbolic link stands in the place of a file: 'sessctl verify' names it");
  CHECK(store.run({"verify"}).out.find(key) != std::string::npos);
  const std::filesystem::path shard = store.record(key).parent_path();
  link_away(shard, store.directory() / "shard");
  check_says(store.run({"ls"}), 74, "; something else stands in the place of a directory: 'sessctl verify' names it");
  // Without it no store can be opened, and so none be verified.
  link_away(store.path() + "/" + sess::format::keys_file, store.directory() / "keys");
  check_says(store.run({"verify"}), 74, "; something else stands in its place: put back what was there");
}
