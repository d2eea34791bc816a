#include "traced_process.hpp"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <iostream>

namespace sess::test {

namespace {

constexpr int refused_status = 121;             // of a child that may not be traced
constexpr int call_stop = SIGTRAP | 0x80;       // PTRACE_O_TRACESYSGOOD
constexpr std::uint64_t end_mark = 0x6b696c6c;  // the argument of a getppid, which takes none: the operation is over

constexpr std::array memory_calls = {long{SYS_brk},    long{SYS_mmap},    long{SYS_munmap},
                                     long{SYS_mremap}, long{SYS_madvise}, long{SYS_mprotect}};

bool is_counted(long call) { return std::ranges::find(memory_calls, call) == memory_calls.end(); }

[[noreturn]] void run_child(const std::function<std::function<void()>()>& ready) {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(refused_status);
  int status = 0;
  try {
    const auto operation = ready();
    ::kill(::getpid(), SIGSTOP);  // from here on each call is a stop
    operation();
    ::syscall(SYS_getppid, end_mark);
  } catch (const std::exception& error) {
    std::cerr << "traced process: " << error.what() << '\n';
    status = 1;
  }
  ::_exit(status);
}

[[noreturn]] void refuse(const std::string& what) { throw TracingRefused(what + ": " + std::strerror(errno)); }

/// The child, from fork to its end; killed and reaped if it is still there.
class Tracee {
 public:
  explicit Tracee(const std::function<std::function<void()>()>& ready) {
    std::cout.flush();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) run_child(ready);
    wait();
    if (is_over() && exit_status() == refused_status)
      throw TracingRefused("a child is not allowed to ask for being traced (PTRACE_TRACEME)");
    if (is_over()) return;
    constexpr unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
    if (::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, options) == 0) return;
    const int error = errno;
    kill();
    errno = error;
    refuse("PTRACE_SETOPTIONS");
  }
  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;
  ~Tracee() {
    if (!is_over()) kill();
  }

  /// Lets it run to its next stop at a call, or to its end; passes on the signals that it gets meanwhile.
  void go_on() {
    int signal = 0;
    do {
      if (::ptrace(PTRACE_SYSCALL, pid_, nullptr, signal) != 0) refuse("PTRACE_SYSCALL");
      wait();
      signal = is_over() ? 0 : WSTOPSIG(status_);
    } while (!is_over() && signal != call_stop);
  }

  /// Of a stop at a call: what it is.
  __ptrace_syscall_info call() const {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof info, &info) <= 0) refuse("PTRACE_GET_SYSCALL_INFO");
    return info;
  }

  void kill() {
    ::kill(pid_, SIGKILL);
    while (!is_over()) wait();
  }
  void let_go() {
    if (::ptrace(PTRACE_CONT, pid_, nullptr, nullptr) != 0) refuse("PTRACE_CONT");
    while (!is_over()) wait();
  }

  bool is_over() const { return WIFEXITED(status_) || WIFSIGNALED(status_); }
  int exit_status() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_); }

 private:
  void wait() {
    while (::waitpid(pid_, &status_, 0) < 0)
      if (errno != EINTR) throw std::runtime_error("waitpid");
  }

  pid_t pid_ = 0;
  int status_ = 0;
};

}  // namespace

TracedRun run_traced(const std::function<std::function<void()>()>& ready, const std::optional<KillPoint>& point) {
  Tracee tracee(ready);
  TracedRun run;
  long number = 0;  // of the call that it is in
  while (!tracee.is_over()) {
    tracee.go_on();
    if (tracee.is_over()) break;
    const __ptrace_syscall_info call = tracee.call();
    const Moment moment = call.op == PTRACE_SYSCALL_INFO_ENTRY ? Moment::entry : Moment::exit;
    if (moment == Moment::entry) {
      number = static_cast<long>(call.entry.nr);
      if (number == SYS_getppid && call.entry.args[0] == end_mark) {
        tracee.let_go();
        break;
      }
      if (is_counted(number)) run.calls.push_back(number);
    }
    if (!is_counted(number) || !point || point->call != run.calls.size() || point->moment != moment) continue;
    tracee.kill();
    run.killed = true;
    return run;
  }
  run.exit_status = tracee.exit_status();
  return run;
}

std::string why_tracing_is_refused() {
#ifdef __SANITIZE_THREAD__
  return "ThreadSanitizer makes system calls of its own";
#endif
  try {
    const TracedRun run = run_traced([] { return [] { ::getuid(); }; }, std::nullopt);
    if (run.calls == std::vector<long>{SYS_getuid}) return {};
    return "the calls of a traced process are not seen";
  } catch (const TracingRefused& refused) {
    return refused.what();
  }
}

}  // namespace sess::test
