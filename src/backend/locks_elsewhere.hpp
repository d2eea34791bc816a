// Which locks of the kernel's table are on no file of the store's.
#pragma once

#include "sys/system.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace sess::backend {

/// Of files on one device.
using InodeLocks = std::map<std::uint64_t, std::vector<sys::TableLock>>;

/// What daemons have locked for good on the same file system would have each look for locks read all directories of the
/// store. So a lock whose file a search has not found is not searched for again before eight times as long has passed
/// as that search took: it costs a ninth of the time at most. Longer than that no lock of a record stays unseen, as it
/// would if what is known of an inode and a process were known for good: the same process may end a session and lock
/// the next one, which has got the same inode.
///
/// Threads may share one: who comes while another is at it searches. No mutex, for which a child that is forked
/// meanwhile would wait for ever.
class LocksElsewhere {
 public:
  using Time = std::chrono::nanoseconds;  // of System::monotonic_clock

  /// To be given all that the table says. Leaves what a search is due for: all, or nothing.
  void take_out(InodeLocks& locks, Time now) {
    attempt([&] {
      std::map<Lock, Time> still;
      bool is_due = false;
      for (const auto& [inode, held] : locks) {
        for (const sys::TableLock& lock : held) {
          const auto known = due_.find({inode, lock.process});
          is_due = is_due || known == due_.end() || known->second <= now;
          if (known != due_.end()) still.insert(*known);
        }
      }
      due_ = std::move(still);
      if (!is_due) locks.clear();
    });
  }

  /// To be given what a search has not found that took so long and has just ended.
  void add(const InodeLocks& locks, Time took, Time now) {
    attempt([&] {
      for (const auto& [inode, held] : locks)
        for (const sys::TableLock& lock : held) due_[{inode, lock.process}] = now + 8 * took;
    });
  }

 private:
  using Lock = std::pair<std::uint64_t, int>;  // inode and process

  template <class Work>
  void attempt(const Work& work) {
    if (is_used_.test_and_set(std::memory_order_acquire)) return;
    try {
      work();
    } catch (...) {
      is_used_.clear(std::memory_order_release);
      throw;
    }
    is_used_.clear(std::memory_order_release);
  }

  std::atomic_flag is_used_;
  std::map<Lock, Time> due_;  // when it is to be searched for again
};

}  // namespace sess::backend
