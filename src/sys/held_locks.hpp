// The descriptors that this process has locked or is about to lock.
//
// Purpose: a forked child must not keep its parent's locks (flock belongs to the open file description, which
// both share), and a thread must not wait for itself. This is the one process-wide object of the library:
// pthread_atfork(3) takes no context, so its handlers cannot reach anything else.
#pragma once

#include "sys/system.hpp"

#include <cstdint>

namespace sess::sys {

class HeldLocks {
 public:
  /// The process's only one; the first call registers the fork handlers.
  static HeldLocks& instance();

  /// False, and not added, if the process has forked since fork_count() answered `forks`.
  bool add(int descriptor, FileIdentity identity, std::uint64_t forks);
  /// False if the descriptor is not (or, in a forked child, no longer) held.
  bool remove(int descriptor);
  /// By another descriptor than this one.
  bool held_by_this_thread(FileIdentity identity, int other_than);
  /// Number of forks that this process has made or stems from.
  std::uint64_t fork_count() const noexcept;
  /// Number of forks between the program's start and this process.
  std::uint64_t generation() const noexcept;

 private:
  HeldLocks();
  struct State;
  State* state_;  // never freed: fork handlers may run while the program exits
};

}  // namespace sess::sys
