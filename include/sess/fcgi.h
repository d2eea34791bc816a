/* Runs a handler as a FastCGI program in C. In a library of its own: link -lsess-fcgi beside -lsess.
 *
 * sess/web/fastcgi.hpp says where the socket comes from, what becomes of connections, which signals have handlers
 * meanwhile (SIGPIPE afterwards too), what FCGI_WEB_SERVER_ADDRS does, and how it ends: by SIGTERM or SIGUSR1 where the
 * program has no handlers for them, by sess_fcgi_stop_now, after request_limit requests, or when the server shuts the
 * socket down. Requests under way are finished first, and all threads have ended when it returns. Idle connections that
 * a server keeps hold a thread each: it must not keep more than there are threads.
 */
#ifndef SESS_FCGI_H
#define SESS_FCGI_H

#include <sess/cgi.h>

/* NOLINTBEGIN(modernize-deprecated-headers, modernize-use-using): this is C */

#ifdef __cplusplus
extern "C" {
#endif

/* For programs with signal handlers of their own, which call sess_fcgi_stop_now in them. Outlives the run, which ends
 * within about a tenth of a second. */
typedef struct sess_fcgi_stop sess_fcgi_stop;
SESS_API int sess_fcgi_stop_new(sess_fcgi_stop** stop);
/* May be called by a signal handler, and by any thread. */
SESS_API void sess_fcgi_stop_now(sess_fcgi_stop* stop);
SESS_API void sess_fcgi_stop_free(sess_fcgi_stop* stop);

typedef struct sess_fcgi_options {
  size_t struct_size;
  int threads;                /* requests at the same time; the handler must be fit for threads if more than 1 */
  uint64_t request_limit;     /* ends after so many, and one more of each other thread; 0: never */
  const sess_fcgi_stop* stop; /* or NULL */
  int socket;                 /* descriptor of the listening socket; 0 is where servers put it */
} sess_fcgi_options;
SESS_API int sess_fcgi_options_init(sess_fcgi_options* options, size_t size);

/* Handles requests until it is told to end. SESS_ERROR_IO: no connection can be accepted, for a reason that is no end,
 * or no thread can be started; sess_error_number says why. With more threads than one, the handler, access and on_error
 * are called by several at once. */
SESS_API int sess_fcgi_run(sess_store* store, sess_handler handler, void* data, const sess_run_options* run_options,
                           const sess_fcgi_options* options);

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-deprecated-headers, modernize-use-using) */

#endif
