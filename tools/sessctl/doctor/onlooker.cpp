#include "onlooker.hpp"

#include "../descriptor.hpp"
#include "../failure.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sessctl {
namespace {

[[noreturn]] void fail(const char* operation) {
  throw Failure(ExitCode::io, operation, "", std::strerror(errno), "try again");
}

/// In the child, which has one thread and is killed in the end: by its parent, or by the kernel when that is killed.
[[noreturn]] void look(const char* path, int answer, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it was killed before that
  sess::TrialSight sight;
  const int file = ::open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (struct stat status{}; file >= 0 && ::fstat(file, &status) == 0) {
    sight.inode = status.st_ino;
    sight.modified_seconds = status.st_mtim.tv_sec;
    sight.modified_nanoseconds = static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
    sight.got_lock = ::flock(file, LOCK_EX | LOCK_NB) == 0;
  }
  if (::write(answer, &sight, sizeof sight) != sizeof sight) ::_exit(1);
  for (;;) ::pause();
}

}  // namespace

sess::TrialSight look_from_elsewhere(const std::string& path) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("make pipe");
  const Descriptor answer(ends[0]);
  Descriptor question(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) fail("start process");
  if (child == 0) {
    ::close(answer.get());  // so that without a parent the answer has no reader, and ends the child
    look(path.c_str(), question.get(), parent);
  }
  question = Descriptor();  // so that the end of the child is seen
  sess::TrialSight sight;
  ssize_t got = -1;
  do {
    got = ::read(answer.get(), &sight, sizeof sight);
  } while (got < 0 && errno == EINTR);
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (got != static_cast<ssize_t>(sizeof sight))
    throw Failure(ExitCode::io, "look from another process", "", "it was killed", "try again");
  return sight;
}

}  // namespace sessctl
