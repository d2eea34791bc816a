// A store on a file system that is full, or that is mounted read-only.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"
#include "support/temporary_directory.hpp"

#include <sched.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using nlohmann::json;

namespace {

/// A tmpfs of its own, in a mount namespace of this thread and of what it starts, until the end of the test. Takes
/// root; else it says SKIPPED.
class SmallFileSystem {
 public:
  explicit SmallFileSystem(const char* options) {
    namespace_ = ::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
    working_directory_ = ::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    is_apart_ = namespace_ >= 0 && working_directory_ >= 0 && ::unshare(CLONE_NEWNS) == 0;
    is_there_ = is_apart_ && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                ::mount("none", directory_.path().c_str(), "tmpfs", 0, options) == 0;
    if (!is_there_) std::cerr << "SKIPPED: no file system can be mounted: " << std::strerror(errno) << '\n';
  }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  ~SmallFileSystem() {
    if (is_there_) ::umount2(directory_.path().c_str(), MNT_DETACH);
    // That changes the working directory.
    if (is_apart_ && (::setns(namespace_, CLONE_NEWNS) != 0 || ::fchdir(working_directory_) != 0)) std::terminate();
    ::close(namespace_);
    ::close(working_directory_);
  }
  bool is_there() const { return is_there_; }
  void make_read_only() const {
    REQUIRE(::mount("none", directory_.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
  }
  std::string store() const { return directory_ / "store"; }
  Finished run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin() + 1, {"--store", store()});
    return cli::run(std::move(arguments));
  }
  std::string create_key(const std::string& value) const {
    const Finished created = run({"create", "--json", value});
    REQUIRE(created.code == 0);
    return json::parse(created.out).at("key");
  }

 private:
  sess::test::TemporaryDirectory directory_;
  int namespace_ = -1;
  int working_directory_ = -1;
  bool is_apart_ = false;
  bool is_there_ = false;
};

void check_failed(const Finished& finished, const std::string& cause, const std::string& advice) {
  CAPTURE(finished.err);
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find(cause) != std::string::npos);
  CHECK(finished.err.find(advice) != std::string::npos);
}

}  // namespace

TEST_CASE("on a full file system nothing is lost, and what needs no room goes on") {
  const SmallFileSystem small("size=2m");
  if (!small.is_there()) return;
  REQUIRE(small.run({"init"}).code == 0);
  const std::string old = small.create_key("n=1");
  for (const char* value : {"n=2", "n=3"}) REQUIRE(small.run({"set", old, value}).code == 0);
  std::vector<std::string> keys;
  Finished created;
  const auto create = [&] { return small.run({"create", "--json", "big=" + std::string(100'000, 'x')}); };
  for (created = create(); created.code == 0; created = create()) {
    keys.push_back(json::parse(created.out).at("key"));
    REQUIRE(keys.size() < 100);
  }
  check_failed(created, "No space left on device", "free some space or inodes");
  while (small.run({"create", "a=1"}).code == 0) REQUIRE(keys.size() < 100);
  const auto listed = cli::lines(small.run({"ls", "--json"}).out).size();

  check_failed(small.run({"set", keys.front(), "more=" + std::string(50'000, 'x')}), "No space left on device",
               "free some space");
  CHECK(small.run({"get", keys.front(), "more"}).code == 66);
  CHECK(small.run({"get", keys.front(), "big"}).out == std::string(100'000, 'x') + "\n");
  // Its previous version's file is written to again.
  CHECK(small.run({"set", old, "n=4"}).code == 0);
  CHECK(small.run({"get", old, "n"}).out == "4\n");
  CHECK(small.run({"verify"}).code == 0);
  CHECK(cli::lines(small.run({"ls", "--json"}).out).size() == listed);
  CHECK(small.run({"gc"}).code == 0);
  CHECK(small.run({"rm", keys.front()}).code == 0);
  CHECK(create().code == 0);
  CHECK(small.run({"verify"}).code == 0);
}

TEST_CASE("of a file system that is mounted read-only all can be read, and what writes says so") {
  const SmallFileSystem small("size=8m");
  if (!small.is_there()) return;
  REQUIRE(small.run({"init"}).code == 0);
  const std::string key = small.create_key("n=1");
  const auto before = cli::tree(small.store());
  small.make_read_only();
  CHECK(small.run({"get", key, "n"}).out == "1\n");
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"ls"},
                                                                     {"show", key},
                                                                     {"stats"},
                                                                     {"verify"},
                                                                     {"export"},
                                                                     {"locks", "--for", "1ms"},
                                                                     {"repair", "--dry-run"}}) {
    CAPTURE(arguments);
    CHECK(small.run(arguments).code == 0);
  }
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"set", key, "n=2"},
                                                                     {"incr", key, "m"},
                                                                     {"unset", key, "n"},
                                                                     {"rm", key},
                                                                     {"create"},
                                                                     {"gc"},
                                                                     {"rotate-keys"}}) {
    CAPTURE(arguments);
    check_failed(small.run(arguments), "Read-only file system", "mount the file system read-write");
  }
  CHECK(cli::tree(small.store()) == before);
}
