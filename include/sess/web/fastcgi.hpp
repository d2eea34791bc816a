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
// How it ends: by SIGTERM or SIGUSR1, when `stop` is set, when `request_limit` requests have been handled, or when the
// server closes the socket. Requests under way are finished first. The signals are libfcgi's doing: it installs
// handlers for these two and SIGPIPE where the program has none. A program with handlers of its own sets `stop` in them
// and installs them without SA_RESTART, because a thread that waits for a request notices `stop` when a signal
// interrupts it.
//
// Of several threads, those that still wait for a request at the end are left behind: they hold nothing, take no
// request any more and end with the process, so return from main after run.
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
  /// End after about this many requests, so that the server starts a fresh process; 0: never.
  std::uint64_t request_limit = 0;
  /// End soon after this becomes true; may be null. Outlives the run. A signal handler may set it.
  const std::atomic<bool>* stop = nullptr;
  /// The listening socket's descriptor.
  int socket = 0;
};

/// Handles requests until it is told to end; answers the exit status for main: 0, or 1 if no request could be accepted
/// for a reason that is not an end. Throws UsageError as web::Runner does, and for options that make no sense.
SESS_API int run(const Store& store, Handler handler, RunOptions run_options = {}, const Options& options = {});

}  // namespace sess::fcgi
