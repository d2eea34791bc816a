#include "fed_command.hpp"

#include "escape.hpp"
#include "failure.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace sessctl {

FedCommand::FedCommand(std::string command) : command_(std::move(command)) {
  const auto fail = [&](int error) {
    throw Failure(ExitCode::io, "start command", command_, std::strerror(error), "try again");
  };
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno);
  const Descriptor output(ends[0]);
  input_ = Descriptor(ends[1]);
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
  std::array<char*, 4> arguments{shell.data(), option.data(), command_.data(), nullptr};
  const int error = ::posix_spawn(&process_, "/bin/sh", &actions, &attributes, arguments.data(), environ);
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
    } else if (errno != EINTR) {
      throw Failure(ExitCode::io, "feed command", command_, errno == EPIPE ? "it reads no more" : std::strerror(errno),
                    "the session that it was not given stays; run it by hand to see why");
    }
  }
}

void FedCommand::finish() {
  const int status = wait();
  if (status == 0) return;
  const std::string how = WIFSIGNALED(status) ? fmt::format("signal {} ended it", WTERMSIG(status))
                                              : fmt::format("it ended with {}", WEXITSTATUS(status));
  throw Failure(ExitCode::io, "feed command", command_, how, "the sessions that it was given are removed");
}

int FedCommand::wait() {
  if (process_ < 0) return 0;
  input_ = Descriptor();  // the end of its input
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  return status;
}

}  // namespace sessctl
