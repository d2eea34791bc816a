/* Runs a handler as a CGI program in C: the session's life cycle round it, conflicts run again, the answer as CGI text.
 *
 *   static int count(sess_request *request, sess_response *response, void *data) {
 *     int status = sess_add_integer(sess_request_editor(request), "visits", 1);
 *     if (status == SESS_OK) status = sess_response_printf(response, "counted for %s", sess_http_path(request));
 *     return status;
 *   }
 *   int main(void) {
 *     ...
 *     return sess_cgi_run(store, count, NULL, NULL) == SESS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
 *   }
 *
 * sess/web/runner.hpp says in which order, and what becomes of an answer whose commit did not take effect. sess/fcgi.h
 * runs the same handlers as FastCGI. What sess/sess.h says of errors, texts and threads holds here too.
 */
#ifndef SESS_CGI_H
#define SESS_CGI_H

#include <sess/sess.h>

/* NOLINTBEGIN(modernize-deprecated-headers, modernize-use-using): this is C */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what the client has sent -------------------------------------------------------------------------------------
 * Of a request that a runner has made; NULL of any other. Good until the handler returns. The bytes are the client's:
 * nothing says that they are UTF-8, or fit to be shown. */

SESS_API const char* sess_http_method(const sess_request* request);
/* Below the program's own address, which is sess_http_script: empty, or begins with "/". */
SESS_API const char* sess_http_path(const sess_request* request);
SESS_API const char* sess_http_script(const sess_request* request);
/* Path and query as the client sent them, for sending it there again: begins with one "/", and never leads to another
 * host. */
SESS_API int sess_http_address(const sess_request* request, const char** address);
/* The client, or the last proxy before the server; empty if the server does not say. */
SESS_API const char* sess_http_remote_address(const sess_request* request);
/* 1 if the server says that the request came over HTTPS. */
SESS_API int sess_http_secure(const sess_request* request);
/* A header, its name in any letter case. SESS_ABSENT. */
SESS_API int sess_http_header(const sess_request* request, const char* name, const char** value);
/* The first of its name, or NULL: a parameter of the address, one of a form that was sent, a cookie. */
SESS_API const char* sess_http_query(const sess_request* request, const char* name);
SESS_API const char* sess_http_form(const sess_request* request, const char* name);
SESS_API const char* sess_http_cookie(const sess_request* request, const char* name);
/* All of them, in their order, from 0 on: names may repeat. SESS_ABSENT after the last. */
SESS_API int sess_http_query_at(const sess_request* request, size_t index, const char** name, const char** value);
SESS_API int sess_http_form_at(const sess_request* request, size_t index, const char** name, const char** value);
/* 1 if the request has brought a good token (sess_csrf_check): as SESS_CSRF_PARAMETER of a form, or as the header
 * SESS_CSRF_HEADER, which is where scripts put it. Else 0. */
SESS_API int sess_http_csrf_check(const sess_request* request);
/* `size` in bytes; may be NULL. */
SESS_API const char* sess_http_body(const sess_request* request, size_t* size);

/* ---- the answer ---------------------------------------------------------------------------------------------------
 * Kept as a whole, and sent when the session has been committed. */

typedef struct sess_response sess_response;

#if defined(__GNUC__)
#define SESS_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define SESS_PRINTF(text, first)
#endif

/* 200 to 599; 200 unless set. */
SESS_API int sess_response_status(sess_response* response, int code);
/* In place of an earlier one of this name. text/html; charset=utf-8 is the Content-Type unless set. SESS_ERROR_USAGE
 * for control characters, and for Status, Content-Length, Transfer-Encoding and Connection. */
SESS_API int sess_response_header(sess_response* response, const char* name, const char* value);
/* Beside an earlier one of this name: a cookie of the program's own (Set-Cookie). */
SESS_API int sess_response_add_header(sess_response* response, const char* name, const char* value);
/* 303, the client fetches `location` with GET; what the body held is forgotten. */
SESS_API int sess_response_redirect(sess_response* response, const char* location);
/* At the end of the body: as they are, */
SESS_API int sess_response_write(sess_response* response, const char* text, size_t size);
/* as printf(3) has it, */
SESS_API int sess_response_printf(sess_response* response, const char* format, ...) SESS_PRINTF(2, 3);
/* and fit for HTML: a text that a client may have sent. */
SESS_API int sess_response_escaped(sess_response* response, const char* text);

/* ---- programs -----------------------------------------------------------------------------------------------------
 */

/* Answers one request. sess_request_start and sess_request_finish are the runner's; all else of a sess_request is the
 * handler's. Anything but SESS_OK: nothing is written, the client is answered 500, and on_error is told. May be run
 * more than once for one request, and must have no effects but on the session and the response. Must not leave by
 * longjmp. */
typedef int (*sess_handler)(sess_request* request, sess_response* response, void* data);

/* How a request uses its session: SESS_MERGE, SESS_LOCKED, SESS_SNAPSHOT, or not at all. Asked before the session is
 * read: the functions above answer, those on the session do not. */
enum { SESS_NO_SESSION = 3 };
typedef int (*sess_access)(const sess_request* request, void* data);

typedef void (*sess_on_error)(int status, const char* message, void* data);

/* RunOptions of sess/web/runner.hpp, by the same names; on_response is for C++ alone. A FastCGI program with several
 * threads calls access and on_error by several of them at once. */
typedef struct sess_run_options {
  size_t struct_size;
  const sess_cookie_options* cookies; /* NULL: the defaults, for sites over HTTPS */
  uint64_t body_limit;                /* bytes */
  sess_access access;                 /* NULL: SESS_MERGE */
  int check_csrf_token;               /* not 0: POST and what else is not safe is answered 403 without a good token */
  int optimistic_runs;
  int64_t retry_after;    /* seconds */
  sess_on_error on_error; /* NULL: a line to standard error */
  void* data;             /* of access and on_error */
} sess_run_options;
SESS_API int sess_run_options_init(sess_run_options* options, size_t size);

/* Handles the one request of a CGI program: reads the environment and standard input, writes standard output. SESS_OK
 * when it has been answered, with whatever status. SESS_ERROR_IO: the answer could not be written. */
SESS_API int sess_cgi_run(sess_store* store, sess_handler handler, void* data, const sess_run_options* options);

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-deprecated-headers, modernize-use-using) */

#endif
