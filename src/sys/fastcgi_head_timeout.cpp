#include "sys/fastcgi_head_timeout.hpp"

#include <sys/socket.h>
#include <sys/time.h>

namespace sess::sys {

namespace {

void limit_reads(int connection, int milliseconds) noexcept {
  const timeval limit{.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
  static_cast<void>(::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
}

}  // namespace

FastcgiHeadTimeout::FastcgiHeadTimeout(int connection, int limit) noexcept : connection_(connection), before_() {
  sigset_t all;
  ::sigfillset(&all);
  static_cast<void>(::pthread_sigmask(SIG_SETMASK, &all, &before_));
  limit_reads(connection, limit);
}

FastcgiHeadTimeout::~FastcgiHeadTimeout() { static_cast<void>(::pthread_sigmask(SIG_SETMASK, &before_, nullptr)); }

void FastcgiHeadTimeout::lift() noexcept { limit_reads(connection_, 0); }

}  // namespace sess::sys
