/* A CGI program in C beside the C++ programs of the demo: one store, the same cookies, so whoever is logged in there is
 * logged in here. A file to copy from.
 *
 *   GET  /         a page with a form, and what there is to tell (once)
 *   POST /count    what the form does: counts, and sends the browser back to the page
 *   POST /visit    counts, for scripts: {"visits":N}
 *   GET  /me       who it is: {"user":"ann","visits":N,"polls":N,"token":"..."}
 *   POST /reserve  takes an apple from the stock of this session, which is a value that nests: {"apples":N}
 *
 * DEMO_STORE names the store, DEMO_SEALED (any text) seals new sessions, DEMO_SECURE is for sites over HTTPS.
 *
 * Every page is a handler: it works on the session as if it were alone, and answers SESS_OK. The runner commits and
 * then sends the answer; if another request has changed what the page has read, it runs the page again. So a page does
 * nothing but read, change and print. Whatever fails is passed on: then nothing is written, and the client is answered
 * 500.
 */
#include <sess/cgi.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what several pages do --------------------------------------------------------------------------------------- */

static int answer_json(sess_response* response, int code) {
  int status = sess_response_status(response, code);
  if (status == SESS_OK) status = sess_response_header(response, "Content-Type", "application/json");
  if (status == SESS_OK) status = sess_response_header(response, "Cache-Control", "no-cache");
  return status;
}

/* Of JSON, with its quotation marks. A name may hold anything that somebody once typed. */
static int print_string(sess_response* response, const char* text) {
  int status = sess_response_write(response, "\"", 1);
  for (; status == SESS_OK && *text != '\0'; ++text) {
    const unsigned char byte = (unsigned char)*text;
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      status = sess_response_printf(response, "\\u%04x", byte);
    } else {
      status = sess_response_write(response, text, 1);
    }
  }
  return status == SESS_OK ? sess_response_write(response, "\"", 1) : status;
}

/* A number that is only shown: sess_peek, unlike sess_read, is no reason to run this page again if another request
 * counts meanwhile. */
static int shown_number(sess_request* request, const char* name, int64_t* number) {
  const sess_value* value = sess_peek(sess_request_editor(request), name);
  *number = 0;
  return value == NULL ? SESS_OK : sess_value_integer(value, number);
}

/* Added to what is there when it is committed: requests that count at once all count, and none has to run again. */
static int count_one(sess_request* request) { return sess_add_integer(sess_request_editor(request), "visits", 1); }

/* ---- pages --------------------------------------------------------------------------------------------------------
 */

static int visit(sess_request* request, sess_response* response) {
  int64_t visits = 0;
  int status = count_one(request);
  if (status == SESS_OK) status = shown_number(request, "visits", &visits);
  if (status == SESS_OK) status = answer_json(response, 200);
  if (status == SESS_OK) status = sess_response_printf(response, "{\"visits\":%" PRId64 "}\n", visits);
  return status;
}

static int me(sess_request* request, sess_response* response) {
  const char* user = sess_request_principal(request);
  const char* token = NULL;
  int64_t visits = 0, polls = 0;
  int status = shown_number(request, "visits", &visits);
  if (status == SESS_OK) status = shown_number(request, "polls", &polls);
  /* A mark: the runner puts the token in its place, which depends on the ID that the session has after the commit. */
  if (status == SESS_OK) status = sess_csrf_token(request, &token);
  if (status == SESS_OK) status = answer_json(response, 200);
  if (status == SESS_OK) status = sess_response_printf(response, "{\"user\":");
  if (status == SESS_OK) status = user != NULL ? print_string(response, user) : sess_response_printf(response, "null");
  if (status == SESS_OK)
    status = sess_response_printf(response, ",\"visits\":%" PRId64 ",\"polls\":%" PRId64 ",\"token\":\"%s\"}\n", visits,
                                  polls, token);
  return status;
}

/* What an earlier request has left to be told. It is taken: of two tabs one shows it. */
static int print_notices(sess_request* request, sess_response* response) {
  const sess_value* notices = NULL;
  const char* text = NULL;
  size_t i;
  int status = sess_take_flash(request, "notice", &notices);
  if (status == SESS_ABSENT) return SESS_OK;
  for (i = 0; status == SESS_OK && i < sess_value_count(notices); ++i) {
    status = sess_value_string(sess_value_at(notices, i, NULL), &text, NULL);
    if (status == SESS_OK) status = sess_response_printf(response, "<p role=\"status\">");
    if (status == SESS_OK) status = sess_response_escaped(response, text);
    if (status == SESS_OK) status = sess_response_printf(response, "</p>\n");
  }
  return status;
}

static int page(sess_request* request, sess_response* response) {
  const char* user = sess_request_principal(request);
  const char* field = NULL;
  int64_t visits = 0;
  int status = shown_number(request, "visits", &visits);
  if (status == SESS_OK) status = sess_csrf_field(request, &field);
  if (status == SESS_OK)
    status = sess_response_printf(response,
                                  "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                                  "<title>libsess demo, in C</title>\n<h1>A counter in C</h1>\n");
  if (status == SESS_OK) status = print_notices(request, response);
  if (status == SESS_OK) status = sess_response_printf(response, "<p>Visits of ");
  /* Everything that came from a client, once or now, is escaped; marks and numbers are not in need of it. */
  if (status == SESS_OK) status = sess_response_escaped(response, user != NULL ? user : "somebody");
  if (status == SESS_OK)
    status = sess_response_printf(response, ": %" PRId64 "</p>\n<form method=\"post\" action=\"", visits);
  if (status == SESS_OK) status = sess_response_escaped(response, sess_http_script(request));
  if (status == SESS_OK)
    status = sess_response_printf(response, "/count\">%s<button>Count one more</button></form>\n", field);
  return status;
}

/* Answered by a redirection, so that a reload of the page does not count again. */
static int count(sess_request* request, sess_response* response) {
  char address[1024];
  const int size = snprintf(address, sizeof address, "%s/", sess_http_script(request));
  int status = size > 0 && (size_t)size < sizeof address ? count_one(request) : SESS_ERROR_USAGE;
  if (status == SESS_OK) status = sess_flash(request, "notice", "Counted.");
  if (status == SESS_OK) status = sess_response_redirect(response, address);
  return status;
}

/* Reads, decides and writes what it has decided. In merge mode this page would be run again if another request took an
 * apple meanwhile; under the lock (access_of) nobody does. */
static int reserve(sess_request* request, sess_response* response) {
  sess_editor* editor = sess_request_editor(request);
  const sess_value* stock = NULL;
  sess_value* changed = NULL;
  int64_t apples = 3;
  int status = sess_get_value(editor, "stock", &stock);
  if (status == SESS_OK) {
    status = sess_value_integer(sess_value_member(stock, "apples"), &apples);
    /* What nests is changed in a copy, in which all else stays. */
    if (status == SESS_OK) status = sess_value_copy(stock, &changed);
  } else if (status == SESS_ABSENT) {
    status = sess_value_new(SESS_OBJECT, &changed);
  }
  if (status == SESS_OK && apples > 0) {
    status = sess_put_integer(changed, "apples", --apples);
    if (status == SESS_OK) status = sess_set_value(editor, "stock", changed);
    if (status == SESS_OK) status = answer_json(response, 200);
    if (status == SESS_OK) status = sess_response_printf(response, "{\"apples\":%" PRId64 "}\n", apples);
  } else if (status == SESS_OK) {
    /* Nothing wrong: the client is told, and the session stays as it is. */
    status = answer_json(response, 409);
    if (status == SESS_OK) status = sess_response_printf(response, "{\"error\":\"no apples are left\"}\n");
  }
  sess_value_free(changed);
  return status;
}

static int no_page(sess_request* request, sess_response* response) {
  int status = answer_json(response, 404);
  (void)request;
  if (status == SESS_OK) status = sess_response_printf(response, "{\"error\":\"there is no such page\"}\n");
  return status;
}

/* ---- the program ---------------------------------------------------------------------------------------------------
 */

static const struct {
  const char *method, *path;
  int (*answer)(sess_request*, sess_response*);
  int access; /* how it uses its session */
} pages[] = {
    {"GET", "/", page, SESS_MERGE},
    {"GET", "/me", me, SESS_MERGE},
    {"POST", "/visit", visit, SESS_MERGE},
    {"POST", "/count", count, SESS_MERGE},
    {"POST", "/reserve", reserve, SESS_LOCKED},
};
enum { PAGES = sizeof pages / sizeof *pages };

/* Where it stands in the table; PAGES: nowhere. */
static size_t page_of(const sess_request* request) {
  size_t i = 0;
  while (i < PAGES && (strcmp(pages[i].method, sess_http_method(request)) != 0 ||
                       strcmp(pages[i].path, sess_http_path(request)) != 0))
    ++i;
  return i;
}

static int answer(sess_request* request, sess_response* response, void* data) {
  const size_t i = page_of(request);
  (void)data;
  return i < PAGES ? pages[i].answer(request, response) : no_page(request, response);
}

/* Asked before the session is read: what has no page needs none. */
static int access_of(const sess_request* request, void* data) {
  const size_t i = page_of(request);
  (void)data;
  return i < PAGES ? pages[i].access : SESS_NO_SESSION;
}

static int is_set(const char* variable) {
  const char* value = getenv(variable);
  return value != NULL && *value != '\0';
}

static long number(const char* variable, long otherwise) {
  return is_set(variable) ? strtol(getenv(variable), NULL, 10) : otherwise;
}

static int run(void) {
  sess_store_options how;
  sess_cookie_options cookies;
  sess_run_options options;
  sess_store* store = NULL;
  /* The structures are filled with the defaults first: then what a later libsess adds has its default, too. */
  int status = sess_store_options_init(&how, sizeof how);
  if (status == SESS_OK) status = sess_cookie_options_init(&cookies, sizeof cookies);
  if (status == SESS_OK) status = sess_run_options_init(&options, sizeof options);
  if (status != SESS_OK) return status;
  how.sealed = is_set("DEMO_SEALED");
  how.idle_timeout = 1000 * number("DEMO_IDLE_TIMEOUT", how.idle_timeout / 1000);
  how.lock_timeout = number("DEMO_LOCK_TIMEOUT", how.lock_timeout);
  how.waiter_limit = (unsigned)number("DEMO_WAITER_LIMIT", how.waiter_limit);
  /* As the C++ site has them: programs that share a store share its cookies, or log each other's users out. */
  cookies.secure = is_set("DEMO_SECURE");
  cookies.max_age = (int64_t)30 * 24 * 3600;
  cookies.renewal_interval = (int64_t)24 * 3600;
  cookies.first_idle_timeout = (int64_t)2 * 60 * 1000;
  cookies.address_parameter = "session";
  options.cookies = &cookies;
  options.access = access_of;
  /* The program that replays races (../replay) knows no tokens, and is there alone. */
  options.check_csrf_token = !is_set("DEMO_GATE");
  status = sess_open(getenv("DEMO_STORE"), &how, &store);
  if (status == SESS_OK) status = sess_cgi_run(store, answer, NULL, &options);
  sess_close(store);
  return status;
}

int main(void) {
  const int status = run();
  if (status != SESS_OK) fprintf(stderr, "counter: %s: %s\n", sess_status_name(status), sess_error_message());
  return status == SESS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
