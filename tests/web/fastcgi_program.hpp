// A FastCGI program in a process of its own, which the tests ask over its socket.
#pragma once

#include <sess/web/fastcgi.hpp>

#include <fcgiapp.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "support/fastcgi_client.hpp"
#include "web/site.hpp"

namespace sess::test {

/// What SIGTERM does in a program. The test runner has a handler of its own, which its children inherit.
inline void on_sigterm(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;  // without SA_RESTART: it interrupts the wait for a request
  ::sigaction(SIGTERM, &action, nullptr);
}

/// A listening socket of which each process of a test has a copy.
class ListeningSocket {
 public:
  ListeningSocket() : path_(directory_ / "socket"), descriptor_(FCGX_OpenSocket(path_.c_str(), 16)) {
    if (descriptor_ < 0) throw std::runtime_error("cannot listen at " + path_);
  }
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;
  ~ListeningSocket() { close(); }
  /// This process's copy.
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  int get() const { return descriptor_; }
  const std::string& path() const { return path_; }
  /// Answers what whoever listens wrote to its standard output.
  std::string ask(const std::map<std::string, std::string>& variables = {}, const std::string& body = {}) const {
    FastcgiClient client(path_);
    client.send(variables, body);
    return client.receive();
  }

 private:
  TemporaryDirectory directory_;
  std::string path_;
  int descriptor_;
};

/// A FastCGI program that serves a site.
class FastcgiProgram {
 public:
  FastcgiProgram(Site& site, const web::Handler& handler, fcgi::Options options = {}, void (*sigterm)(int) = SIG_DFL) {
    options.socket = socket_.get();
    child_.emplace([&site, &handler, options, sigterm] {
      on_sigterm(sigterm);
      const int status = fcgi::run(Store::open(site.path()), handler, run_options(), options);
      if (status != 0) throw std::runtime_error("run answered " + std::to_string(status));
    });
    socket_.close();
  }

  std::string ask(std::map<std::string, std::string> variables, const std::string& body = {}) const {
    if (!body.empty()) variables.emplace("CONTENT_LENGTH", std::to_string(body.size()));
    return socket_.ask(variables, body);
  }
  const std::string& path() const { return socket_.path(); }
  Child& child() { return *child_; }

 private:
  ListeningSocket socket_;
  std::optional<Child> child_;
};

inline void count_visits(web::Request& request, web::Response& response) {
  request.session().add("visits", 1);
  response << request.form("name").value_or("nobody") << ' ' << request.session().get<int>("visits").value_or(0);
}

/// Says when it handles a request, and goes on when it is told to.
inline web::Handler held_between(Gate& handling, Gate& go_on) {
  return [&](web::Request& request, web::Response& response) {
    handling.signal();
    go_on.wait();
    count_visits(request, response);
  };
}

/// Until the first thread of this process waits in the kernel for something.
inline void wait_until_asleep(pid_t process) {
  std::string state;
  while (state != "S") {
    std::this_thread::yield();
    std::string skipped;
    std::ifstream("/proc/" + std::to_string(process) + "/stat") >> skipped >> skipped >> state;
  }
}

}  // namespace sess::test
