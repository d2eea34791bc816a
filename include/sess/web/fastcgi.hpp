// Runs a handler as a FastCGI program, with libfcgi. In a library of its own: link -lsess-fcgi beside -lsess.
//
//   int main() {
//     auto store = sess::Store::open("/var/lib/shop/sessions");
//     return sess::fcgi::run(store, handler, {}, {.threads = 4});
//   }
//
// The listening socket is descriptor 0, where the server or spawn-fcgi puts it, or `socket`.
//
// The listening socket is made non-blocking, for all processes that have it: a program that accepts there in another
// way must expect EAGAIN. Where it is a TCP socket and the environment has FCGI_WEB_SERVER_ADDRS (addresses with commas
// between them, IPv4 or IPv6), connections of other hosts are closed. When descriptors or memory are short, accepting
// pauses for a tenth of a second and is tried again. Accepted connections are closed by exec.
//
// A connection is kept where the server wants it kept, but not after a request whose body was not read to its end. It
// belongs to one thread, as does one on which nothing has come yet: as many idle connections as there are threads keep
// all others waiting. Closing an idle one could meet a request that is on its way. So a server may keep at most as many
// connections as all its processes have threads; if others connect there too, fewer, or none.
//
// A request of which only a part has come is dropped after ten seconds of silence; its body may come slowly.
//
// How it ends: by SIGTERM or SIGUSR1, where the program has no handlers for them, when `stop` is set, when
// `request_limit` requests have begun, or when the server shuts the socket down. From then on no connection is
// accepted; the requests that are under way are answered, also one that had been sent on a kept connection or comes
// within a second on one that had been accepted. All connections are closed, and run returns when all of its threads
// have ended. What waits in the socket's queue is for the other processes that listen there, or for the next one.
//
// Signals: while a run goes on, SIGTERM and SIGUSR1 have handlers of the library unless the program has some; when it
// returns, they have their default actions again. (FCGX_Init of libfcgi installs handlers: a program that has called it
// has some.) One that comes when a run is ending for another reason ends the next run at once. In a process that a
// handler forks they have their default actions. SIGPIPE gets a handler by libfcgi, which does nothing and stays, where
// the program has none. Handlers of the program itself should be installed with SA_RESTART: a signal without it breaks
// off the reading of a body.
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

/// Handles requests until it is told to end; blocks so long, and answers 0, the exit status for main. Throws UsageError
/// as web::Runner does, and for options that make no sense; IoError, with its error number, if the descriptor is no
/// listening socket or no connection can be accepted any more; std::system_error if there can be no thread. All threads
/// have ended then too. With more threads than one, the functions in `run_options` are called by several at once.
SESS_API int run(const Store& store, Handler handler, RunOptions run_options = {}, const Options& options = {});

}  // namespace sess::fcgi
