// Every thread has a request object of libfcgi and accepts for itself, because libfcgi keeps a connection that the
// server wants kept with that object.
#include <fcgiapp.h>
#include <sess/error.hpp>
#include <sess/web/fastcgi.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace sess::fcgi {

namespace {

/// What the threads share. Kept alive by each of them: one that still waits for a request may outlive run().
class Service {
 public:
  Service(const Store& store, Handler handler, RunOptions run_options, const Options& options)
      : runner_(store, std::move(handler), std::move(run_options)), options_(options) {}

  /// Accepts and handles until the end; answers the exit status.
  int serve() {
    FCGX_Request connection;
    // Without this flag libfcgi goes on waiting after a signal, and `stop` would not be noticed.
    if (FCGX_InitRequest(&connection, options_.socket, FCGI_FAIL_ACCEPT_ON_INTR) != 0) return 1;
    int status = 0;
    while (!ending()) {
      errno = 0;  // libfcgi answers whatever stands here, and sets nothing when it ends by a signal of its own
      const int accepted = FCGX_Accept_r(&connection);
      if (accepted == -EINTR) continue;
      if (accepted < 0) {
        // Below all negated errno values: libfcgi has been told to end. A socket that was shut down: the server has.
        status = accepted < -4095 || accepted == -EINVAL ? 0 : 1;
        end();
        break;
      }
      if (!begin_request()) break;
      answer(connection);
      // What is left of a body would be taken for the next request: libfcgi drops what it has buffered and begins in
      // the middle of it. So somebody who sends more than is read could write a request of his own, all variables
      // included.
      if (connection.keepConnection != 0 && !read_to_the_end(connection)) connection.keepConnection = 0;
      FCGX_Finish_r(&connection);
      end_request();
    }
    FCGX_Free(&connection, 1);
    return status;
  }

  /// Waits until no request is under way; from then on none begins.
  void drain() {
    std::unique_lock lock(mutex_);
    ending_ = true;
    idle_.wait(lock, [this] { return under_way_ == 0; });
    closed_ = true;
  }

 private:
  bool ending() {
    const std::lock_guard lock(mutex_);
    if (options_.stop != nullptr && !closed_ && options_.stop->load()) ending_ = true;
    return ending_;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  /// A request that was accepted while another thread reached the end is still served, but not one that comes when
  /// run() has returned.
  bool begin_request() {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    ++under_way_;
    if (options_.request_limit != 0 && ++begun_ >= options_.request_limit) ending_ = true;
    return true;
  }
  void end_request() {
    const std::lock_guard lock(mutex_);
    if (--under_way_ == 0) idle_.notify_all();
  }

  /// True if the request has nothing more to say. Waits for the record that ends its body.
  static bool read_to_the_end(const FCGX_Request& connection) {
    // The answer first: it must not wait for that record.
    if (FCGX_FFlush(connection.out) != 0) return false;
    char next = 0;
    return FCGX_GetStr(&next, 1, connection.in) == 0 && FCGX_GetError(connection.in) == 0;
  }

  void answer(const FCGX_Request& connection) const {
    const std::string text =
        runner_.run(web::environment_of_block(connection.envp), [&connection](char* buffer, std::size_t size) {
          const int wanted = static_cast<int>(std::min<std::size_t>(size, INT_MAX));
          return static_cast<std::size_t>(std::max(0, FCGX_GetStr(buffer, wanted, connection.in)));
        });
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
  std::mutex mutex_;
  std::condition_variable idle_;
  int under_way_ = 0;
  std::uint64_t begun_ = 0;
  bool ending_ = false;  // no thread accepts any more
  bool closed_ = false;  // no request is served any more
};

}  // namespace

int run(const Store& store, Handler handler, RunOptions run_options, const Options& options) {
  if (options.threads < 1) throw UsageError("run: threads is below 1");
  const auto service = std::make_shared<Service>(store, std::move(handler), std::move(run_options), options);
  if (FCGX_Init() != 0) return 1;
  // Detached, because one that waits for a request cannot be woken: see the header.
  for (int thread = 1; thread < options.threads; ++thread) std::thread([service] { service->serve(); }).detach();
  const int status = service->serve();
  service->drain();
  return status;
}

}  // namespace sess::fcgi
