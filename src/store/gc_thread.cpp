#include <sess/gc.hpp>

#include "store/core.hpp"
#include "store/times.hpp"
#include "sys/stop_signal.hpp"

#include <sess/store.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <thread>
#include <utility>

namespace sess {

class GcThread::Worker {
 public:
  Worker(Store store, GcThreadOptions options)
      : store_(std::move(store)),
        options_(checked(std::move(options))),
        process_generation_(StoreAccess::system(store_).process_generation()),
        thread_([this] { run(); }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    stop_.stop();
    thread_.join();
  }

  bool own_process() const { return StoreAccess::system(store_).process_generation() == process_generation_; }

 private:
  static GcThreadOptions checked(GcThreadOptions options) {
    check_timeout(options.interval, "start sweeping thread: interval");
    return options;
  }

  void run() {
    while (!stop_.wait_for(next_interval())) sweep();
  }

  /// The interval, a tenth up or down: programs that started together must not sweep together.
  std::chrono::nanoseconds next_interval() {
    std::array<std::byte, 1> chance{};
    // Without chance the interval is still one.
    static_cast<void>(StoreAccess::system(store_).random(chance));
    const std::chrono::nanoseconds tenth = std::chrono::nanoseconds(options_.interval) / 10;
    return options_.interval - tenth + tenth / 255 * 2 * std::to_integer<int>(chance[0]);
  }

  void sweep() {
    try {
      const GcReport report = store_.gc({.budget = options_.budget, .clock_hold = options_.clock_hold});
      if (options_.on_report) options_.on_report(report);
    } catch (...) {
      if (options_.on_error) options_.on_error(std::current_exception());
    }
  }

  Store store_;
  GcThreadOptions options_;
  std::uint64_t process_generation_;
  sys::StopSignal stop_;
  std::thread thread_;  // last: it uses everything above
};

GcThread::GcThread(Store store, GcThreadOptions options)
    : worker_(std::make_unique<Worker>(std::move(store), std::move(options))) {}

GcThread::~GcThread() {
  // A forked child has the object but not the thread, and the mutex as it was at that moment: joining would wait for
  // ever. Its memory is left to the end of the process.
  if (!worker_->own_process()) static_cast<void>(worker_.release());
}

}  // namespace sess
