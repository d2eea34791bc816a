#include "fed_command.hpp"

#include "failure.hpp"
#include "human.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <utility>

namespace sessctl {
namespace {

using std::chrono::milliseconds;

// Waits are counted by these: one that a stop of both processes (Ctrl-Z) has made longer counts as one.
constexpr milliseconds slice(100);

constexpr const char* reads_no_more = "it reads no more";

/// At most `most`, and not after the end of all patience, but at least `least`.
milliseconds bounded(const Patience& patience, milliseconds most, milliseconds least) {
  if (!patience.until) return most;
  const auto left = std::chrono::duration_cast<milliseconds>(*patience.until - std::chrono::steady_clock::now());
  return std::min(most, std::max(left, least));
}

/// Waits for one of the events, or for a part of what is left, and takes that from it. Answers the events.
short wait_for(int descriptor, short events, milliseconds& left) {
  const milliseconds part = std::min(slice, left);
  pollfd polled{descriptor, events, 0};
  const int ready = ::poll(&polled, 1, static_cast<int>(part.count()));
  if (ready == 0 || (ready < 0 && errno != EINTR)) left -= part;
  return ready > 0 ? polled.revents : short{0};
}

/// So that it can be waited for until all of it is read.
Descriptor make_small(Descriptor end) {
  // One page is one slot, and poll(2) says of a pipe that it can be written to when a slot is free (Linux, fs/pipe.c,
  // pipe_poll and pipe_full): here, when everything has been read. A system that refuses only makes await_read busier.
  ::fcntl(end.get(), F_SETPIPE_SZ, static_cast<int>(::sysconf(_SC_PAGESIZE)));
  return end;
}

/// Children of this thread, dead ones that were not waited for included.
std::vector<pid_t> children() {
  std::ifstream file("/proc/thread-self/children");
  std::vector<pid_t> all;
  for (pid_t each = 0; file >> each;) all.push_back(each);
  return all;
}

}  // namespace

FedCommand::FedCommand(std::string command, std::vector<std::string> environment, const Patience& patience)
    : command_(std::move(command)), patience_(patience), others_(children()) {
  const auto fail = [&](int error) {
    throw Failure(ExitCode::io, "start command", command_, std::strerror(error), "try again");
  };
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno);
  const Descriptor output(ends[0]);
  input_ = make_small(Descriptor(ends[1]));
  // A line that is longer than the pipe must not be waited for in write(2), which has no end of patience.
  if (::fcntl(input_.get(), F_SETFL, O_NONBLOCK) != 0) fail(errno);
  // Signals that this program ignores so that writes answer errors are none of the command's.
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::sigaddset(&defaults, SIGXFSZ);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, output.get(), STDIN_FILENO);
  std::string shell = "sh";
  std::string option = "-c";
  std::string end_of_options = "--";  // the command may begin with a hyphen
  std::array<char*, 5> arguments{shell.data(), option.data(), end_of_options.data(), command_.data(), nullptr};
  std::vector<char*> variables;
  for (std::string& each : environment) variables.push_back(each.data());
  variables.push_back(nullptr);
  const int error = ::posix_spawn(&process_, "/bin/sh", &actions, &attributes, arguments.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error == 0) return;
  process_ = -1;
  fail(error);
}

FedCommand::~FedCommand() { wait(); }

void FedCommand::feed(std::string_view line) {
  for (std::string_view left = line; !left.empty();) {
    const ssize_t written = ::write(input_.get(), left.data(), left.size());
    if (written >= 0) {
      left.remove_prefix(static_cast<std::size_t>(written));
      await_read();
    } else if (errno != EINTR) {
      fail_to_feed(errno == EPIPE ? reads_no_more : std::strerror(errno));
    }
  }
}

void FedCommand::await_read() {
  const milliseconds most = bounded(patience_, patience_.reading, patience_.least_reading);
  for (milliseconds left = most; left.count() > 0;) {
    const short events = wait_for(input_.get(), POLLOUT, left);
    // After the wait: what readers that are gone have left does not change any more.
    int unread = 0;
    if (::ioctl(input_.get(), FIONREAD, &unread) != 0) fail_to_feed(std::strerror(errno));
    if (unread == 0) return;
    if ((events & POLLERR) != 0) fail_to_feed(reads_no_more);
    if ((events & POLLOUT) == 0) continue;
    // A pipe that could not be made small: it has room, and is not empty.
    constexpr milliseconds pause(1);
    ::poll(nullptr, 0, static_cast<int>(pause.count()));
    left -= pause;
  }
  kill();
  fail_to_feed(fmt::format("it read nothing for {}, and was killed", human_age(most)));
}

void FedCommand::fail_to_feed(std::string_view cause) const {
  throw Failure(ExitCode::io, "feed command", command_, cause,
                "the session that it did not read stays, and the rest; run it by hand to see why");
}

void FedCommand::finish() {
  const auto fail = [&](std::string_view cause) {
    throw Failure(ExitCode::io, "feed command", command_, cause, "the sessions that it has read are removed");
  };
  if (wait() == End::killed) fail("it did not end after the last session, and was killed");
  if (WIFSIGNALED(status_)) fail(fmt::format("signal {} ended it", WTERMSIG(status_)));
  if (status_ != 0) fail(fmt::format("it ended with exit code {}", WEXITSTATUS(status_)));
}

FedCommand::End FedCommand::wait() {
  if (process_ < 0) return End::normal;
  input_ = Descriptor();  // the end of its input
  // Without one (Linux before 5.3, a filter of system calls) poll(2) just pauses. No wrapper in older C libraries.
  const Descriptor end(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
  for (milliseconds left = bounded(patience_, patience_.ending, patience_.least_ending); left.count() > 0;) {
    const pid_t ended = ::waitpid(process_, &status_, WNOHANG);
    if (ended != 0 && (ended > 0 || errno != EINTR)) {
      process_ = -1;
      return End::normal;
    }
    wait_for(end.get(), POLLIN, left);
  }
  kill();
  return End::killed;
}

// Without a process group of its own (see the class) its processes are found as a tree: whatever the shell has started
// becomes a child of this process when its parent is dead. What has lost its parent before, as a daemon has, is not
// found.
void FedCommand::kill() {
  input_ = Descriptor();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::kill(process_, SIGKILL);  // also where there is no /proc
  // Bounded: what waits for a dead file server dies when that answers, and is left to it.
  for (int round = 0; round < 1000; ++round) {
    bool has_any = false;
    for (const pid_t child : children()) {
      if (std::ranges::find(others_, child) != others_.end()) continue;
      has_any = true;
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, WNOHANG);
    }
    if (!has_any) break;
    ::poll(nullptr, 0, 1);
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  process_ = -1;
}

}  // namespace sessctl
