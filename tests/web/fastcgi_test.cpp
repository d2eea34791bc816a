// sess::fcgi::run in a process of its own, asked over a socket as a web server asks.
#include <sess/web/fastcgi.hpp>

#include <doctest/doctest.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "web/fastcgi_program.hpp"

namespace sess::test {
namespace {

using Program = FastcgiProgram;

std::atomic<bool> stop_requested{false};

std::string cookie_of(const std::string& answer) {
  const auto at = answer.find("Set-Cookie: ");
  return at == std::string::npos ? "" : answer.substr(at + 12, answer.find(';', at) - at - 12);
}

TEST_CASE("a FastCGI program handles one request after another, with one session") {
  Site site;
  Program program(site, count_visits);
  const std::string first = program.ask({});
  CHECK(first.starts_with("Status: 200 OK\r\n"));
  CHECK(first.ends_with("nobody 1"));
  const std::string second = program.ask({{"REQUEST_METHOD", "POST"},
                                          {"HTTP_COOKIE", cookie_of(first)},
                                          {"CONTENT_TYPE", "application/x-www-form-urlencoded"}},
                                         "name=ann");
  CHECK(second.ends_with("ann 2"));
  CHECK(cookie_of(second).empty());
}

TEST_CASE("a FastCGI program sends long answers whole") {
  Site site;
  Program program(site, [](web::Request&, web::Response& response) { response << std::string(300'000, 'x'); });
  const std::string answer = program.ask({});
  CHECK(answer.ends_with("\r\n\r\n" + std::string(300'000, 'x')));
}

TEST_CASE("threads of a FastCGI program handle requests at the same time") {
  Site site;
  // No request is answered before the other one is being handled too.
  std::barrier<> both(2);
  Program program(site,
                  [&both](web::Request& request, web::Response& response) {
                    both.arrive_and_wait();
                    count_visits(request, response);
                  },
                  {.threads = 2});
  FastcgiClient one(program.path());
  FastcgiClient other(program.path());
  one.send({});
  other.send({});
  CHECK(one.receive().ends_with("nobody 1"));
  CHECK(other.receive().ends_with("nobody 1"));
}

TEST_CASE("a FastCGI program ends after the number of requests that it is told") {
  Site site;
  Program program(site, count_visits, {.request_limit = 3});
  for (int request = 0; request < 3; ++request) CHECK(program.ask({}).ends_with("nobody 1"));
  CHECK(program.child().wait() == 0);
  CHECK(site.sessions().size() == 3);
}

TEST_CASE("a FastCGI program that is told to stop finishes the request under way and ends") {
  Site site;
  Gate handling;
  Gate go_on;
  const web::Handler handler = held_between(handling, go_on);
  Program program(site, handler, {.stop = &stop_requested}, [](int) { stop_requested = true; });
  FastcgiClient client(program.path());
  client.send({});
  REQUIRE(handling.wait());
  REQUIRE(::kill(program.child().pid(), SIGTERM) == 0);
  go_on.signal();
  // The gate's read is interrupted by the signal or not; either way the request is answered before the end.
  CHECK(client.receive().ends_with("nobody 1"));
  CHECK(program.child().wait() == 0);
}

TEST_CASE("a thread that still waited took a request when the program had ended, and nobody answered it") {
  Site site;
  ListeningSocket socket;
  // Each life but the first stands for the next process that has the socket.
  constexpr int lives = 6;
  Child child([&] {
    for (int life = 0; life < lives; ++life)
      static_cast<void>(fcgi::run(Store::open(site.path()), count_visits, run_options(),
                                  {.threads = 4, .request_limit = 1, .socket = socket.get()}));
  });
  socket.close();
  for (int request = 0; request < lives; ++request) CHECK(socket.ask().ends_with("nobody 1"));
  CHECK(child.wait() == 0);
}

TEST_CASE("a signal that comes while a request is under way lets it be answered, and ends the program") {
  Site site;
  Gate handling;
  Gate go_on;
  const web::Handler handler = held_between(handling, go_on);
  Program program(site, handler, {.threads = 2});
  FastcgiClient client(program.path());
  client.send({});
  REQUIRE(handling.wait());
  REQUIRE(::kill(program.child().pid(), SIGTERM) == 0);
  go_on.signal();
  CHECK(client.receive().ends_with("nobody 1"));
  CHECK(program.child().wait() == 0);
}

// ThreadSanitizer puts a signal off until the thread that got it calls the system again, and a thread that waits for
// its turn to poll does not: with it the program would never end.
#ifdef __SANITIZE_THREAD__
constexpr bool signals_are_put_off = true;
#else
constexpr bool signals_are_put_off = false;
#endif

TEST_CASE("a FastCGI program with waiting threads ends by the signals of servers" *
          doctest::skip(signals_are_put_off)) {
  for (const int signal : {SIGTERM, SIGUSR1}) {
    Site site;
    Program program(site, count_visits, {.threads = 3});
    CHECK(program.ask({}).ends_with("nobody 1"));
    REQUIRE(::kill(program.child().pid(), signal) == 0);
    CHECK(program.child().wait() == 0);
  }
}

using Connection = FastcgiClient::Connection;

void tell_path(web::Request& request, web::Response& response) { response << request.path(); }

TEST_CASE("what was left of a body was taken for the next request on a connection that is kept") {
  Site site;
  Program program(site, tell_path);
  // Two megabytes are announced, so nothing is read. libfcgi has buffered 8 KiB by then, and where these end there
  // stand the records of another request.
  const std::map<std::string, std::string> variables{{"PATH_INFO", "/first"}, {"CONTENT_LENGTH", "2000000"}};
  const std::string forged = FastcgiClient::records({{"PATH_INFO", "/forged"}}, "", Connection::kept);
  const std::size_t before = FastcgiClient::records(variables, "x", Connection::kept).size() - 9;
  FastcgiClient client(program.path());
  client.send_bytes(FastcgiClient::records(variables, std::string(8192 - before, 'x') + forged, Connection::kept));
  CHECK(client.receive().starts_with("Status: 413 "));
  // The connection is closed, and nobody answers the forged one.
  CHECK_THROWS_AS(client.receive(), std::runtime_error);
}

TEST_CASE("the end of a body that came late ended a connection that is kept") {
  Site site;
  Gate handling;
  Gate go_on;
  Program program(site, [&](web::Request& request, web::Response& response) {
    if (request.body() == "one") {
      handling.signal();
      go_on.wait();
    }
    response << request.body();
  });
  const auto records = [](const char* body) {
    return FastcgiClient::records({{"CONTENT_LENGTH", "3"}}, body, Connection::kept);
  };
  FastcgiClient client(program.path());
  const std::string first = records("one");
  client.send_bytes(first.substr(0, first.size() - 8));
  REQUIRE(handling.wait());
  client.send_bytes(first.substr(first.size() - 8));
  go_on.signal();
  CHECK(client.receive().ends_with("one"));
  client.send_bytes(records("two"));
  CHECK(client.receive().ends_with("two"));
}

TEST_CASE("options of a FastCGI program that make no sense are refused") {
  Site site;
  CHECK_THROWS_AS(fcgi::run(site.store(), count_visits, run_options(), {.threads = 0}), UsageError);
}

TEST_CASE("a FastCGI program is refused a descriptor at which nobody listens, and leaves it as it is") {
  Site site;
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  CHECK_THROWS_WITH_AS(fcgi::run(site.store(), count_visits, run_options(), {.socket = ends[0]}),
                       doctest::Contains("accept requests at \"descriptor "), IoError);
  CHECK((::fcntl(ends[0], F_GETFL) & O_NONBLOCK) == 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace sess::test
