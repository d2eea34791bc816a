// A request of which only a part has come must not hold a thread for ever.
#pragma once

#include <csignal>

namespace sess::sys {

/// While it is there, a read of this connection that gets nothing fails after some time, and no signal interrupts it:
/// with a time limit on the socket a read would fail for each one, SA_RESTART or not (signal(7)). In the thread that
/// makes it.
class FastcgiHeadTimeout {
 public:
  static constexpr int milliseconds = 10'000;

  explicit FastcgiHeadTimeout(int connection, int limit = milliseconds) noexcept;
  FastcgiHeadTimeout(const FastcgiHeadTimeout&) = delete;
  FastcgiHeadTimeout& operator=(const FastcgiHeadTimeout&) = delete;
  ~FastcgiHeadTimeout();
  /// The head has come, and the body may take its time. Not for a connection that has been closed.
  void lift() noexcept;

 private:
  int connection_;
  sigset_t before_;
};

}  // namespace sess::sys
