// The connections of a FastCGI program: whose they are, what is lost, and what ends with them.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>

#include "web/fastcgi_program.hpp"

namespace {

/// What becomes of the next accept4 of this process; its children have it too.
struct NextAccept {
  int error = 0;
  bool for_good = false;
  sess::test::Gate* done = nullptr;
};
NextAccept next_accept;

}  // namespace

// In place of the C library's: the library under test is linked statically.
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): its own have two underscores
extern "C" int accept4(int socket, sockaddr* peer, socklen_t* size, int flags) {
  using Accept4 = int (*)(int, sockaddr*, socklen_t*, int);
  static const auto real = reinterpret_cast<Accept4>(::dlsym(RTLD_NEXT, "accept4"));
  int connection = -1;
  if (next_accept.error != 0) {
    errno = next_accept.for_good ? next_accept.error : std::exchange(next_accept.error, 0);
  } else {
    connection = real(socket, peer, size, flags);
  }
  if (next_accept.done != nullptr) {
    const int error = errno;
    next_accept.done->signal();
    errno = error;
  }
  return connection;
}

namespace sess::test {
namespace {

/// For the programs that a test makes.
class Accepting {
 public:
  explicit Accepting(NextAccept next) { next_accept = next; }
  Accepting(const Accepting&) = delete;
  Accepting& operator=(const Accepting&) = delete;
  ~Accepting() { next_accept = {}; }
};

/// Counts the connections of this process that a program which it executes would get.
void tell_inherited(web::Request&, web::Response& response) {
  int inherited = 0;
  for (int descriptor = 3; descriptor < 200; ++descriptor) {
    struct stat status {};
    int listening = 0;
    socklen_t size = sizeof listening;
    if (::fstat(descriptor, &status) != 0 || !S_ISSOCK(status.st_mode)) continue;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening != 0) continue;
    if ((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) == 0) ++inherited;
  }
  response << "inherited: " << inherited;
}

/// A program that a harmless signal may interrupt, as one with a timer or a child has it.
void ignore_restarting(int number) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(number, &action, nullptr);
}

TEST_CASE("a signal between the connection and its first bytes lost the request") {
  Site site;
  Gate accepted;
  const Accepting accepting({.done = &accepted});
  ignore_restarting(SIGUSR2);
  FastcgiProgram program(site, count_visits);
  FastcgiClient client(program.path());
  REQUIRE(accepted.wait());
  wait_until_asleep(program.child().pid());
  REQUIRE(::kill(program.child().pid(), SIGUSR2) == 0);
  client.send({});
  CHECK(client.receive().ends_with("nobody 1"));
}

TEST_CASE("a connection on which nothing comes does not keep a FastCGI program from its end") {
  Site site;
  Gate accepted;
  const Accepting accepting({.done = &accepted});
  FastcgiProgram program(site, count_visits);
  const FastcgiClient silent(program.path());
  REQUIRE(accepted.wait());
  REQUIRE(::kill(program.child().pid(), SIGTERM) == 0);
  CHECK(program.child().wait() == 0);
}

TEST_CASE("a part of a request does not keep a FastCGI program from its end" * doctest::skip(!long_run())) {
  Site site;
  Gate accepted;
  const Accepting accepting({.done = &accepted});
  FastcgiProgram program(site, count_visits);
  FastcgiClient client(program.path());
  client.send_bytes(FastcgiClient::records({}).substr(0, 20));
  REQUIRE(accepted.wait());
  REQUIRE(::kill(program.child().pid(), SIGTERM) == 0);
  CHECK(program.child().wait() == 0);
}

TEST_CASE("programs that a handler executed got the connection to the web server") {
  Site site;
  FastcgiProgram program(site, tell_inherited);
  CHECK(program.ask({}).ends_with("inherited: 0"));
}

TEST_CASE("a connection without a FastCGI request is closed, and libfcgi accepts none in its place") {
  Site site;
  FastcgiProgram program(site, tell_inherited);
  FastcgiClient wrong(program.path());
  FastcgiClient right(program.path());
  right.send({});
  wrong.send_bytes(std::string(16, 'x'));
  CHECK_THROWS_AS(wrong.receive(), std::runtime_error);
  CHECK(right.receive().ends_with("inherited: 0"));
}

TEST_CASE(
    "a FastCGI program goes on when a connection has gone, or there is no descriptor or memory for it for a while") {
  for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS, EAGAIN, EINTR, ECONNABORTED, EPROTO}) {
    CAPTURE(error);
    Site site;
    const Accepting accepting({.error = error});
    FastcgiProgram program(site, count_visits);
    CHECK(program.ask({}).ends_with("nobody 1"));
  }
}

TEST_CASE("a FastCGI program without descriptors for connections can be ended") {
  Site site;
  Gate tried;
  const Accepting accepting({.error = EMFILE, .for_good = true, .done = &tried});
  FastcgiProgram program(site, count_visits);
  const FastcgiClient client(program.path());
  REQUIRE(tried.wait());
  REQUIRE(::kill(program.child().pid(), SIGTERM) == 0);
  CHECK(program.child().wait() == 0);
}

TEST_CASE("a FastCGI program takes the web servers that may connect from its environment") {
  Site site;
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof own;
  REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&own), size) == 0);
  REQUIRE(::listen(socket, 8) == 0);
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) == 0);
  for (const char* servers : {"192.0.2.1", "192.0.2.1,127.0.0.1"}) {
    const bool listed = std::string(servers).ends_with("127.0.0.1");
    Child child([&] {
      ::setenv("FCGI_WEB_SERVER_ADDRS", servers, 1);
      fcgi::run(Store::open(site.path()), count_visits, run_options(), {.socket = socket});
    });
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(client, reinterpret_cast<const sockaddr*>(&own), size) == 0);
    const std::string request = FastcgiClient::records({});
    static_cast<void>(::send(client, request.data(), request.size(), MSG_NOSIGNAL));
    char byte = 0;
    CHECK((::recv(client, &byte, 1, 0) > 0) == listed);
    ::close(client);
  }
  ::close(socket);
}

TEST_CASE("where no request can be accepted any more all threads of a FastCGI program end, and it is told why") {
  Site site;
  ListeningSocket socket;
  const Accepting accepting({.error = ENOTSOCK, .for_good = true});
  Child child([&] {
    try {
      fcgi::run(Store::open(site.path()), count_visits, run_options(), {.threads = 3, .socket = socket.get()});
    } catch (const IoError& error) {
      if (error.error_number() == ENOTSOCK && error.operation() == "accept requests at") return;
      throw;
    }
    throw std::runtime_error("run has returned");
  });
  socket.close();
  const FastcgiClient client(socket.path());
  CHECK(child.wait() == 0);
}

TEST_CASE("a FastCGI program ends when the server shuts the socket down") {
  Site site;
  ListeningSocket socket;
  Child child([&] {
    static_cast<void>(
        fcgi::run(Store::open(site.path()), count_visits, run_options(), {.threads = 2, .socket = socket.get()}));
  });
  REQUIRE(::shutdown(socket.get(), SHUT_RDWR) == 0);
  socket.close();
  CHECK(child.wait() == 0);
}

}  // namespace
}  // namespace sess::test
