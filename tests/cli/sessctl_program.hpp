// Runs the sessctl that was built, as a user would: arguments, standard input, environment; output and exit code.
#pragma once

#include "support/temporary_directory.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

namespace cli {

/// The program to test: environment variable SESSCTL, else bin/sessctl below SESS_BUILD, else build/bin/sessctl.
std::string sessctl_path();

struct Finished {
  int code = -1;  // exit code; minus the signal if a signal ended it
  std::string out;
  std::string err;
  /// The most memory that it had resident, in bytes; never less than what the test's own process had when it was
  /// started (getrusage(2): a forked child begins with its parent's pages).
  std::uint64_t peak = 0;
};

struct Start {
  std::vector<std::string> arguments;
  std::string input = {};
  std::vector<std::pair<std::string, std::string>> environment = {};  // beside PATH; nothing else is inherited
  std::optional<uid_t> user = std::nullopt;                           // for tests that run as root
  int output = -1;               // a descriptor for standard output; then Finished::out stays empty
  std::vector<int> closed = {};  // descriptors that are closed in the program
  std::optional<rlim_t> largest_file = std::nullopt;      // in bytes, as by ulimit -f
  std::optional<rlim_t> most_descriptors = std::nullopt;  // as by ulimit -n
  bool ignores_children = false;                          // SIGCHLD is ignored, as some supervisors leave it
};

/// A program that has been started. Waited for exactly once.
class Running {
 public:
  explicit Running(const Start& start);
  Running(Running&& other) noexcept;
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  Running& operator=(Running&&) = delete;
  ~Running();
  Finished wait();
  pid_t process() const { return process_; }

 private:
  pid_t process_ = -1;
  int out_ = -1;
  int err_ = -1;
};

Finished run(const Start& start);
Finished run(std::vector<std::string> arguments);

/// A directory that is removed at the end of the test, and a store in it, made by `sessctl init`.
class TestStore {
 public:
  TestStore();

  std::filesystem::path directory() const { return directory_.path(); }
  std::string path() const { return directory_ / "store"; }
  /// sessctl COMMAND --store ... with the rest of the arguments.
  Start start(std::vector<std::string> arguments) const;
  Finished run(std::vector<std::string> arguments) const;
  /// The same; fails the test unless it ends with code 0 and without words on standard error. Answers its output
  /// without the final newline.
  std::string ok(std::vector<std::string> arguments) const;
  /// Makes a session; answers its ID.
  std::string create(std::vector<std::string> arguments = {}) const;
  /// Makes a session; answers its key.
  std::string create_key(std::vector<std::string> arguments = {}) const;
  /// Where the record of this key is.
  std::filesystem::path record(const std::string& key) const;
  /// When it expires, which is the time of its record (src/FORMAT.md).
  std::chrono::milliseconds deadline(const std::string& key) const;
  /// Gives it, with all that is in it, to another user, who can get there. Only root can: else false, and it says that
  /// something is not tested.
  bool give_to(uid_t owner) const;

 private:
  sess::test::TemporaryDirectory directory_;
};

/// Returns when a session that was made before with this idle timeout is sure to have expired.
void outlive(std::chrono::milliseconds idle_timeout);

/// Of ASCII letters.
std::string upper_case(std::string text);

std::vector<std::string> lines(const std::string& text);

/// An error as a user should see it: one line that begins with the program's name and says what to do.
bool is_one_error_line(const std::string& text);

/// Fails the test unless a wrong command line was refused as such: nothing on standard output, one error line, 64.
void check_usage_error(const Finished& finished);

}  // namespace cli
