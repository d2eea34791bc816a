#include "cli/sessctl_program.hpp"

#include "format/names.hpp"

#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <system_error>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

namespace cli {
namespace {

int check(int result, const char* operation) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), operation);
  return result;
}

// Files in memory instead of pipes: nobody has to read while the program writes.
int memory_file(const std::string& content) {
  const int descriptor = check(::memfd_create("sessctl-test", MFD_CLOEXEC), "memfd_create");
  for (std::size_t at = 0; at < content.size();)
    at += static_cast<std::size_t>(
        check(static_cast<int>(::write(descriptor, content.data() + at, content.size() - at)), "write"));
  ::lseek(descriptor, 0, SEEK_SET);
  return descriptor;
}

std::string content_of(int descriptor) {
  std::string content;
  std::array<char, 4096> buffer{};
  ::lseek(descriptor, 0, SEEK_SET);
  for (ssize_t count = 0; (count = ::read(descriptor, buffer.data(), buffer.size())) > 0;)
    content.append(buffer.data(), static_cast<std::size_t>(count));
  return content;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string sessctl_path() {
  if (const char* program = std::getenv("SESSCTL")) return program;
  if (const char* build = std::getenv("SESS_BUILD")) return std::string(build) + "/bin/sessctl";
  // A test may go to another directory.
  static const std::string here = std::filesystem::absolute("build/bin/sessctl");
  return here;
}

Running::Running(const Start& start) {
  std::vector<std::string> arguments = start.arguments;
  arguments.insert(arguments.begin(), sessctl_path());
  std::vector<std::string> environment;
  if (const char* path = std::getenv("PATH")) environment.push_back(std::string("PATH=") + path);
  for (const auto& [name, value] : start.environment) environment.push_back(name + "=" + value);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> environment_pointers = pointers(environment);
  const int in = memory_file(start.input);
  // By descriptor: another user may not be able to go down to where the project lies (below /root, for instance).
  const int program = check(::open(arguments.front().c_str(), O_PATH | O_CLOEXEC), "open sessctl");
  out_ = memory_file("");
  err_ = memory_file("");
  const int output = start.output >= 0 ? start.output : out_;
  process_ = check(::fork(), "fork");
  if (process_ == 0) {
    if (start.user && (::setresgid(*start.user, *start.user, *start.user) != 0 ||
                       ::setresuid(*start.user, *start.user, *start.user) != 0))
      ::_exit(126);
    if (start.largest_file) {
      const rlimit limit{*start.largest_file, *start.largest_file};
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(126);
    }
    ::dup2(in, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(err_, STDERR_FILENO);
    if (start.most_descriptors) {
      const rlimit limit{*start.most_descriptors, *start.most_descriptors};
      if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(126);
    }
    if (start.ignores_children) ::signal(SIGCHLD, SIG_IGN);
    for (const int descriptor : start.closed) ::close(descriptor);
    ::fexecve(program, argument_pointers.data(), environment_pointers.data());
    ::_exit(127);
  }
  ::close(in);
  ::close(program);
}

Running::Running(Running&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      out_(std::exchange(other.out_, -1)),
      err_(std::exchange(other.err_, -1)) {}

Running::~Running() {
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
  if (out_ >= 0) ::close(out_);
  if (err_ >= 0) ::close(err_);
}

Finished Running::wait() {
  int status = 0;
  rusage usage{};
  check(::wait4(process_, &status, 0, &usage), "wait4");
  process_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), content_of(out_), content_of(err_),
          static_cast<std::uint64_t>(usage.ru_maxrss) * 1024};
}

Finished run(const Start& start) { return Running(start).wait(); }
Finished run(std::vector<std::string> arguments) { return run(Start{.arguments = std::move(arguments)}); }

TestStore::TestStore() { ok({"init"}); }

Start TestStore::start(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin() + 1, {"--store", path()});
  return {.arguments = std::move(arguments)};
}

Finished TestStore::run(std::vector<std::string> arguments) const { return cli::run(start(std::move(arguments))); }

std::string TestStore::ok(std::vector<std::string> arguments) const {
  const std::string command = arguments.front();
  Finished finished = run(std::move(arguments));
  INFO("sessctl ", command, ": ", finished.err);
  REQUIRE(finished.code == 0);
  REQUIRE(finished.err.empty());
  if (finished.out.ends_with('\n')) finished.out.pop_back();
  return finished.out;
}

std::string TestStore::create(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "create");
  return ok(std::move(arguments));
}

std::string TestStore::create_key(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"create", "--json"});
  return nlohmann::json::parse(ok(std::move(arguments))).at("key");
}

std::filesystem::path TestStore::record(const std::string& key) const {
  const auto parsed = sess::SessionKey::parse(key).value();
  return directory() / "store" / sess::format::shards_directory / sess::format::record_name(parsed).view();
}

bool TestStore::give_to(uid_t owner) const {
  if (::geteuid() != 0) {
    std::cerr << "SKIPPED: only root can give a store to another user\n";
    return false;
  }
  std::filesystem::permissions(directory(), std::filesystem::perms(0755));
  REQUIRE(::lchown(path().c_str(), owner, owner) == 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path()))
    REQUIRE(::lchown(entry.path().c_str(), owner, owner) == 0);
  return true;
}

std::chrono::milliseconds TestStore::deadline(const std::string& key) const {
  struct stat status {};
  REQUIRE(::stat(record(key).c_str(), &status) == 0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::seconds(status.st_mtim.tv_sec) +
                                                               std::chrono::nanoseconds(status.st_mtim.tv_nsec));
}

void outlive(std::chrono::milliseconds idle_timeout) {
  std::this_thread::sleep_until(std::chrono::system_clock::now() + idle_timeout + std::chrono::milliseconds(2));
}

std::string upper_case(std::string text) {
  for (char& each : text) each = static_cast<char>(std::toupper(static_cast<unsigned char>(each)));
  return text;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

bool is_one_error_line(const std::string& text) {
  return text.starts_with("sessctl: ") && text.ends_with('\n') && text.find('\n') == text.size() - 1 &&
         text.find("; ") != std::string::npos;
}

void check_usage_error(const Finished& finished) {
  CHECK(finished.code == 64);
  CHECK(finished.out.empty());
  CHECK(is_one_error_line(finished.err));
}

}  // namespace cli
