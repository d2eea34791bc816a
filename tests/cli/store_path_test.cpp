// What --store may name instead of a store that is whole.
#include "cli/sessctl_program.hpp"
#include "format/names.hpp"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <unistd.h>

using cli::Finished;
using cli::TestStore;
using std::filesystem::path;
using std::filesystem::perms;

namespace {

/// Runs each command on what is at `store`; each must end with `code`, and with one line that holds `advice`.
void check_refused(const path& store, const std::vector<std::string>& commands, int code, const std::string& advice) {
  for (const std::string& command : commands) {
    const Finished finished = cli::run({command, "--store", store});
    CAPTURE(command);
    CAPTURE(finished.err);
    CHECK(finished.code == code);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find(advice) != std::string::npos);
  }
}

const std::vector<std::string> all_but_init{"ls", "gc", "stats", "create"};

}  // namespace

TEST_CASE("a symbolic link is not followed, and that is said") {
  const TestStore store;
  std::filesystem::create_directory_symlink(store.path(), store.directory() / "link");
  check_refused(store.directory() / "link", all_but_init, 66, "; a symbolic link is not followed");
  check_refused(store.directory() / "link", {"init"}, 73, "; a symbolic link is not followed");
}

TEST_CASE("a path that cannot be that of a directory is no store") {
  const TestStore store;
  const path file = store.directory() / "file";
  std::ofstream(file) << "data";
  for (const path& none : {file, file / "below", path(std::string(5000, 'x'))}) {
    check_refused(none, all_but_init, 66, "; check --store");
    check_refused(none, {"init"}, 73, "; check --store");
  }
}

TEST_CASE("who names a directory that holds something else is not told to make a store of it") {
  const TestStore store;
  const std::string advice = "holds something else; name the store's own directory with --store";
  // Of the directory above a store, too, which may be called "store", as the file that makes a directory one is.
  check_refused(store.directory(), all_but_init, 66, advice);
  std::filesystem::rename(store.path(), store.directory() / "sessions");
  check_refused(store.directory(), all_but_init, 66, advice);
}

TEST_CASE("a name with a semicolon does not take the place of the advice") {
  const TestStore store;
  const path file = store.directory() / "a; b";
  std::ofstream(file) << "data";
  check_refused(file, {"ls", "gc"}, 66, "; check --store");
}

TEST_CASE("init does not tell anybody to lock the others out of a directory that is no store") {
  const TestStore store;
  const path shared = store.directory() / "srv";
  std::filesystem::create_directory(shared);
  std::ofstream(shared / "precious") << "data";
  std::filesystem::permissions(shared, perms(0755));
  const Finished finished = cli::run({"init", "--store", shared});
  CHECK(finished.code == 73);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("chmod") == std::string::npos);
  // A store itself, or an empty directory, may well be made private.
  std::filesystem::permissions(store.path(), perms(0755));
  check_refused(store.path(), {"init"}, 73, "chmod 0700");
  check_refused(store.path(), {"ls"}, 78, "chmod 0700");
}

TEST_CASE("a store with a part missing or damaged ends with 78, and is to be repaired or restored") {
  namespace format = sess::format;
  const std::string advice = "; restore it from a backup";
  const auto without = [](const char* part) {
    auto store = std::make_unique<TestStore>();
    std::filesystem::remove_all(path(store->path()) / part);
    return store;
  };
  check_refused(without(format::keys_file)->path(), all_but_init, 78, advice);
  const std::string repair = "'sessctl repair' makes it again";
  const auto without_gc = without(format::gc_file);
  check_refused(without_gc->path(), {"gc"}, 78, repair);
  check_refused(without(format::shards_directory)->path(), all_but_init, 78, "restore it from a backup");
  const auto one_shard_short = without((std::string(format::shards_directory) + "/7f").c_str());
  check_refused(one_shard_short->path(), {"ls", "stats"}, 78, repair);
  // Who looks on sees it come back.
  one_shard_short->ok({"watch", "--for", "1ms"});
  // And it does.
  for (const auto& [store, command] : {std::pair(&without_gc, "gc"), std::pair(&one_shard_short, "ls")}) {
    (*store)->run({"repair"});
    CHECK((*store)->run({command}).code == 0);
  }
  check_refused(without(format::store_file)->path(), all_but_init, 78, "sessctl init makes it one again and keeps");
  check_refused(without(format::store_file)->path(), {"verify", "doctor"}, 78, "is missing");
  const TestStore emptied;
  std::filesystem::resize_file(path(emptied.path()) / format::keys_file, 0);
  check_refused(emptied.path(), all_but_init, 78, advice);
}

TEST_CASE("a store whose own file is damaged can be made again, and keeps its sessions") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const path own = path(store.path()) / sess::format::store_file;
  std::filesystem::resize_file(own, 20);
  const std::string advice = "move it elsewhere: sessctl init makes it again";
  check_refused(store.path(), {"ls", "repair", "init"}, 78, advice);
  std::filesystem::rename(own, store.directory() / "away");
  store.ok({"init"});
  CHECK(store.ok({"get", key, "a"}) == "1");
}

TEST_CASE("a key file that cannot be read is a lack of permission, 77, and named") {
  const TestStore store;
  const path keys = path(store.path()) / sess::format::keys_file;
  // Nothing is unreadable to root, and sessctl becomes the owner.
  if (::geteuid() == 0) REQUIRE(store.give_to(65534));
  std::filesystem::permissions(keys, perms::none);
  check_refused(store.path(), {"ls", "gc", "create", "init"}, 77, '"' + keys.string() + '"');
}
