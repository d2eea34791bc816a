// An operation that is killed at every system call, and how its remains are looked at.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace sess::test {

/// Who looks first at what a killed process has left, and what it does first.
enum class Look : std::uint8_t {
  reader,   // this process, with a snapshot
  locker,   // a fresh process, with a lock without waiting
  sweeper,  // a fresh process, with a sweep
};

struct Finding {
  bool took_effect = false;   // the operation has had its effect; of one that has none to see always false
  std::string what_is_wrong;  // empty: nothing
};

class Subject {
 public:
  Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  virtual ~Subject() = default;

  virtual const std::string& name() const = 0;
  /// True if this look tells an operation that has not begun from one that is over: then it takes effect at one point,
  /// and stays so.
  virtual bool has_effect(Look look) const = 0;
  /// Before each run: everything is as the operation expects it.
  virtual void prepare() = 0;
  /// In the process that will be killed: gets ready, and answers the operation.
  virtual std::function<void()> ready() = 0;
  /// After the kill, in this process: waits for what the killed one may have started.
  virtual void settle() {}
  /// Then, in the process that `look` says; uses up what prepare made.
  virtual Finding look(Look look) = 0;
  /// After each run, in this process: ends what the operation has left running.
  virtual void clean_up() {}
};

}  // namespace sess::test
