#include "sys/fastcgi_listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <sess/error.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>

namespace sess::sys {

namespace {

// A program's handler of a signal sets `stop` and cannot wake who polls, because the signal may interrupt any thread.
constexpr int stop_interval = 100;  // milliseconds
// Until descriptors or memory are asked for again.
constexpr int shortage_pause = 100;  // milliseconds
// What a web server connects for is a request that it is about to send; on the same host that takes far less.
constexpr int silence_after_end = 1000;  // milliseconds

std::string name_of(int socket) { return "descriptor " + std::to_string(socket); }

[[noreturn]] void fail(const char* operation, int socket) { throw IoError(operation, name_of(socket), errno); }

/// Whether something comes within this time.
bool readable(int connection, int milliseconds) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(milliseconds);
  while (true) {
    pollfd wanted{.fd = connection, .events = POLLIN, .revents = 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    const int ready = ::poll(&wanted, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

/// What can be read now without waiting; 0 at the connection's end. -1: nothing yet.
ssize_t look(int connection, std::span<char> buffer) {
  const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && errno != EAGAIN && errno != EINTR ? 0 : count;
}

/// Of accept4: the connection was another process's, or has gone before it was accepted (accept(2) names these).
bool concerns_one_connection(int error) {
  for (const int one : {EAGAIN, EINTR, ECONNABORTED, ECONNRESET, EPROTO, EPERM, ETIMEDOUT, ENETDOWN, ENETUNREACH,
                        ENOPROTOOPT, EHOSTDOWN, EHOSTUNREACH, ENONET})
    if (error == one) return true;
  return false;
}

/// A UNIX socket that was shut down stays readable, and a non-blocking accept there answers EAGAIN.
bool is_shut_down(int socket) {
  pollfd wanted{.fd = socket, .events = POLLRDHUP, .revents = 0};
  return ::poll(&wanted, 1, 0) > 0;
}

bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS; }

}  // namespace

FastcgiListener::FastcgiListener(int socket, const std::atomic<bool>* stop, std::string_view web_servers)
    : socket_(socket), web_servers_(web_servers), stop_(stop), stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!stop_event_) fail("make event for", socket);
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) fail("accept requests at", socket);
  if (listening == 0) {
    errno = EINVAL;
    fail("accept requests at", socket);
  }
  const int flags = ::fcntl(socket, F_GETFL);
  if (flags < 0 || ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0) fail("accept requests at", socket);
}

std::string_view FastcgiListener::next(FastcgiDescriptor& connection, std::span<char> buffer) {
  if (connection) {
    // It is idle most of the time: the poll first.
    const bool brought = wait(connection.get()) || readable(connection.get(), 0);
    const ssize_t count = brought ? look(connection.get(), buffer) : 0;
    if (count > 0) return {buffer.data(), static_cast<std::size_t>(count)};
    connection.reset();
  }
  while ((connection = accept())) {
    // Most servers have sent their request by now: no poll first.
    ssize_t count = look(connection.get(), buffer);
    if (count < 0 && (wait(connection.get()) || readable(connection.get(), silence_after_end)))
      count = look(connection.get(), buffer);
    if (count > 0) return {buffer.data(), static_cast<std::size_t>(count)};
    connection.reset();
  }
  return {};
}

FastcgiDescriptor FastcgiListener::accept() {
  const std::lock_guard lock(first_);
  while (wait(socket_)) {
    if (ended()) break;
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    FastcgiDescriptor connection(::accept4(socket_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC));
    if (connection) {
      if (!web_servers_.may_connect(reinterpret_cast<const sockaddr&>(peer))) continue;
      if (peer.ss_family == AF_INET || peer.ss_family == AF_INET6) {
        const int on = 1;  // an answer's last part does not wait for more
        static_cast<void>(::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
      }
      return connection;
    }
    const int error = errno;
    if (error == EINVAL || (error == EAGAIN && is_shut_down(socket_)))
      stop();  // the server has ended
    else if (is_shortage(error))
      pause(shortage_pause);
    else if (!concerns_one_connection(error))
      throw IoError("accept requests at", name_of(socket_), error);
  }
  // A signal is what ended this, unless something else had before.
  if (signals_.came() && !stopped_.load()) signals_.obey();
  return {};
}

/// Until something can be read (an error as well: whoever reads finds out); false if the end has come and nothing has.
bool FastcgiListener::wait(int descriptor) {
  std::array<pollfd, 3> wanted = {{{.fd = descriptor, .events = POLLIN, .revents = 0},
                                   {.fd = stop_event_.get(), .events = POLLIN, .revents = 0},
                                   {.fd = signals_.event(), .events = POLLIN, .revents = 0}}};
  while (stop_ == nullptr || !stop_->load()) {
    const int ready = ::poll(wanted.data(), wanted.size(), stop_ != nullptr ? stop_interval : -1);
    if (ready <= 0) continue;  // a signal, or time to look at `stop`; other errors of poll(2) are no memory for it
    return wanted[0].revents != 0;
  }
  return false;
}

void FastcgiListener::pause(int milliseconds) const {
  std::array<pollfd, 2> wanted = {{{.fd = stop_event_.get(), .events = POLLIN, .revents = 0},
                                   {.fd = signals_.event(), .events = POLLIN, .revents = 0}}};
  static_cast<void>(::poll(wanted.data(), wanted.size(), milliseconds));
}

void FastcgiListener::stop() noexcept {
  stopped_ = true;
  const std::uint64_t one = 1;
  // Fails only if it is readable since 2^64 - 2 calls (eventfd(2)).
  static_cast<void>(::write(stop_event_.get(), &one, sizeof one) == sizeof one);
}

}  // namespace sess::sys
