// What an error of the system says is to be done about it.
#include "cli/damage.hpp"
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

constexpr uid_t owner = 65534;
constexpr uid_t stranger = 65533;

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
  // Of all that could not be looked at therefore nothing is told.
  for (const char* command : {"verify", "repair"}) {
    cli::Start start = store.start({command});
    start.most_descriptors = 8;
    const Finished finished = cli::run(start);
    CHECK(finished.out.empty());
    check_says(finished, 74, "Too many open files; raise the limit of open files (ulimit -n), then try again");
  }
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

TEST_CASE("what the store's owner may not open for its mode is to be given that mode") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  if (::geteuid() == 0) REQUIRE(store.give_to(owner));
  const std::string shard = store.record(key).parent_path();
  const std::string keys = store.path() + "/" + sess::format::keys_file;
  REQUIRE(::chmod(shard.c_str(), 0) == 0);
  check_says(store.run({"ls"}), 77, "\"" + shard + "\": Permission denied; it belongs to user ");
  check_says(store.run({"ls"}), 77, ", with mode 0000: run 'chmod u+rwX' on it");
  // Of what is in it nothing can be known.
  check_says(store.run({"get", key, "a"}), 77, "Permission denied; \"" + shard + "\" belongs to user ");
  check_says(store.run({"get", key, "a"}), 77, ", with mode 0000: run 'chmod u+rwX' on it");
  REQUIRE(::chmod(shard.c_str(), 0700) == 0);
  REQUIRE(::chmod(keys.c_str(), 0) == 0);
  check_says(store.run({"verify"}), 77, ", with mode 0000: run 'chmod u+rwX' on it");
  REQUIRE(::chmod(keys.c_str(), 0600) == 0);
  // A record that may be read, in a directory that may not be written.
  REQUIRE(::chmod(shard.c_str(), 0500) == 0);
  check_says(store.run({"rm", key}), 77, "\"" + shard + "\" belongs to user ");
  REQUIRE(::chmod(shard.c_str(), 0700) == 0);
  CHECK(store.ok({"get", key, "a"}) == "1");
}

TEST_CASE("a file that root has put back is to be given to the store's owner, who runs sessctl already") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  if (!store.give_to(owner)) return;
  const std::string record = store.record(key);
  const std::string keys = store.path() + "/" + sess::format::keys_file;
  const std::string advice = "it belongs to user root, with mode 0600: run 'chown ";
  REQUIRE(::chown(keys.c_str(), 0, 0) == 0);
  for (const char* command : {"ls", "verify", "gc", "init"})
    check_says(store.run({command}), 77, "\"" + keys + "\": Permission denied; " + advice);
  CHECK(store.run({"ls"}).err.find("run sessctl as") == std::string::npos);
  REQUIRE(::chown(keys.c_str(), owner, owner) == 0);
  REQUIRE(::chown(record.c_str(), 0, 0) == 0);
  check_says(store.run({"get", key, "a"}), 77, advice);
  CHECK(store.run({"verify"}).out.find("; " + advice) != std::string::npos);
}

TEST_CASE("who may not get into a store is told whose it is, and which directory above keeps its owner out") {
  const TestStore store;
  if (!store.give_to(owner)) return;
  cli::Start start = store.start({"ls"});
  start.user = stranger;
  check_says(cli::run(start), 77, "; run it as the owner");
  REQUIRE(::chmod(store.directory().c_str(), 0700) == 0);
  check_says(store.run({"ls"}), 77,
             "\"" + store.directory().string() + "\" belongs to user root, with mode 0700: let user ");
  // The same from there: a path that begins where root stands leads its owner nowhere.
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(store.directory());
  const Finished relative = cli::run({"ls", "--store", "./store"});
  std::filesystem::current_path(before);
  check_says(relative, 77, "\"" + store.directory().string() + "\" belongs to user root, with mode 0700: let user ");
}

TEST_CASE("who counts, lists or exports a damaged record is told which command knows more") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  cli::damage(store.record(key));
  const std::string advice = "'sessctl verify' says what to do";
  CHECK(store.ok({"stats"}).find("unreadable     1: " + advice + "\n") != std::string::npos);
  for (const char* command : {"ls", "export"}) check_says(store.run({command}), 65, advice);
}

TEST_CASE("a store without its keyring and without a backup of it is to be made anew elsewhere") {
  const TestStore store;
  std::filesystem::remove(store.path() + "/" + sess::format::keys_file);
  for (const char* command : {"ls", "create"})
    check_says(store.run({command}), 78,
               "; restore it from a backup, or, without one, move the store away and make a new one");
}
