#include "../../../tools/sessctl/own_process.hpp"

#include "../../../tools/sessctl/failure.hpp"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <string>

#include <doctest/doctest.h>

namespace sessctl {
namespace {

TEST_CASE("work in a process of its own answers its code, and its parent stays as it is") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  Output out(ends[1]);
  out.print("before ");
  int touched = 0;
  const auto code = in_own_process(out, [&] {
    touched = 1;
    out.print("in ");
    return ExitCode::data;
  });
  out.print("after");
  out.flush();
  ::close(ends[1]);
  std::string printed(100, '\0');
  printed.resize(static_cast<std::size_t>(::read(ends[0], printed.data(), printed.size())));
  ::close(ends[0]);
  CHECK(code == ExitCode::data);
  CHECK(touched == 0);
  CHECK(printed == "before in after");
}

TEST_CASE("a failure of work in a process of its own is reported there") {
  Output out(STDOUT_FILENO);
  CHECK(in_own_process(out, []() -> ExitCode {
          throw Failure(ExitCode::absent, "test", "", "a line that a test expects", "ignore it");
        }) == ExitCode::absent);
}

TEST_CASE("of work in a process that is killed there is no code") {
  Output out(STDOUT_FILENO);
  CHECK(in_own_process(out, [] {
          ::kill(::getpid(), SIGKILL);
          return ExitCode::ok;
        }) == std::nullopt);
}

TEST_CASE("idle I/O is the kernel's idle class") {
  Output out(STDOUT_FILENO);
  CHECK(in_own_process(out, [] {
          use_idle_io();
          const long priority = ::syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
          return IOPRIO_PRIO_CLASS(priority) == IOPRIO_CLASS_IDLE ? ExitCode::ok : ExitCode::internal;
        }) == ExitCode::ok);
}

}  // namespace
}  // namespace sessctl
