#include "sys/held_locks.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace sess::sys {

struct HeldLocks::State {
  struct Entry {
    int descriptor;
    FileIdentity identity;
    std::uint64_t thread;
  };
  std::mutex mutex;
  std::vector<Entry> entries;           // as many as the process holds locks: few
  std::atomic<std::uint64_t> forks{0};  // changed under the mutex
  std::atomic<std::uint64_t> generation{0};
};

namespace {

/// A number that no other thread of the process has had: the kernel's and the C library's are used again.
std::uint64_t this_thread() {
  static std::atomic<std::uint64_t> last{0};
  static thread_local const std::uint64_t number = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return number;
}

}  // namespace

HeldLocks& HeldLocks::instance() {
  static HeldLocks held;
  return held;
}

HeldLocks::HeldLocks() : state_(new State) {
  state_->entries.reserve(64);
  // prepare takes the mutex, so that the child never inherits it locked by a thread that it does not have.
  // What the child handler does is async-signal-safe (fork(2) in a threaded program allows nothing else).
  ::pthread_atfork([] { instance().state_->mutex.lock(); },
                   [] {
                     // Counted after the fork, not in prepare: a file that another thread has opened between the two is
                     // shared with the child as well, and its announcement, which waits for the mutex, must be refused.
                     State& state = *instance().state_;
                     state.forks.fetch_add(1, std::memory_order_relaxed);
                     state.mutex.unlock();
                   },
                   [] {
                     State& state = *instance().state_;
                     for (const State::Entry& entry : state.entries) ::close(entry.descriptor);
                     state.entries.clear();
                     state.forks.fetch_add(1, std::memory_order_relaxed);
                     state.generation.fetch_add(1, std::memory_order_relaxed);
                     state.mutex.unlock();
                   });
}

bool HeldLocks::add(int descriptor, FileIdentity identity, std::uint64_t forks) {
  const std::lock_guard guard(state_->mutex);
  if (state_->forks.load(std::memory_order_relaxed) != forks) return false;
  state_->entries.push_back({descriptor, identity, this_thread()});
  return true;
}

bool HeldLocks::remove(int descriptor) {
  const std::lock_guard guard(state_->mutex);
  const auto found = std::ranges::find(state_->entries, descriptor, &State::Entry::descriptor);
  if (found == state_->entries.end()) return false;
  *found = state_->entries.back();
  state_->entries.pop_back();
  return true;
}

bool HeldLocks::held_by_this_thread(FileIdentity identity, int other_than) {
  const std::lock_guard guard(state_->mutex);
  return std::ranges::any_of(state_->entries, [&](const State::Entry& entry) {
    return entry.identity == identity && entry.descriptor != other_than && entry.thread == this_thread();
  });
}

std::uint64_t HeldLocks::fork_count() const noexcept { return state_->forks.load(std::memory_order_relaxed); }

std::uint64_t HeldLocks::generation() const noexcept { return state_->generation.load(std::memory_order_relaxed); }

}  // namespace sess::sys
