// Work that is done by several threads, and whose results are taken in their order by one.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace sess {

/// Calls `work(number)` for each number below `count`, in `jobs` threads (one: in none but the caller's), and
/// `take(result)` in the caller's thread, in the order of the numbers. Ends early, and throws, what either throws
/// first; all threads have ended then. No more than 2 * jobs results wait to be taken: `take` may be slow.
template <class Result, class Work, class Take>
void work_in_order(unsigned jobs, unsigned count, const Work& work, const Take& take) {
  if (jobs <= 1) {
    for (unsigned number = 0; number < count; ++number) take(work(number));
    return;
  }
  std::mutex mutex;
  std::condition_variable is_done;
  std::condition_variable is_taken;
  std::vector<std::optional<Result>> results(count);
  std::exception_ptr failure;
  unsigned next = 0;
  unsigned taken = 0;
  bool stopped = false;
  const auto run = [&] {
    std::unique_lock guard(mutex);
    while (true) {
      is_taken.wait(guard, [&] { return stopped || next >= count || next - taken < 2 * jobs; });
      if (stopped || next >= count) return;
      const unsigned number = next++;
      guard.unlock();
      try {
        Result result = work(number);
        guard.lock();
        results[number] = std::move(result);
      } catch (...) {
        if (!guard.owns_lock()) guard.lock();
        if (!failure) failure = std::current_exception();
        stopped = true;
        is_taken.notify_all();
      }
      is_done.notify_one();
    }
  };
  /// Joins on every way out.
  struct Threads {
    std::vector<std::thread> all;
    std::mutex& mutex;
    bool& stopped;
    std::condition_variable& is_taken;
    ~Threads() {
      {
        const std::lock_guard guard(mutex);
        stopped = true;
      }
      is_taken.notify_all();
      for (std::thread& thread : all) thread.join();
    }
  };
  Threads threads{{}, mutex, stopped, is_taken};
  for (unsigned i = 0; i < jobs; ++i) threads.all.emplace_back(run);
  for (unsigned number = 0; number < count; ++number) {
    std::unique_lock guard(mutex);
    is_done.wait(guard, [&] { return results[number] || failure; });
    if (failure) std::rethrow_exception(failure);
    const Result result = std::move(*results[number]);
    results[number].reset();
    guard.unlock();
    take(result);
    guard.lock();
    ++taken;
    is_taken.notify_all();
  }
}

}  // namespace sess
