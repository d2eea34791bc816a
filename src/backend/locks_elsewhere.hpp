// Which locks of the kernel's table are on no file of the store's.
#pragma once

#include "sys/system.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace sess::backend {

/// Of files on one device.
using InodeLocks = std::map<std::uint64_t, std::vector<sys::TableLock>>;

/// What daemons have locked for good on the same file system would have each look for locks read all directories of the
/// store, and look after look there are the same. A lock is known to be elsewhere when two searches, one after the
/// other, have not found its file: a new record may get its name in a directory that the first has just read. As long
/// as its process has it the inode cannot become another file, and once it is gone it is not known any more.
///
/// Threads may share one: who comes while another is at it searches. No mutex, for which a child that is forked
/// meanwhile would wait for ever.
class LocksElsewhere {
 public:
  /// To be given all that the table says. Leaves what is to be searched for.
  void take_out(InodeLocks& locks) {
    attempt([&] {
      std::map<Lock, unsigned> still;
      for (auto& [inode, held] : locks) {
        std::erase_if(held, [&, inode = inode](const sys::TableLock& lock) {
          const auto known = searches_.find({inode, lock.process});
          if (known == searches_.end()) return false;
          still.insert(*known);
          return known->second >= enough;
        });
      }
      searches_ = std::move(still);
      std::erase_if(locks, [](const auto& lock) { return lock.second.empty(); });
    });
  }

  /// To be given what a search has not found.
  void add(const InodeLocks& locks) {
    attempt([&] {
      for (const auto& [inode, held] : locks)
        for (const sys::TableLock& lock : held) ++searches_[{inode, lock.process}];
    });
  }

 private:
  using Lock = std::pair<std::uint64_t, int>;  // inode and process
  static constexpr unsigned enough = 2;

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
  std::map<Lock, unsigned> searches_;  // in how many it was not found
};

}  // namespace sess::backend
