#include "own_process.hpp"

#include "failure.hpp"
#include "report.hpp"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sessctl {

std::optional<ExitCode> in_own_process(Output& out, const std::function<ExitCode()>& work) {
  out.flush();  // or both would print it
  const pid_t child = ::fork();
  if (child < 0) throw Failure(ExitCode::io, "start process", "", std::strerror(errno), "try again");
  if (child == 0) {
    ::_exit(to_int(finish(out, work)));  // what is to be done at the end of the program is its parent's
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status)) return std::nullopt;
  const auto code = static_cast<ExitCode>(WEXITSTATUS(status));
  if (code == ExitCode::output_closed) throw OutputClosed();
  return code;
}

Message::Message() : file_(::memfd_create("message", MFD_CLOEXEC)) {
  if (!file_) throw Failure(ExitCode::io, "start process", "", std::strerror(errno), "try again");
}

void Message::write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t written = ::write(file_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw Failure(exit_code_of(errno), "tell parent process", "", std::strerror(errno), "try again");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string Message::read() const {
  std::string text;
  char piece[4096];
  for (;;) {
    const ssize_t got = ::pread(file_.get(), piece, sizeof piece, static_cast<off_t>(text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Failure(exit_code_of(errno), "hear child process", "", std::strerror(errno), "try again");
    if (got == 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
  }
}

void hold_standard_descriptors() noexcept {
  // The lowest number that is free is taken (open(2)); what is open as a path can be neither read nor written.
  int descriptor = 0;
  while (descriptor >= 0 && descriptor <= STDERR_FILENO) descriptor = ::open("/dev/null", O_PATH);
  if (descriptor >= 0) ::close(descriptor);
}

void use_idle_io() noexcept {
  // No wrapper in the C library (ioprio_set(2)); 0: of the process itself.
  static_cast<void>(::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)));
}

}  // namespace sessctl
