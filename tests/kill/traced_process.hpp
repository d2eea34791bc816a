// A process that is stopped at every system call, and killed from outside at a chosen one.
//
// Purpose: SIGKILL at any instruction leaves on disk what the system calls made so far have done; so the moments before
// and after each call are all there are. A call that is killed at its entry has no effect; at its exit it has had all
// of it.
//
// Calling sequence: run_traced forks; the child makes itself ready (not counted) and runs the operation (counted), each
// call stopped with ptrace(2) at entry and exit.
//
// Not counted: calls that only manage the process's own memory. They change nothing that outlives it, and come and go
// with the state of the heap. Threads and forked children of the child are not traced.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace sess::test {

/// Before the call has done anything, or after it has done all of it.
enum class Moment : std::uint8_t { entry, exit };

/// Where to kill: calls are counted from 1.
struct KillPoint {
  std::size_t call = 1;
  Moment moment = Moment::entry;
};

struct TracedRun {
  bool killed = false;      // false: there were fewer calls than that, and the operation came to its end
  std::vector<long> calls;  // the numbers of those that were made, the one that was killed last
  int exit_status = 0;      // of one that was not killed; minus the signal that ended it
};

/// This machine does not let one process trace another, or is too old for it.
class TracingRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs, in a child: `ready`, uncounted, and what it answered, counted. What either throws is printed, and the exit
/// status 1. Without a point nothing is killed. Throws TracingRefused.
TracedRun run_traced(const std::function<std::function<void()>()>& ready, const std::optional<KillPoint>& point);

/// Why nothing can be traced here, or not to any purpose; empty: it can.
std::string why_tracing_is_refused();

}  // namespace sess::test
