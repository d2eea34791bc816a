// By which signals a FastCGI program ends, and whom they concern.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <atomic>
#include <vector>

#include "web/fastcgi_program.hpp"

namespace sess::test {
namespace {

/// What a program wrote as its answer's body.
std::string ask(const ListeningSocket& socket) {
  const std::string answer = socket.ask();
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

void tell_process(web::Request&, web::Response& response) { response << static_cast<std::int64_t>(::getpid()); }

void serve(const Site& site, const web::Handler& handler, const fcgi::Options& options) {
  static_cast<void>(fcgi::run(Store::open(site.path()), handler, run_options(), options));
}

bool has_default_actions() {
  for (const int number : {SIGTERM, SIGUSR1}) {
    struct sigaction present {};
    if (::sigaction(number, nullptr, &present) != 0 || present.sa_handler != SIG_DFL) return false;
  }
  return true;
}

TEST_CASE("a signal for a process that a handler had forked ended its parent instead") {
  Site site;
  FastcgiProgram program(site, [](web::Request&, web::Response& response) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::raise(SIGTERM);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    response << "ended by " << (WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  });
  CHECK(program.ask({}).ends_with("ended by 15"));
  CHECK(program.ask({}).ends_with("ended by 15"));
}

TEST_CASE("a signal for one worker ended all that had been forked by a program which had run before") {
  Site site;
  ListeningSocket socket;
  Gate ended;
  Child master([&] {
    on_sigterm(SIG_DFL);
    serve(site, tell_process, {.request_limit = 1, .socket = socket.get()});
    std::vector<Child> workers;
    for (int worker = 0; worker < 2; ++worker)
      workers.emplace_back([&] { serve(site, tell_process, {.socket = socket.get()}); });
    socket.close();
    for (int worker = 0; worker < 2; ++worker) {
      siginfo_t found{};
      ::waitid(P_ALL, 0, &found, WEXITED);
      ended.signal();
      if (found.si_code != CLD_EXITED || found.si_status != 0) throw std::runtime_error("a worker failed");
    }
    ::_exit(0);  // the workers have been reaped
  });
  const int first = std::stoi(ask(socket));
  CHECK(first == master.pid());
  const int one = std::stoi(ask(socket));
  socket.close();
  REQUIRE(::kill(one, SIGTERM) == 0);
  REQUIRE(ended.wait());
  const int other = std::stoi(ask(socket));
  CHECK(other != one);
  REQUIRE(::kill(other, SIGTERM) == 0);
  CHECK(master.wait() == 0);
}

TEST_CASE("signals were still swallowed when the FastCGI program had ended") {
  Site site;
  ListeningSocket socket;
  Child child([&] {
    on_sigterm(SIG_DFL);
    serve(site, tell_process, {.threads = 2, .request_limit = 1, .socket = socket.get()});
    if (!has_default_actions()) throw std::runtime_error("handlers are left");
  });
  CHECK(std::stoi(ask(socket)) == child.pid());
  CHECK(child.wait() == 0);
}

TEST_CASE("handlers of the program itself are left as they are") {
  Site site;
  ListeningSocket socket;
  static void (*const own)(int) = [](int) {};
  Child child([&] {
    on_sigterm(own);
    serve(site, tell_process, {.request_limit = 1, .socket = socket.get()});
    struct sigaction present {};
    ::sigaction(SIGTERM, nullptr, &present);
    if (present.sa_handler != own) throw std::runtime_error("the handler has been replaced");
  });
  CHECK(std::stoi(ask(socket)) == child.pid());
  CHECK(child.wait() == 0);
}

TEST_CASE("a signal ends one run of a FastCGI program and not the next one") {
  Site site;
  ListeningSocket socket;
  Child child([&] {
    on_sigterm(SIG_DFL);
    serve(site,
          [](web::Request&, web::Response& response) {
            ::raise(SIGTERM);
            response << "first";
          },
          {.socket = socket.get()});
    serve(site, tell_process, {.request_limit = 1, .socket = socket.get()});
  });
  CHECK(ask(socket) == "first");
  CHECK(std::stoi(ask(socket)) == child.pid());
  CHECK(child.wait() == 0);
}

TEST_CASE("a signal that comes when a run is ending for another reason ends the next one") {
  Site site;
  ListeningSocket socket;
  Child child([&] {
    on_sigterm(SIG_DFL);
    const web::Handler handler = [](web::Request&, web::Response& response) {
      ::raise(SIGTERM);
      response << "last";
    };
    serve(site, handler, {.request_limit = 1, .socket = socket.get()});
    serve(site, handler, {.socket = socket.get()});
  });
  CHECK(ask(socket) == "last");
  CHECK(child.wait() == 0);
}

TEST_CASE("an idle FastCGI program ends when a thread sets stop, though nobody asks") {
  Site site;
  ListeningSocket socket;
  Gate idle;
  Child child([&] {
    on_sigterm(SIG_DFL);
    std::atomic<bool> stop{false};
    std::thread stopping([&] {
      idle.wait();
      stop = true;
    });
    serve(site, tell_process, {.threads = 2, .stop = &stop, .socket = socket.get()});
    stopping.join();
  });
  CHECK(std::stoi(ask(socket)) == child.pid());
  wait_until_asleep(child.pid());
  idle.signal();
  CHECK(child.wait() == 0);
}

TEST_CASE(
    "the requests on kept connections are answered before a FastCGI program ends, and the connections are closed") {
  Site site;
  FastcgiProgram program(site, [](web::Request&, web::Response& response) {
    ::raise(SIGTERM);
    response << "answered";
  });
  FastcgiClient client(program.path());
  client.send_bytes(FastcgiClient::records({}, "", FastcgiClient::Connection::kept));
  CHECK(client.receive().ends_with("answered"));
  CHECK_THROWS_AS(client.receive(), std::runtime_error);
  CHECK(program.child().wait() == 0);
}

}  // namespace
}  // namespace sess::test
