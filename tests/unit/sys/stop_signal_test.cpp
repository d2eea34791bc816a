// A pause that another thread ends.
#include "sys/stop_signal.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace sess;
using namespace std::chrono_literals;

TEST_CASE("a wait that nobody stops ends after its time") {
  sys::StopSignal signal;
  CHECK_FALSE(signal.wait_for(0ns));
  CHECK_FALSE(signal.wait_for(-1s));
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(signal.wait_for(1ms));
  CHECK(std::chrono::steady_clock::now() - start >= 1ms);
}

TEST_CASE("a stop that came first ends every later wait at once") {
  sys::StopSignal signal;
  signal.stop();
  signal.stop();
  CHECK(signal.wait_for(24h));
  CHECK(signal.wait_for(0ns));
}

TEST_CASE("a stop ends the wait of another thread") {
  // Whether it waits already when the stop comes is left open: both orders must end.
  for (int round = 0; round < 100; ++round) {
    sys::StopSignal signal;
    bool stopped = false;
    std::thread waiter([&] { stopped = signal.wait_for(24h); });
    if (round % 2 == 1) std::this_thread::yield();
    signal.stop();
    waiter.join();
    CHECK(stopped);
  }
}
