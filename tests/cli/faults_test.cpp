// What goes wrong: exit codes, one line of words, and output that cannot be written.
#include "cli/damage.hpp"
#include "cli/holder.hpp"
#include "cli/sessctl_program.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>
#include <sess/sess.hpp>

using cli::Finished;
using cli::Start;
using cli::TestStore;

namespace {

constexpr uid_t owner = 65534;
constexpr uid_t stranger = 65533;

/// A pipe that nobody reads.
int closed_pipe() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  ::close(ends[0]);
  return ends[1];
}

}  // namespace

TEST_CASE("a command line that cannot be understood ends with 64 and one line") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"ls", "--no-such-option"},
                                                                     {"ls", "-z"},
                                                                     {"ls", "extra"},
                                                                     {"show"},
                                                                     {"show", key, "extra"},
                                                                     {"show", "UPPERCASE"},
                                                                     {"get", key},
                                                                     {"get", key, "a", "b"},
                                                                     {"set", key},
                                                                     {"set", key, "no-equals-sign"},
                                                                     {"set", key, "=1"},
                                                                     {"set", key, ":=1"},
                                                                     {"set", key, "a:={broken"},
                                                                     {"set", key, "a:=9223372036854775808"},
                                                                     {"set", key, R"(a:={"$user":{}})"},
                                                                     {"unset", key},
                                                                     {"rm"},
                                                                     {"create", "--idle", "soon"},
                                                                     {"create", "--idle", "0"},
                                                                     {"create", "--idle", "30x"},
                                                                     {"create", "--lifetime", "36501d"},
                                                                     {"create", "--lifetime", "-5m"},
                                                                     {"gc", "--budget", "1.5s"},
                                                                     {"gc", "--budget", "0"},
                                                                     {"gc", "--dry-run=0"},
                                                                     {"ls", "--json=false"},
                                                                     {"gc", "extra"},
                                                                     {"stats", "extra"},
                                                                     {"init", "extra"}}) {
    const Finished finished = store.run(arguments);
    CAPTURE(arguments);
    cli::check_usage_error(finished);
  }
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{}, {"frobnicate"}, {"--frobnicate"}, {"--store"}}) {
    const Finished finished = cli::run(arguments);
    CHECK(finished.code == 64);
    CHECK(cli::is_one_error_line(finished.err));
  }
  CHECK(store.ok({"get", key, "a"}) == "1");
}

TEST_CASE("a duration that is refused is told what the longest one is, and that one is taken") {
  const TestStore store;
  const Finished refused = store.run({"create", "--lifetime", "200000d"});
  CHECK(refused.code == 64);
  CHECK(refused.err.find("36500d") != std::string::npos);
  const std::string key = store.create_key({"--idle", "36500d", "--lifetime", "36500d"});
  CHECK(store.ok({"ls"}).find("    99y") != std::string::npos);
  CHECK(store.ok({"show", key}).find("idle timeout       36500d\n") != std::string::npos);
}

TEST_CASE("a session that somebody else has locked ends set, unset and rm with 75 when the wait is over") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const auto opened = sess::Store::open(store.path());
  auto locked = opened.lock(*sess::SessionKey::parse(key));
  REQUIRE(locked.has_value());
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"set", key, "a=2", "--wait", "20ms"}, {"unset", key, "a", "--wait", "0"}, {"rm", key, "--wait", "20ms"}}) {
    const Finished finished = store.run(arguments);
    CAPTURE(arguments);
    CHECK(finished.code == 75);
    CHECK(cli::is_one_error_line(finished.err));
  }
  CHECK(store.ok({"get", key, "a"}) == "1");  // reading waits for nobody
  locked->release();
  CHECK(store.run({"rm", key}).code == 0);
}

TEST_CASE("a value larger than the store allows is refused with 65 and changes nothing") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  std::vector<std::string> arguments{"set", key};
  for (int number = 0; number < 12; ++number)  // one argument may have 128 KiB
    arguments.push_back("a" + std::to_string(number) + "=" + std::string(100'000, 'x'));
  const Finished finished = store.run(arguments);
  CHECK(finished.code == 65);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(store.run({"get", key, "a0"}).code == 66);
  CHECK(store.ok({"get", key, "a"}) == "1");
}

TEST_CASE("a store of a newer format is refused with 78 and left alone") {
  const TestStore store;
  store.create({"a=1"});
  const auto file = std::filesystem::path(store.path()) / "store";
  std::string text;
  {
    std::ifstream in(file);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::size_t at = text.find("format 1");
  REQUIRE(at != std::string::npos);
  text.replace(at, 8, "format 9");
  std::ofstream(file) << text;
  for (const char* command : {"ls", "gc", "stats"}) {
    const Finished finished = store.run({command});
    CHECK(finished.code == 78);
    CHECK(cli::is_one_error_line(finished.err));
  }
}

TEST_CASE("standard output that is full is an I/O error, 74") {
  const TestStore store;
  store.create({"a=1"});
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  for (const char* command : {"ls", "stats", "gc"}) {
    Start start = store.start({command});
    start.output = full;
    const Finished finished = cli::run(start);
    CHECK(finished.code == 74);
    CHECK(cli::is_one_error_line(finished.err));
  }
  ::close(full);
}

TEST_CASE("standard output that nobody reads ends a command quietly") {
  const TestStore store;
  store.create({"a=1"});
  const int pipe = closed_pipe();
  Start start = store.start({"ls"});
  start.output = pipe;
  const Finished finished = cli::run(start);
  ::close(pipe);
  CHECK(finished.code == 141);
  CHECK(finished.err.empty());
}

TEST_CASE("create leaves no session behind whose ID nobody got") {
  const TestStore store;
  Start start = store.start({"create", "a=1"});
  start.output = closed_pipe();
  CHECK(cli::run(start).code == 141);
  ::close(start.output);
  CHECK(store.ok({"ls", "--json"}).empty());
}

TEST_CASE("create leaves no session behind whose ID could not be printed") {
  const TestStore store;
  Start start = store.start({"create", "a=1"});
  start.closed = {1};
  const Finished finished = cli::run(start);
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(store.ok({"ls", "--json"}).empty());
}

TEST_CASE("a limit of file size is an I/O error, 74, and no signal") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  Start start = store.start({"set", key, "a=" + std::string(8192, 'x')});
  start.largest_file = 4096;
  Finished finished = cli::run(start);
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("ulimit -f") != std::string::npos);
  CHECK(store.ok({"get", key, "a"}) == "1");

  start = store.start({"create", "b=1"});
  start.largest_file = 4096;
  start.output = ::open((store.directory() / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(::lseek(start.output, 4096, SEEK_SET) == 4096);
  finished = cli::run(start);
  ::close(start.output);
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(cli::lines(store.ok({"ls", "--json"})).size() == 1);
}

TEST_CASE("closed standard descriptors are never mistaken for a file of the store") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  Start start = store.start({"set", key, "a=2"});
  start.closed = {0, 1, 2};
  CHECK(cli::run(start).code == 0);
  CHECK(store.ok({"get", key, "a"}) == "2");
  start = store.start({"show", key});
  start.closed = {0, 1, 2};
  CHECK(cli::run(start).code == 74);
  CHECK(store.ok({"get", key, "a"}) == "2");
}

TEST_CASE("root becomes the owner of a store, and others are refused with 77") {
  const TestStore store;
  if (!store.give_to(owner)) return;
  for (const auto& entry : std::filesystem::directory_iterator(store.path())) std::filesystem::remove_all(entry);
  store.ok({"init"});
  store.ok({"create", "a=1"});
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store.path())) {
    struct stat file {};
    REQUIRE(::lstat(entry.path().c_str(), &file) == 0);
    CHECK(file.st_uid == owner);
  }
  Start start = store.start({"ls"});
  start.user = stranger;
  const Finished refused = cli::run(start);
  CHECK(refused.code == 77);
  CHECK(cli::is_one_error_line(refused.err));
  start.user = owner;
  CHECK(cli::run(start).code == 0);
}

TEST_CASE("a pipe in the place of a record is said to be none, and is left, whoever comes to it") {
  for (const bool has_previous : {false, true}) {
    CAPTURE(has_previous);
    const TestStore store;
    const std::string key = store.create_key({"a=1"});
    if (has_previous) store.ok({"set", key, "a=2"});
    const auto record = store.record(key);
    std::filesystem::remove(record);
    REQUIRE(::mkfifo(record.c_str(), 0600) == 0);
    const auto before = cli::tree(store.path() + "/shards");
    const std::string said = "read \"" + record.string() +
                             "\": it is a pipe, a device or the like, where a file should be; the file was left as it "
                             "is: see 'sessctl verify'";
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"show", key}, {"get", key, "a"}, {"set", key, "a=3"}, {"touch", key}, {"incr", key, "a"}, {"rm", key}}) {
      CAPTURE(arguments.front());
      const Finished finished = store.run(arguments);
      CHECK(finished.code == 65);
      CHECK(finished.out.empty());
      CHECK(cli::is_one_error_line(finished.err));
      CHECK(finished.err.find(said) != std::string::npos);
    }
    const Finished listed = store.run({"ls"});
    CHECK(listed.code == 65);
    CHECK(listed.err.find("it is a pipe, a device or the like") != std::string::npos);
    const Finished verified = store.run({"verify"});
    CHECK(verified.code == 65);
    CHECK(verified.out.find("  file_type  ") != std::string::npos);
    CHECK(verified.out.find("move it out of the store") != std::string::npos);
    CHECK(store.run({"gc"}).code == 65);  // its time is that of an expired one
    CHECK(store.run({"repair"}).code == 65);
    CHECK(cli::tree(store.path() + "/shards") == before);
    std::filesystem::remove(record);
    CHECK(store.run({"get", key, "a"}).code == 66);
  }
}

TEST_CASE(
    "a pipe in the place of what a record was before, and a socket in that of a record, are told as what they are") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const auto record = store.record(key);
  const auto check_refused = [&] {
    const Finished finished = store.run({"set", key, "a=2"});
    CHECK(finished.code == 74);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find("stands in the place of a file: 'sessctl verify' names it") != std::string::npos);
    CHECK(store.run({"verify"}).out.find("  file_type  ") != std::string::npos);
  };
  REQUIRE(::mkfifo((record.string() + "~").c_str(), 0600) == 0);
  check_refused();
  CHECK(store.ok({"get", key, "a"}) == "1");
  std::filesystem::remove(record.string() + "~");
  std::filesystem::remove(record);
  REQUIRE(::mknod(record.c_str(), S_IFSOCK | 0600, 0) == 0);
  check_refused();
}

TEST_CASE("a damaged record is told as damaged by who looks for its session, also when it is in quarantine") {
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"show"}, {"get", "a"}, {"set", "a=2"}, {"unset", "a"}, {"incr", "a"}, {"touch"}}) {
    CAPTURE(command.front());
    const TestStore store;
    const std::string key = store.create_key({"a:=1"});
    cli::damage(store.record(key));
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.begin() + 1, key);
    const Finished first = store.run(arguments);
    CHECK(first.code == 65);
    CHECK(first.out.empty());
    CHECK(cli::lines(first.err).size() == 2);
    const Finished again = store.run(arguments);
    CHECK(again.code == 65);
    CHECK(cli::is_one_error_line(again.err));
    for (const Finished& finished : {first, again})
      CHECK(finished.err.find("\"" + key +
                              "\": its record was damaged, and was moved to quarantine; 'sessctl quarantine show " +
                              key + "' says why") != std::string::npos);
    store.ok({"quarantine", "show", key});
    store.ok({"quarantine", "purge", "--all", "--yes"});
    CHECK(store.run(arguments).code == 66);
  }
}

TEST_CASE("who does not wait for a lock is told who holds it") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const cli::Holder holder(store.path(), key, "holder");
  const std::string holds = "the session is locked by process " + std::to_string(holder.pid()) + "; ";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"set", "--wait", "0", key, "a=2"}, {"rm", "--wait", "0", key}}) {
    CAPTURE(arguments.front());
    const Finished finished = store.run(arguments);
    CHECK(finished.code == 75);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find(holds) != std::string::npos);
  }
}

TEST_CASE("incr says in its own words what cannot be added to what") {
  const TestStore store;
  const std::string key = store.create_key({"s=x", "n:=9223372036854775807", "r:=0.5"});
  const auto refused = [&](const std::string& amount) {
    const Finished finished = store.run({"incr", key, amount});
    CHECK(finished.code == 65);
    CHECK(cli::is_one_error_line(finished.err));
    return finished.err;
  };
  CHECK(refused("s").find("value \"s\": it is no number: its type is string; nothing was written") !=
        std::string::npos);
  CHECK(refused("n").find("value \"n\": the sum does not fit into 64 bits; nothing was written") != std::string::npos);
  CHECK(refused("n=0.5").find("value \"n\": it is a whole number, and so must be what is added") != std::string::npos);
  CHECK(store.ok({"incr", key, "r"}) == "1.5");
}

TEST_CASE("an option of a command that stands before it is said to belong behind it") {
  const TestStore store;
  const Finished finished = cli::run({"--json", "ls", "--store", store.path()});
  CHECK(finished.code == 64);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("option \"--json\" stands before the command, where only --store may; write it after") !=
        std::string::npos);
}
