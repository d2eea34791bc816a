// Runs a handler as a FastCGI program, with libfcgi. In a library of its own: link -lsess-fcgi beside -lsess.
//
//   int main() {
//     auto store = sess::Store::open("/var/lib/shop/sessions");
//     return sess::fcgi::run(store, handler, {}, {.threads = 4});
//   }
//
// The listening socket is descriptor 0, where the server or spawn-fcgi puts it, or `socket`.
//
// A connection is kept where the server wants it kept, but not after a request whose body was not read to its end.
//
// How it ends: by SIGTERM or SIGUSR1, where the program has no handlers for them, when `stop` is set, when
// `request_limit` requests have begun, or when the server closes the socket. From then on no request is accepted, those
// that are under way are answered, and run returns when all of its threads have ended. What waits in the socket's queue
// is for the other processes that listen there, or for the next one.
//
// The socket is made non-blocking, for all processes that have it: a program that accepts there in another way must
// expect EAGAIN.
#pragma once

#include <sess/export.hpp>
#include <sess/store.hpp>
#include <sess/web/runner.hpp>

#include <atomic>
#include <cstdint>

namespace sess::fcgi {

using web::Handler;
using web::RunOptions;

struct Options {
  /// Requests that one process handles at the same time; at least 1. The handler must be fit for threads if more.
  int threads = 1;
  /// End after so many requests, so that the server starts a fresh process; 0: never. Of several threads each may have
  /// begun one more.
  std::uint64_t request_limit = 0;
  /// End within about a tenth of a second after this becomes true; may be null. Outlives the run. A signal handler may
  /// set it.
  const std::atomic<bool>* stop = nullptr;
  /// The listening socket's descriptor.
  int socket = 0;
};

/// Handles requests until it is told to end; answers the exit status for main: 0, or 1 if no request could be accepted
/// for a reason that is not an end. Throws UsageError as web::Runner does, and for options that make no sense; IoError
/// if the descriptor is no listening socket; std::system_error if there can be no thread.
SESS_API int run(const Store& store, Handler handler, RunOptions run_options = {}, const Options& options = {});

}  // namespace sess::fcgi
