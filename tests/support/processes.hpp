// Several processes that meet at barriers. No test sleeps to get an order.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace sess::test {

/// A line that one process waits at until another one lets it go. Survives fork; each signal frees one wait.
class Gate {
 public:
  Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate();
  void signal(std::size_t count = 1);
  /// False if nobody is left who could signal.
  bool wait();

 private:
  int read_end_;
  int write_end_;
};

/// A counter in memory that all children share.
class SharedCounter {
 public:
  SharedCounter();
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  ~SharedCounter();
  std::int64_t add(std::int64_t amount = 1);
  std::int64_t value() const;
  void set(std::int64_t value);

 private:
  std::int64_t* value_;
};

/// A forked child; killed and reaped if it is still there at the end of the test.
class Child {
 public:
  /// Runs `work` in a child. It exits with 0, or with 1 after printing what `work` threw; no destructor of the
  /// parent's objects runs in it.
  explicit Child(const std::function<void()>& work);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const noexcept { return pid_; }
  void kill();
  /// Waits for it. The exit status, or minus the signal that ended it.
  int wait();

 private:
  pid_t pid_;
};

/// Runs `work` with the numbers 0 to count-1 in as many processes, which all start at once. Answers how many failed.
int run_processes(int count, const std::function<void(int)>& work);

}  // namespace sess::test
