#include "sys/fastcgi_listener.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include "sys/fastcgi_head_timeout.hpp"

namespace sess::sys {
namespace {

sockaddr_in loopback(const char* address, in_port_t port = 0) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = port;
  REQUIRE(::inet_pton(AF_INET, address, &made.sin_addr) == 1);
  return made;
}

/// At a port of 127.0.0.1.
class Server {
 public:
  Server() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own = loopback("127.0.0.1");
    socklen_t size = sizeof own;
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&own), size) == 0);
    REQUIRE(::listen(socket_.get(), 8) == 0);
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0);
    port_ = own.sin_port;
  }
  int get() const { return socket_.get(); }
  FastcgiDescriptor connect(const char* from) const {
    FastcgiDescriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in own = loopback(from);
    const sockaddr_in to = loopback("127.0.0.1", port_);
    REQUIRE(::bind(client.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0);
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    return client;
  }

 private:
  FastcgiDescriptor socket_;
  in_port_t port_ = 0;
};

void send(const FastcgiDescriptor& client, const std::string& text) {
  REQUIRE(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

/// A listener, and one connection to it.
struct Connected {
  Server server;
  FastcgiListener listener{server.get(), nullptr, ""};
  FastcgiDescriptor client = server.connect("127.0.0.1");
  FastcgiDescriptor connection;  // the listener's end of it, once it has been accepted
  std::array<char, 100> buffer{};
  auto next() { return listener.next(connection, buffer); }
};

TEST_CASE("a host that is not in the list of web servers is not heard, and the next one is") {
  const Server server;
  FastcgiListener listener(server.get(), nullptr, "127.0.0.2");
  const FastcgiDescriptor stranger = server.connect("127.0.0.3");
  send(stranger, "stranger");
  const FastcgiDescriptor known = server.connect("127.0.0.2");
  send(known, "known");
  FastcgiDescriptor connection;
  std::array<char, 100> buffer{};
  CHECK(listener.next(connection, buffer) == "known");
  char byte = 0;
  CHECK(::recv(stranger.get(), &byte, 1, 0) <= 0);
}

TEST_CASE("what has come on a connection is shown and left there, and the connection is blocking") {
  Connected one;
  send(one.client, "some bytes");
  std::array<char, 4> part{};
  CHECK(one.listener.next(one.connection, part) == "some");
  CHECK(::recv(one.connection.get(), one.buffer.data(), one.buffer.size(), 0) == 10);
  CHECK((::fcntl(one.connection.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a connection that its server has closed is replaced by the next one") {
  Connected first;
  send(first.client, "x");
  REQUIRE(first.next() == "x");
  char byte = 0;
  REQUIRE(::recv(first.connection.get(), &byte, 1, 0) == 1);
  first.client.reset();
  const FastcgiDescriptor second = first.server.connect("127.0.0.1");
  send(second, "second");
  CHECK(first.next() == "second");
}

TEST_CASE("what had been sent on a kept connection before the end is shown after it") {
  Connected kept;
  send(kept.client, "request");
  REQUIRE(kept.next() == "request");
  kept.listener.stop();
  CHECK(kept.next() == "request");
  REQUIRE(::recv(kept.connection.get(), kept.buffer.data(), kept.buffer.size(), 0) == 7);
  CHECK(kept.next().empty());
  CHECK_FALSE(kept.connection);
}

/// By the arguments of the system call that a thread of this process is in (proc(5)): poll and ppoll have the number of
/// descriptors second.
bool polls_one_descriptor(pid_t thread) {
  std::ifstream call("/proc/self/task/" + std::to_string(thread) + "/syscall");
  std::string number;
  std::string descriptors;
  std::string count;
  return call >> number >> descriptors >> count && count == "0x1";
}

TEST_CASE("a connection that was accepted before the end may still bring its request") {
  Connected late;
  std::string arrived;
  std::atomic<pid_t> who{0};
  std::atomic<bool> has_ended{false};
  std::thread thread([&] {
    who = ::gettid();
    arrived = late.next();
    has_ended = true;
  });
  // It has been accepted: the queue is empty.
  pollfd queue{.fd = late.server.get(), .events = POLLIN, .revents = 0};
  while (::poll(&queue, 1, 0) != 0) std::this_thread::yield();
  late.listener.stop();
  // Not before the end has been noticed: then nothing but the connection is waited for.
  while (!has_ended && !polls_one_descriptor(who)) std::this_thread::yield();
  send(late.client, "request");
  thread.join();
  CHECK(arrived == "request");
}

TEST_CASE("nothing is accepted after the end") {
  Connected late;
  send(late.client, "request");
  late.listener.stop();
  CHECK(late.next().empty());
  pollfd queue{.fd = late.server.get(), .events = POLLIN, .revents = 0};
  CHECK(::poll(&queue, 1, 0) == 1);
}

TEST_CASE("a read of a part of a head ends after its time, and a read of a body has none") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const FastcgiDescriptor one(ends[0]);
  const FastcgiDescriptor other(ends[1]);
  {
    FastcgiHeadTimeout timeout(one.get(), 1);
    char byte = 0;
    CHECK(::read(one.get(), &byte, 1) == -1);
    CHECK(errno == EAGAIN);
    timeout.lift();
  }
  timeval limit{};
  socklen_t size = sizeof limit;
  REQUIRE(::getsockopt(one.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, &size) == 0);
  CHECK(limit.tv_sec == 0);
  CHECK(limit.tv_usec == 0);
}

TEST_CASE("signals wait for the end of a read of a part of a head") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const FastcgiDescriptor one(ends[0]);
  const FastcgiDescriptor other(ends[1]);
  sigset_t present;
  {
    const FastcgiHeadTimeout timeout(one.get());
    REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &present) == 0);
    CHECK(::sigismember(&present, SIGTERM) == 1);
    CHECK(::sigismember(&present, SIGCHLD) == 1);
  }
  REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &present) == 0);
  CHECK(::sigismember(&present, SIGTERM) == 0);
}

}  // namespace
}  // namespace sess::sys
