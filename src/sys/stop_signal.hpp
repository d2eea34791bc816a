// A pause that can be ended from another thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace sess::sys {

/// One thread waits, another one stops it. Both may come first.
class StopSignal {
 public:
  /// Waits so long, or until stop. True if it was stopped.
  bool wait_for(std::chrono::nanoseconds duration);
  void stop();

 private:
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
};

}  // namespace sess::sys
