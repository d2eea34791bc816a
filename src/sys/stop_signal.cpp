#include "sys/stop_signal.hpp"

namespace sess::sys {

bool StopSignal::wait_for(std::chrono::nanoseconds duration) {
  std::unique_lock lock(mutex_);
  return stopped_.wait_for(lock, duration, [&] { return stop_; });
}

void StopSignal::stop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  stopped_.notify_all();
}

}  // namespace sess::sys
