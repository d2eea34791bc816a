#include "sys/fastcgi_listener.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <sess/error.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>

namespace sess::sys {

namespace {

// A program's handler of a signal sets `stop` and cannot wake who polls, because the signal may interrupt any thread.
constexpr int stop_interval = 100;  // milliseconds

void make_readable(int event) noexcept {
  const std::uint64_t one = 1;
  // Fails only if it is readable since 2^64 - 2 calls (eventfd(2)).
  static_cast<void>(::write(event, &one, sizeof one) == sizeof one);
}

// Of the process; readable once one of the signals has come. Never closed: a handler may use it at any time.
std::atomic<int> signalled{-1};

void on_signal(int /*number*/) {
  const int error = errno;
  make_readable(signalled.load());
  errno = error;
}

[[noreturn]] void fail(const char* operation, int socket) {
  throw IoError(operation, "descriptor " + std::to_string(socket), errno);
}

int make_event(int socket) {
  const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) fail("make event for", socket);
  return event;
}

/// The signals by which web servers end a program (FastCGI 1.0, section 3.9, and what Apache sends).
void install_handlers(int socket) {
  static std::mutex once;
  const std::lock_guard lock(once);
  if (signalled.load() >= 0) return;
  signalled = make_event(socket);
  for (const int number : {SIGTERM, SIGUSR1}) {
    struct sigaction present {};
    if (::sigaction(number, nullptr, &present) != 0 || present.sa_handler != SIG_DFL) continue;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;  // what a request is at goes on
    ::sigemptyset(&action.sa_mask);
    static_cast<void>(::sigaction(number, &action, nullptr));
  }
}

}  // namespace

FastcgiListener::FastcgiListener(int socket, const std::atomic<bool>* stop) : socket_(socket), stop_(stop) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) fail("accept requests at", socket);
  if (listening == 0) {
    errno = EINVAL;
    fail("accept requests at", socket);
  }
  const int flags = ::fcntl(socket, F_GETFL);
  if (flags < 0 || ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0) fail("accept requests at", socket);
  install_handlers(socket);
  stopped_ = make_event(socket);
}

FastcgiListener::~FastcgiListener() { ::close(stopped_); }

bool FastcgiListener::wait_for_connection() {
  const std::lock_guard lock(first_);
  return wait_for_request(socket_);
}

bool FastcgiListener::wait_for_request(int connection) const {
  std::array<pollfd, 3> wanted = {{{.fd = connection, .events = POLLIN, .revents = 0},
                                   {.fd = stopped_, .events = POLLIN, .revents = 0},
                                   {.fd = signalled.load(), .events = POLLIN, .revents = 0}}};
  while (stop_ == nullptr || !stop_->load()) {
    const int ready = ::poll(wanted.data(), wanted.size(), stop_ != nullptr ? stop_interval : -1);
    if (ready <= 0) continue;  // a signal, or time to look at `stop`; other errors of poll(2) are no memory for it
    if (wanted[1].revents != 0 || wanted[2].revents != 0) return false;
    return true;  // an error of the connection as well: whoever reads from it finds out
  }
  return false;
}

void FastcgiListener::stop() noexcept { make_readable(stopped_); }

}  // namespace sess::sys
