// Every thread waits for connections by itself and has a request object of libfcgi, which reads a request from the
// connection that it is given and writes its answer; accepting is the listener's.
#include <fcgiapp.h>
#include <sess/error.hpp>
#include <sess/web/fastcgi.hpp>

#include "sys/fastcgi_head_timeout.hpp"
#include "sys/fastcgi_listener.hpp"
#include "web/fastcgi_head.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace sess::fcgi {

namespace {

/// A request object of libfcgi. It never accepts: it is given connections.
class Request {
 public:
  // A socket at which nobody can listen: when libfcgi has closed a connection that was no good, it would accept
  // another.
  Request() { FCGX_InitRequest(&request_, -1, FCGI_FAIL_ACCEPT_ON_INTR); }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request() {
    if (request_.ipcFd >= 0) FCGX_Free(&request_, 1);
  }

  /// Reads what begins a request, of which `arrived` has come; all but its body. False if there is none, or not within
  /// some time: then the connection is closed.
  bool begin(sys::FastcgiDescriptor connection, std::string_view arrived) {
    // As libfcgi leaves a connection that it keeps: it reads from it what comes next.
    request_.ipcFd = connection.release();
    request_.keepConnection = 1;
    if (holds_head(arrived)) return FCGX_Accept_r(&request_) >= 0;
    sys::FastcgiHeadTimeout timeout(request_.ipcFd);
    const bool begun = FCGX_Accept_r(&request_) >= 0;
    if (begun) timeout.lift();
    return begun;
  }
  FCGX_Request& operator*() { return request_; }
  /// Ends the answer. The connection, if it is kept.
  sys::FastcgiDescriptor end() {
    FCGX_Finish_r(&request_);
    return sys::FastcgiDescriptor(std::exchange(request_.ipcFd, -1));
  }

 private:
  FCGX_Request request_;
};

/// What the threads share.
class Service {
 public:
  Service(const Store& store, Handler handler, RunOptions run_options, const Options& options, const char* web_servers)
      : runner_(store, std::move(handler), std::move(run_options)),
        request_limit_(options.request_limit),
        listener_(options.socket, options.stop, web_servers != nullptr ? web_servers : "") {}

  /// Accepts and handles requests until the end. A request that has been accepted is answered.
  void serve() noexcept {
    try {
      Request request;
      sys::FastcgiDescriptor connection;
      std::array<char, 8192> buffer;  // what a head is rarely larger than
      while (true) {
        const std::string_view arrived = listener_.next(connection, buffer);
        if (!connection) break;
        if (request.begin(std::move(connection), arrived)) connection = handle(request);
      }
    } catch (...) {
      const std::lock_guard lock(failing_);
      if (failure_ == nullptr) failure_ = std::current_exception();
    }
    listener_.stop();
  }

  void stop() noexcept { listener_.stop(); }
  /// When all threads have ended: why one of them could not go on.
  void rethrow() const {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }

 private:
  /// The connection, if it is kept.
  sys::FastcgiDescriptor handle(Request& begun) {
    FCGX_Request& request = *begun;
    // Not one more than these, if there is one thread; of several, each may be at one.
    if (request_limit_ != 0 && ++begun_ >= request_limit_) listener_.stop();
    answer(request);
    // What is left of a body would be taken for the next request: libfcgi drops what it has buffered and begins in the
    // middle of it. So somebody who sends more than is read could write a request of his own, all variables included.
    if (request.keepConnection != 0 && (listener_.ended() || !read_to_the_end(request))) request.keepConnection = 0;
    return begun.end();
  }

  /// True if the request has nothing more to say. Waits for the record that ends its body.
  static bool read_to_the_end(const FCGX_Request& connection) {
    // The answer first: it must not wait for that record.
    if (FCGX_FFlush(connection.out) != 0) return false;
    char next = 0;
    return FCGX_GetStr(&next, 1, connection.in) == 0 && FCGX_GetError(connection.in) == 0;
  }

  void answer(const FCGX_Request& connection) const {
    std::string text;
    try {
      text = runner_.run(web::environment_of_block(connection.envp), [&connection](char* buffer, std::size_t size) {
        const int wanted = static_cast<int>(std::min<std::size_t>(size, INT_MAX));
        return static_cast<std::size_t>(std::max(0, FCGX_GetStr(buffer, wanted, connection.in)));
      });
    } catch (const std::bad_alloc&) {
      // Of one request, perhaps because it is large: the others go on.
      FCGX_PutS("Status: 500 Internal Server Error\r\n\r\n", connection.out);
      return;
    }
    // Nobody is left to tell if the server has gone away meanwhile; the session has been committed.
    for (std::size_t at = 0; at < text.size();) {
      const int wanted = static_cast<int>(std::min<std::size_t>(text.size() - at, INT_MAX));
      const int count = FCGX_PutStr(text.data() + at, wanted, connection.out);
      if (count <= 0) break;
      at += static_cast<std::size_t>(count);
    }
  }

  web::Runner runner_;
  std::uint64_t request_limit_;
  sys::FastcgiListener listener_;
  std::atomic<std::uint64_t> begun_{0};
  std::mutex failing_;
  std::exception_ptr failure_;
};

/// The threads beside the one that called run; not std::jthread, whose stop tokens spin.
class Others {
 public:
  explicit Others(Service& service) : service_(service) {}
  Others(const Others&) = delete;
  Others& operator=(const Others&) = delete;
  ~Others() {
    service_.stop();
    for (std::thread& thread : threads_) thread.join();
  }

  void add() {
    threads_.emplace_back([this] { service_.serve(); });
  }

 private:
  Service& service_;
  std::vector<std::thread> threads_;
};

}  // namespace

int run(const Store& store, Handler handler, RunOptions run_options, const Options& options) {
  if (options.threads < 1) throw UsageError("run: threads is below 1");
  Service service(store, std::move(handler), std::move(run_options), options, std::getenv("FCGI_WEB_SERVER_ADDRS"));
  // After the handlers of the listener are there, because it would install some of its own.
  if (const int error = FCGX_Init(); error != 0) throw IoError("initialize", "libfcgi", error > 0 ? error : ENOMEM);
  {
    Others others(service);
    for (int thread = 1; thread < options.threads; ++thread) others.add();
    service.serve();
  }
  service.rethrow();
  return 0;
}

}  // namespace sess::fcgi
