// Processes that work on a store at the word of the benchmark.
#pragma once

#include "bench/peer.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sess::bench {

/// Operations to be run one after the other: on `count` sessions from `first` on, in turn, `times` operations in all.
struct Task {
  Operation operation = Operation::read;
  int first = 0;
  int count = 1;
  int times = 1;
};

/// When it began and ended, by CLOCK_MONOTONIC, and what each operation took, in nanoseconds.
struct Timing {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::vector<std::int64_t> each;
};

/// A process that runs tasks. It speaks lines over two pipes, so that it can be a program in another language
/// (tests/bench/README.md): `run OPERATION FIRST COUNT TIMES` is answered with begin, end and what each operation took;
/// `prepare OPERATION FIRST COUNT` with `ready`; `sum FIRST COUNT` with a number; anything that goes wrong with
/// `error` and a sentence. It ends at `end`, and with its input.
class Worker {
 public:
  /// A fork of this process that opens the system's store for itself.
  Worker(const System& system, const Place& place);
  /// A program, with what it needs as its arguments.
  explicit Worker(const std::vector<std::string>& command);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  /// Ends it, and waits for that.
  ~Worker();

  void prepare(const Task& task);
  /// Begins a task, so that several workers can be at theirs; `finish` waits for it.
  void start(const Task& task);
  Timing finish();
  long long sum(int first, int count);

 private:
  void send(const std::string& line) const;
  /// Throws what the worker says is wrong, or that it has died.
  std::string receive();

  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string received_;
};

}  // namespace sess::bench
