// Every thread has a request object of libfcgi and accepts for itself, because libfcgi keeps a connection that the
// server wants kept with that object.
#include <fcgiapp.h>
#include <sess/error.hpp>
#include <sess/web/fastcgi.hpp>

#include "sys/fastcgi_listener.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sess::fcgi {

namespace {

/// What the threads share.
class Service {
 public:
  Service(const Store& store, Handler handler, RunOptions run_options, const Options& options)
      : runner_(store, std::move(handler), std::move(run_options)),
        options_(options),
        listener_(options.socket, options.stop) {}

  /// Accepts and handles requests until the end. A request that has been accepted is answered.
  void serve() {
    FCGX_Request connection;
    // Without this flag libfcgi goes on waiting after a signal.
    if (FCGX_InitRequest(&connection, options_.socket, FCGI_FAIL_ACCEPT_ON_INTR) != 0) return fail();
    while (connection.ipcFd >= 0 ? listener_.wait_for_request(connection.ipcFd) : listener_.wait_for_connection()) {
      errno = 0;  // libfcgi answers whatever stands here
      const int accepted = FCGX_Accept_r(&connection);
      // Another process was faster, or the client has gone before it was accepted.
      if (accepted == -EAGAIN || accepted == -EINTR) continue;
      if (accepted < 0) {
        // A socket that was shut down: the server has ended.
        if (accepted != -EINVAL) fail();
        break;
      }
      // Not one more than these, if there is one thread; of several, each may be at one.
      if (options_.request_limit != 0 && ++begun_ >= options_.request_limit) listener_.stop();
      answer(connection);
      // What is left of a body would be taken for the next request: libfcgi drops what it has buffered and begins in
      // the middle of it. So somebody who sends more than is read could write a request of his own, all variables
      // included.
      if (connection.keepConnection != 0 && !read_to_the_end(connection)) connection.keepConnection = 0;
      FCGX_Finish_r(&connection);
    }
    FCGX_Free(&connection, 1);
    listener_.stop();
  }

  void stop() noexcept { listener_.stop(); }
  int status() const noexcept { return status_; }

 private:
  void fail() noexcept {
    status_ = 1;
    listener_.stop();
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
  Options options_;
  sys::FastcgiListener listener_;
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<int> status_{0};
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
  Service service(store, std::move(handler), std::move(run_options), options);
  if (FCGX_Init() != 0) return 1;
  {
    Others others(service);
    for (int thread = 1; thread < options.threads; ++thread) others.add();
    service.serve();
  }
  return service.status();
}

}  // namespace sess::fcgi
