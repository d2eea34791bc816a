// The instrument itself: where it stops a process, and what a kill there has let happen.
#include "killing.hpp"
#include "subject.hpp"
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"
#include "traced_process.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

TEST_CASE("a machine that lets nothing be traced says so") {
  std::string why;
  CHECK_NOTHROW(why = why_tracing_is_refused());
  if (!why.empty()) MESSAGE("SKIPPED: no process was killed at a system call: " << why);
}

TEST_SUITE_BEGIN("traced");

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

TEST_CASE("a call that is killed at its entry has no effect, and at its exit all of it") {
  const TemporaryDirectory directory;
  const std::string path = directory / "made";
  const auto ready = [&] { return [&] { ::mkdir(path.c_str(), 0700); }; };
  CHECK(run_traced(ready, KillPoint{1, Moment::entry}).killed);
  CHECK_FALSE(exists(path));
  CHECK(run_traced(ready, KillPoint{1, Moment::exit}).killed);
  CHECK(exists(path));
}

TEST_CASE("calls are counted from the begin of the operation to its end, and each is met") {
  const auto ready = [] {
    ::getuid();
    return [] {
      ::geteuid();
      ::getuid();
    };
  };
  const std::vector<long> calls = {SYS_geteuid, SYS_getuid};
  const TracedRun whole = run_traced(ready, std::nullopt);
  CHECK_FALSE(whole.killed);
  CHECK(whole.exit_status == 0);
  CHECK(whole.calls == calls);
  CHECK(run_traced(ready, KillPoint{1, Moment::exit}).calls == std::vector<long>{SYS_geteuid});
  CHECK(run_traced(ready, KillPoint{2, Moment::entry}).calls == calls);
  CHECK_FALSE(run_traced(ready, KillPoint{3, Moment::entry}).killed);
}

TEST_CASE("an operation that throws, and one that dies of itself, are told from one that is killed") {
  const auto quietly = [] { ::close(STDERR_FILENO); };
  const TracedRun thrown = run_traced([&] { return quietly(), [] { throw std::runtime_error("no"); }; }, std::nullopt);
  CHECK_FALSE(thrown.killed);
  CHECK(thrown.exit_status == 1);
  const TracedRun died = run_traced([] { return [] { ::raise(SIGKILL); }; }, std::nullopt);
  CHECK_FALSE(died.killed);
  CHECK(died.exit_status == -SIGKILL);
}

/// Makes a directory, and does something else besides.
class Directory final : public Subject {
 public:
  explicit Directory(std::function<void(const std::string&)> rest) : rest_(std::move(rest)) {}
  const std::string& name() const override { return name_; }
  bool has_effect(Look) const override { return true; }
  void prepare() override { ::rmdir(path_.c_str()); }
  std::function<void()> ready() override {
    return [this] {
      ::mkdir(path_.c_str(), 0700);
      rest_(path_);
    };
  }
  Finding look(Look) override { return {exists(path_), {}}; }

 private:
  std::string name_ = "make a directory";
  TemporaryDirectory directory_;
  std::string path_ = directory_ / "made";
  std::function<void(const std::string&)> rest_;
};

constexpr std::array looks = {Look::reader, Look::locker};

TEST_CASE("each call is killed at twice for each look, and an effect that comes once and stays is right") {
  Directory directory([](const std::string&) { ::getuid(); });
  const Tally tally = kill_everywhere(directory, looks);
  CHECK(tally.calls == 2);
  CHECK(tally.kills == 8);
  CHECK(tally.wrong.empty());
}

TEST_CASE("an effect that goes away again is noticed") {
  Directory directory([](const std::string& path) { ::rmdir(path.c_str()); });
  CHECK_FALSE(kill_everywhere(directory, looks).wrong.empty());
}

TEST_CASE("an operation that makes other calls in each run is noticed") {
  SharedCounter runs;
  Directory directory([&](const std::string&) { runs.add() % 2 == 0 ? ::getuid() : ::geteuid(); });
  CHECK_FALSE(kill_everywhere(directory, looks).wrong.empty());
}

TEST_CASE("of the same call many times in a row only the first and the last are met if that is asked for") {
  Directory directory([](const std::string&) {
    for (int i = 0; i < 10; ++i) ::getuid();
    ::geteuid();
  });
  const Tally tally = kill_everywhere(directory, std::array{Look::reader}, {.skips_repetitions = true});
  CHECK(tally.calls == 12);
  CHECK(tally.kills == 2 * (1 + 2 + 1));
}

TEST_SUITE_END();

}  // namespace
}  // namespace sess::test
