/* libsess for C, and for what calls C: the same sessions, locks and promises as sess/sess.hpp, which says more about
 * each of them. One store may be used by C and C++ programs at once.
 *
 *   sess_store *store;
 *   if (sess_open("/var/lib/shop/sessions", NULL, &store) != SESS_OK)
 *     fprintf(stderr, "%s\n", sess_error_message());
 *
 * Every function that can fail answers an int: SESS_OK (0), another outcome (positive: nothing is wrong, and the caller
 * has to branch on it), or an error (negative), of which sess_error_message() says more. Unless a function says
 * otherwise, nothing has happened where it answers anything but SESS_OK and SESS_DURABILITY_UNKNOWN, and what it was to
 * hand out is NULL. No C++ exception comes out of any.
 *
 * Texts are ended by a zero byte and of any encoding; a pointer that must not be NULL and is makes SESS_ERROR_USAGE.
 * Times are milliseconds: those with _at since 1970-01-01 00:00 UTC, the others durations.
 *
 * Threads: a sess_store, sess_cookies and the functions without a handle may be used by several threads at once. Every
 * other handle belongs to one thread at a time, and a session that is locked, to the thread that locked it. Handles
 * keep the store alive, so they may be freed in any order. To free NULL does nothing.
 *
 * Functions that a program hands in are called in the thread that has called the library, unless they say otherwise.
 * They return: no longjmp, no pthread_exit, no cancellation and no exception may leave them.
 *
 * sess/cgi.h runs whole CGI programs, sess/fcgi.h FastCGI programs. What C++ has beyond this is left out on purpose:
 * types of one's own as values (they are kept as they are), the upgrade of a store's format and what sessctl shows of
 * a store, how one session takes another's place (sess_request does that), and reports of the sweeping thread.
 */
#ifndef SESS_SESS_H
#define SESS_SESS_H

/* NOLINTBEGIN(modernize-deprecated-headers, modernize-use-using): this is C */

#include <sess/export.hpp>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- versions ---------------------------------------------------------------------------------------------------- */

/* Of this interface. Raised by additions, too: a program may ask whether what it was compiled with is there. What is
 * here does not change within libsess.so.0; structures grow at their ends alone (struct_size). */
#define SESS_ABI_VERSION 1

/* SESS_ABI_VERSION, and the version in words ("0.1.0"), of the library that runs. */
SESS_API int sess_abi_version(void);
SESS_API const char* sess_version(void);

/* ---- outcomes and errors ----------------------------------------------------------------------------------------- */

enum {
  SESS_OK = 0,
  SESS_DURABILITY_UNKNOWN = 1, /* done, and visible; whether it survives a power cut is not known */
  SESS_ABSENT = 2,        /* no such session or value: never there, ended, swept; an ID that was never issued here */
  SESS_EXPIRED = 3,       /* its deadline has passed */
  SESS_SUPERSEDED = 4,    /* its ID was replaced by a new one */
  SESS_GONE = 5,          /* was live when it was loaded and is not any more */
  SESS_BUSY = 6,          /* its lock was not free in time */
  SESS_NOT_RENEWED = 7,   /* a touch found the session locked; try at the next request */
  SESS_CONFLICT = 8,      /* what a change was derived from has been changed meanwhile: read again, change again */
  SESS_LIMIT_REACHED = 9, /* the principal has as many sessions as it may have */
  SESS_ROLLED_BACK = 10,  /* a callback has asked for that */

  SESS_ERROR_USAGE = -1,       /* a mistake of the program: a NULL, a use out of turn, a value out of range */
  SESS_ERROR_IO = -2,          /* the file system failed: sess_error_number() */
  SESS_ERROR_CORRUPT = -3,     /* a record verifies and cannot be understood; it was left as it is */
  SESS_ERROR_UNSUPPORTED = -4, /* a record of a newer format; it was left as it is */
  SESS_ERROR_SEALED = -5,      /* values that are had by the session's ID alone */
  SESS_ERROR_TYPE = -6,        /* a value of another type, or a sum that leaves 64 bits */
  SESS_ERROR_TOO_LARGE = -7,   /* the session would be larger than the store's size_limit */
  SESS_ERROR_STORE = -8,       /* there is no such store, or it cannot be used */
  SESS_ERROR_MEMORY = -9,      /* (SESS_ERROR_IO with ENOMEM, where it was the kernel that had none) */
  SESS_ERROR_UNKNOWN = -10
};

/* One word for each of them, "unknown" for any other number. */
SESS_API const char* sess_status_name(int status);
/* Of the last function that answered an error in this thread: one sentence, good until the next one does; where
 * there was no memory for it the word that sess_status_name has. Empty before the first. */
SESS_API const char* sess_error_message(void);
/* Its errno, where that was SESS_ERROR_IO; else 0. */
SESS_API int sess_error_number(void);

/* ---- stores ------------------------------------------------------------------------------------------------------ */

#define SESS_ID_SIZE 61 /* bytes of an ID's text and its zero byte */
#define SESS_KEY_SIZE \
  41 /* of a key's: what a session's file is called, and what may be logged. Tells nothing of the ID */

typedef struct sess_store sess_store;

enum {
  SESS_EVENT_CREATED = 0,
  SESS_EVENT_AUTHENTICATED = 1,
  SESS_EVENT_REGENERATED = 2,
  SESS_EVENT_SUPERSEDED = 3,
  SESS_EVENT_DESTROYED = 4,
  SESS_EVENT_EXPIRED = 5,
  SESS_EVENT_REFUSED_ID = 6,
  SESS_EVENT_RECOVERED = 7,
  SESS_EVENT_QUARANTINED = 8,
  SESS_EVENT_CLOCK_JUMP = 9,
  SESS_EVENT_LOCK_TIMEOUT = 10,
  SESS_EVENT_LIMIT_REACHED = 11,
  SESS_EVENT_ABANDONED = 12,
  SESS_EVENT_PRINCIPAL_ENDED = 13
};

/* sess/event.hpp says when each kind is told, and which of these it has; a text that it has not is "". */
typedef struct sess_event {
  size_t struct_size;
  int kind;
  const char* kind_name;
  int64_t told_at;
  const char* key;
  const char* replaced;
  const char* principal; /* a keyed hash of the name */
  const char* sent;
  const char* detail;
  int holder;
  int64_t clock_jump;
  int64_t held_for;
} sess_event;

/* Called in the thread that has done it, by several at once if several use the store. The event and its texts are good
 * until it returns. Must not use the store, nor leave by longjmp. */
typedef void (*sess_on_event)(const sess_event* event, void* data);

/* StoreOptions of sess/store.hpp, by the same names. */
typedef struct sess_store_options {
  size_t struct_size;
  int64_t idle_timeout;
  int64_t lifetime;
  int64_t grace;
  int64_t succession_age;
  int64_t lock_timeout;
  uint64_t sessions_per_principal;
  uint64_t size_limit; /* bytes */
  unsigned waiter_limit;
  int refuse_beyond_limit;
  int sealed;
  int durable;
  int early_writeback;
  int create;
  sess_on_event on_event; /* or NULL */
  void* on_event_data;
} sess_store_options;

/* Fills in the defaults; `size` is sizeof *options, so that a program goes on working with a library that knows more.
 * Do so before anything is set. */
SESS_API int sess_store_options_init(sess_store_options* options, size_t size);

/* Makes a store, mode 0700, parents as needed; one that is there is left as it is. */
SESS_API int sess_store_init(const char* path);
/* Opens one. Without options (NULL): the defaults. */
SESS_API int sess_open(const char* path, const sess_store_options* options, sess_store** store);
SESS_API void sess_close(sess_store* store);

/* The key of the session with this ID, there or not. SESS_ABSENT for a text that is no ID of this store. */
SESS_API int sess_key_of(sess_store* store, const char* id, char key[SESS_KEY_SIZE]);

/* Moves the deadline of a session to now + its idle timeout; skipped, and SESS_OK, while that gains less than a tenth.
 * SESS_NOT_RENEWED: its lock was not free within a tenth of a second. */
SESS_API int sess_touch(sess_store* store, const char* id);
/* Ends a session for good, also across a power cut. SESS_ABSENT if somebody else has. Waits for its lock. By its ID, or
 * by its key. */
SESS_API int sess_destroy(sess_store* store, const char* id);
SESS_API int sess_destroy_key(sess_store* store, const char* key);
/* Ends every session of a principal, and every login that is under way, but for the session with the ID `except` (or
 * NULL). SESS_BUSY: some were locked for too long and are not ended, all others are. */
SESS_API int sess_destroy_principal(sess_store* store, const char* principal, const char* except);

/* What a version of a session says beside its values. */
typedef struct sess_facts {
  size_t struct_size; /* to be set to sizeof(sess_facts) by who has it filled; else SESS_ERROR_USAGE */
  int authenticated;
  int sealed;
  uint64_t generation; /* 1 for the first version; 0 before it */
  int64_t created_at;
  int64_t deadline_at;          /* when it expires unless it is renewed */
  int64_t absolute_deadline_at; /* when it expires whatever happens */
  int64_t idle_timeout;
  uint64_t size; /* of the record, in bytes */
} sess_facts;

/* Of one session of a listing; good until it returns. `problem` says why its record cannot be read; "" where it can;
 * of one that cannot be read `facts` has the size only. Not 0: no more, and the listing answers SESS_OK. */
typedef int (*sess_visit_session)(const char* key, const sess_facts* facts, const char* problem, void* data);
/* What a snapshot would say beside the values: by the key, sealed or not. Answers as sess_snapshot does. */
SESS_API int sess_facts_of(sess_store* store, const char* key, sess_facts* facts);
/* Visits every live session; changes nothing. Not a picture of one moment. */
SESS_API int sess_list(sess_store* store, sess_visit_session visit, void* data);
/* The live sessions of one principal, the oldest login first. */
SESS_API int sess_sessions_of(sess_store* store, const char* principal, sess_visit_session visit, void* data);

/* Makes a new secret for IDs; those of the earlier ones are accepted for as long as `keep` (negative: 400 days, the
 * longest that a browser keeps a cookie). Waits for another rotation. SESS_ERROR_USAGE: the last was seconds ago. */
SESS_API int sess_rotate_keys(sess_store* store, int64_t keep);

typedef struct sess_gc_options {
  size_t struct_size;
  int64_t budget; /* 0: sweep everything */
  int dry_run;
  int64_t clock_hold;
  int64_t spare_idle;
} sess_gc_options;

typedef struct sess_gc_report {
  size_t struct_size;
  uint64_t examined;
  uint64_t expired; /* sessions removed; with dry_run: that would be */
  uint64_t in_use;
  uint64_t leftovers;
  uint64_t spares;
  uint64_t quarantined;
  uint64_t unreadable;
  uint64_t errors;
  int complete; /* every part of the store was looked at */
  int64_t clock_jump;
  int64_t held_for;
} sess_gc_report;

SESS_API int sess_gc_options_init(sess_gc_options* options, size_t size);
/* Removes what has expired, under each session's lock. SESS_BUSY: another sweeper is at work. The report, whose
 * struct_size the caller has set, may be NULL. */
SESS_API int sess_gc(sess_store* store, const sess_gc_options* options, sess_gc_report* report);

typedef struct sess_gc_thread sess_gc_thread;
/* Sweeps now and then, in a thread of its own, until it is stopped; that waits for the end of a sweep. After a fork
 * only the parent has it. SESS_ERROR_IO: it could not be started, sess_error_number says why. */
SESS_API int sess_gc_thread_start(sess_store* store, int64_t interval, int64_t budget, sess_gc_thread** thread);
SESS_API void sess_gc_thread_stop(sess_gc_thread* thread);

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* The working copy of a session, wherever it comes from: values as they were read, and changes that take effect at
 * commit. Belongs to the handle that it was asked of and dies with it. */
typedef struct sess_editor sess_editor;
/* A value in it: good until the editor is changed, committed, or dies. */
typedef struct sess_value sess_value;

enum {
  SESS_NULL = 0,
  SESS_BOOLEAN = 1,
  SESS_INTEGER = 2,
  SESS_REAL = 3,
  SESS_STRING = 4,
  SESS_BYTES = 5,
  SESS_ARRAY = 6,
  SESS_OBJECT = 7,
  SESS_USER = 8 /* of a C++ type; its bytes are kept as they are */
};

/* The value of this name, or SESS_ABSENT. Counts as a read: if somebody changes it before this editor's changes are
 * merged, they are a conflict. */
SESS_API int sess_get_value(sess_editor* editor, const char* name, const sess_value** value);
/* The same, and NULL for all that is not SESS_OK. */
SESS_API const sess_value* sess_read(sess_editor* editor, const char* name);
/* The same for what is only shown: does not count. */
SESS_API const sess_value* sess_peek(sess_editor* editor, const char* name);

SESS_API int sess_value_type(const sess_value* value);
/* SESS_ERROR_TYPE for a value of another type: nothing is converted. Strings have a zero byte at their end, and may
 * have others in them; `size`, which may be NULL, is without it. */
SESS_API int sess_value_boolean(const sess_value* value, int* boolean);
SESS_API int sess_value_integer(const sess_value* value, int64_t* integer);
SESS_API int sess_value_real(const sess_value* value, double* real);
SESS_API int sess_value_string(const sess_value* value, const char** text, size_t* size);
SESS_API int sess_value_bytes(const sess_value* value, const void** bytes, size_t* size);
/* How many elements an array, or members an object has; 0 for any other. */
SESS_API size_t sess_value_count(const sess_value* value);
/* An element, from 0 on, or NULL; of an object the value of a member, in ascending order of names, and `name`, which
 * may be NULL, is its name. */
SESS_API const sess_value* sess_value_at(const sess_value* value, size_t index, const char** name);

/* The value of a member of an object, or NULL. */
SESS_API const sess_value* sess_value_member(const sess_value* object, const char* name);

/* A read and its type at once. SESS_ABSENT where there is no such value. */
SESS_API int sess_get_boolean(sess_editor* editor, const char* name, int* boolean);
SESS_API int sess_get_integer(sess_editor* editor, const char* name, int64_t* integer);
SESS_API int sess_get_real(sess_editor* editor, const char* name, double* real);
SESS_API int sess_get_string(sess_editor* editor, const char* name, const char** text, size_t* size);
SESS_API int sess_get_bytes(sess_editor* editor, const char* name, const void** bytes, size_t* size);

/* Not 0: no more, and the visit answers SESS_OK. */
typedef int (*sess_visit_value)(const char* name, const sess_value* value, void* data);
/* Every value, in ascending order of names. Counts as a read of all. The editor must not be changed meanwhile. */
SESS_API int sess_visit_values(sess_editor* editor, sess_visit_value visit, void* data);

SESS_API int sess_set_null(sess_editor* editor, const char* name);
SESS_API int sess_set_boolean(sess_editor* editor, const char* name, int boolean);
SESS_API int sess_set_integer(sess_editor* editor, const char* name, int64_t integer);
SESS_API int sess_set_real(sess_editor* editor, const char* name, double real);
SESS_API int sess_set_string(sess_editor* editor, const char* name, const char* text);
/* So many bytes of it, whatever they are. */
SESS_API int sess_set_text(sess_editor* editor, const char* name, const char* text, size_t size);
SESS_API int sess_set_bytes(sess_editor* editor, const char* name, const void* bytes, size_t size);

/* Values that nest are made apart and then set: a copy of them is. One that was read is changed in a copy.
 *
 *   sess_value_new(SESS_OBJECT, &stock);
 *   sess_put_integer(stock, "apples", 3);
 *   sess_set_value(editor, "stock", stock);
 *   sess_value_free(stock);
 */
/* SESS_OBJECT or SESS_ARRAY: an empty one. */
SESS_API int sess_value_new(int type, sess_value** value);
SESS_API int sess_value_copy(const sess_value* value, sess_value** copy);
SESS_API void sess_value_free(sess_value* value);
/* Into an object, under this name, in place of what is there; into an array with NULL for a name: at its end.
 * SESS_ERROR_TYPE for anything else. What was asked of `into` before is not good any more. */
SESS_API int sess_put_null(sess_value* into, const char* name);
SESS_API int sess_put_boolean(sess_value* into, const char* name, int boolean);
SESS_API int sess_put_integer(sess_value* into, const char* name, int64_t integer);
SESS_API int sess_put_real(sess_value* into, const char* name, double real);
SESS_API int sess_put_string(sess_value* into, const char* name, const char* text);
SESS_API int sess_put_text(sess_value* into, const char* name, const char* text, size_t size);
SESS_API int sess_put_bytes(sess_value* into, const char* name, const void* bytes, size_t size);
/* A copy of it. */
SESS_API int sess_put_value(sess_value* into, const char* name, const sess_value* value);
/* Takes a member out of an object; SESS_OK also where there is none. */
SESS_API int sess_remove_member(sess_value* object, const char* name);
SESS_API int sess_set_value(sess_editor* editor, const char* name, const sess_value* value);

/* Added, and appended to an array, at commit to what is there then: never a conflict. Absent counts as 0, or empty.
 * SESS_ERROR_TYPE, here or at commit, where something else is there. */
SESS_API int sess_add_integer(sess_editor* editor, const char* name, int64_t amount);
SESS_API int sess_add_real(sess_editor* editor, const char* name, double amount);
SESS_API int sess_append_integer(sess_editor* editor, const char* name, int64_t element);
SESS_API int sess_append_string(sess_editor* editor, const char* name, const char* element);
SESS_API int sess_append_value(sess_editor* editor, const char* name, const sess_value* element);
SESS_API int sess_set_integer_if_absent(sess_editor* editor, const char* name, int64_t integer);
SESS_API int sess_set_string_if_absent(sess_editor* editor, const char* name, const char* text);
SESS_API int sess_erase(sess_editor* editor, const char* name);
SESS_API int sess_clear(sess_editor* editor);
/* From the commit on; both positive. */
SESS_API int sess_set_idle_timeout(sess_editor* editor, int64_t timeout);
SESS_API int sess_set_lifetime(sess_editor* editor, int64_t lifetime);

/* ---- reading and merging ----------------------------------------------------------------------------------------- */

typedef struct sess_commit_options {
  size_t struct_size;
  int durable;       /* 1 or 0; -1: as the store's */
  int keep_deadline; /* not 0: a poll must not keep a session alive for ever */
  int scrub;         /* not 0: what the version before held is overwritten on disk */
} sess_commit_options;
SESS_API int sess_commit_options_init(sess_commit_options* options, size_t size);

/* One version of a session as it was read, and the changes that are made on it. */
typedef struct sess_changes sess_changes;

/* Reads one committed version, without a lock. SESS_SUPERSEDED comes with the last version of a session whose ID was
 * replaced, which can be read. */
SESS_API int sess_snapshot(sess_store* store, const char* id, sess_changes** changes);
SESS_API sess_editor* sess_changes_editor(sess_changes* changes);
SESS_API int sess_changes_facts(const sess_changes* changes, sess_facts* facts);
/* Applies the changes to the session as it is now, under a short lock. SESS_CONFLICT, SESS_GONE, SESS_SUPERSEDED and
 * SESS_BUSY: nothing is written. Without options (NULL): the store's. */
SESS_API int sess_merge(sess_store* store, sess_changes* changes, const sess_commit_options* options);
SESS_API void sess_changes_free(sess_changes* changes);

/* Runs `change` under the session's lock and commits what it has changed. Not 0 from it rolls back:
 * SESS_ROLLED_BACK. */
typedef int (*sess_change)(sess_editor* editor, void* data);
SESS_API int sess_update(sess_store* store, const char* id, sess_change change, void* data,
                         const sess_commit_options* options);

/* ---- locked sessions --------------------------------------------------------------------------------------------- */

/* Locked, from sess_lock, sess_create's first commit or sess_regenerate until it is freed; that rolls back what has not
 * been committed. In a forked child it cannot be used. */
typedef struct sess_session sess_session;

/* Waits at most `timeout` (negative: the store's lock_timeout; 0: not at all). */
SESS_API int sess_lock(sess_store* store, const char* id, int64_t timeout, sess_session** session);

typedef struct sess_create_options {
  size_t struct_size;
  int authenticated;
  const char* principal; /* whose it is, if it is authenticated; or NULL */
  int64_t idle_timeout;  /* 0: the store's */
  int64_t lifetime;      /* 0: the store's */
} sess_create_options;
SESS_API int sess_create_options_init(sess_create_options* options, size_t size);
/* A new session. Nothing is on disk before its first commit. Commit, free, and then send the ID. */
SESS_API int sess_create(sess_store* store, const sess_create_options* options, sess_session** session);

SESS_API sess_editor* sess_session_editor(sess_session* session);
SESS_API int sess_session_facts(const sess_session* session, sess_facts* facts);
/* SESS_ABSENT for a session that was not made by sess_create or sess_regenerate: whoever has locked it knows its ID. */
SESS_API int sess_session_id(const sess_session* session, char id[SESS_ID_SIZE]);
SESS_API int sess_session_key(const sess_session* session, char key[SESS_KEY_SIZE]);
/* Writes the changes as a new version and keeps the lock; where nothing has changed renews the deadline.
 * SESS_EXPIRED: nothing is written. Of a session with a principal also SESS_GONE, SESS_LIMIT_REACHED and SESS_BUSY. */
SESS_API int sess_commit(sess_session* session, const sess_commit_options* options);
/* Forgets what has been changed since the last commit. */
SESS_API int sess_rollback(sess_session* session);
/* Ends the session for good and unlocks; then it can only be freed. */
SESS_API int sess_session_destroy(sess_session* session);
/* Gives the session a new ID: `next` is locked, and the one before can only be freed. */
SESS_API int sess_regenerate(sess_session* session, sess_session** next);
SESS_API void sess_session_free(sess_session* session);

/* ---- requests ---------------------------------------------------------------------------------------------------- */

enum { SESS_SAME_SITE_LAX = 0, SESS_SAME_SITE_STRICT = 1, SESS_SAME_SITE_NONE = 2 };

/* SessionCookieOptions of sess/web/session_cookies.hpp. */
typedef struct sess_cookie_options {
  size_t struct_size;
  const char* anonymous_name;     /* NULL: "sid" */
  const char* authenticated_name; /* NULL: "sid-auth" */
  int strongest_prefix;
  int secure;
  int http_only;
  int same_site;
  const char* path;              /* NULL: "/" */
  const char* domain;            /* NULL: none */
  int64_t max_age;               /* seconds; 0: until the browser is closed */
  int64_t renewal_interval;      /* seconds; 0: the cookie is sent once */
  int64_t first_idle_timeout;    /* 0: none */
  const char* address_parameter; /* NULL: no ID in addresses */
  int clear_cache;               /* at logout: what the browser is told to forget */
  int clear_cookies;
  int clear_storage;
} sess_cookie_options;
SESS_API int sess_cookie_options_init(sess_cookie_options* options, size_t size);

typedef struct sess_cookies sess_cookies;
/* SESS_ERROR_USAGE for what a browser would reject. Without options (NULL): the defaults, for sites over HTTPS. */
SESS_API int sess_cookies_new(const sess_cookie_options* options, sess_cookies** cookies);
SESS_API void sess_cookies_free(sess_cookies* cookies);

/* The session of one request, from its cookies to the answer's: RequestSession of sess/web/request_session.hpp, which
 * has the table of what a request may do.
 *
 *   sess_request_new(store, cookies, getenv("HTTP_COOKIE"), NULL, &request);
 *   do {
 *     sess_request_start(request, SESS_MERGE);
 *     sess_add_integer(sess_request_editor(request), "visits", 1);
 *   } while ((status = sess_request_finish(request)) == SESS_CONFLICT);
 *   for (i = 0; sess_request_header(request, i, &name, &value) == SESS_OK; ++i) printf("%s: %s\r\n", name, value);
 */
typedef struct sess_request sess_request;

enum { SESS_MERGE = 0, SESS_LOCKED = 1, SESS_SNAPSHOT = 2 };

/* `cookie_header` is what follows "Cookie: ", or NULL; `address_id` the parameter of the address that carries an ID, or
 * NULL. Only parses. */
SESS_API int sess_request_new(sess_store* store, sess_cookies* cookies, const char* cookie_header,
                              const char* address_id, sess_request** request);
/* Reads the session, if there is one; SESS_OK also if there is none. Again after a conflict: every change and decision
 * is forgotten. SESS_GONE, SESS_SUPERSEDED, SESS_BUSY. */
SESS_API int sess_request_start(sess_request* request, int mode);
/* NULL before sess_request_start and after sess_request_finish. Ask again after those, a login and a logout. Names that
 * begin with "sess." are the library's: what is done to them here is undone. */
SESS_API sess_editor* sess_request_editor(sess_request* request);
/* Who is logged in, or NULL. Good until the request is changed. */
SESS_API const char* sess_request_principal(const sess_request* request);
/* 1: there is a session to read; else 0. */
SESS_API int sess_request_exists(const sess_request* request);
/* 1: its ID was replaced, it can be read and not be changed. */
SESS_API int sess_request_superseded(const sess_request* request);
/* Of the version that was read: its facts, and its key, which may be NULL. SESS_ABSENT where there is no session, and
 * after a logout. */
SESS_API int sess_request_facts(const sess_request* request, sess_facts* facts, char key[SESS_KEY_SIZE]);
/* 1: a login of a client that has its ID in the address; sess_request_finish would refuse it (SESS_ERROR_USAGE). */
SESS_API int sess_request_needs_cookies(const sess_request* request);

/* A login: from sess_request_finish on the session is a new one, of this principal. */
SESS_API int sess_authenticate(sess_request* request, const char* principal);
/* A new ID for a session of somebody who is logged in. */
SESS_API int sess_request_regenerate(sess_request* request);
enum { SESS_LOGOUT_HERE = 0, SESS_LOGOUT_EVERYWHERE = 1, SESS_LOGOUT_OTHERS = 2 };
SESS_API int sess_logout(sess_request* request, int scope);
/* 0: this request does not renew the session's deadline. */
SESS_API int sess_request_set_renew(sess_request* request, int renew);

/* Something to be shown once, by whichever request comes next: "Saved.". Several under one name keep their order. */
SESS_API int sess_flash(sess_request* request, const char* name, const char* text);
/* Takes what was kept under this name, an array: of several requests one gets it. NULL and SESS_ABSENT where there is
 * nothing. Good until the request is freed or started again. A HEAD request (sess/cgi.h) leaves it there. */
SESS_API int sess_take_flash(sess_request* request, const char* name, const sess_value** values);

/* Where a token comes back: a field of a form (sess_csrf_field makes it), and the header by which a script sends it. */
#define SESS_CSRF_PARAMETER "csrf_token"
#define SESS_CSRF_HEADER "X-CSRF-Token"
/* A mark that stands for a token against forged requests until sess_request_complete puts the token in its place; good
 * until the request is freed or started again. As it is, or as a hidden field of a form, in HTML. */
SESS_API int sess_csrf_token(sess_request* request, const char** mark);
SESS_API int sess_csrf_field(sess_request* request, const char** mark);
/* 1 if the token was given to this client for this session, else 0 (also for NULL). */
SESS_API int sess_csrf_check(sess_request* request, const char* token);
/* A reference with the session's ID in it, for clients without cookies, where address_parameter allows that; with a
 * mark. */
SESS_API int sess_link(sess_request* request, const char* reference, const char** link);
/* The same for a form with method GET: a mark for a hidden field. */
SESS_API int sess_address_field(sess_request* request, const char** mark);

/* Commits: nothing has been written before. SESS_CONFLICT: start again and do it all again. SESS_SUPERSEDED: have the
 * client send its request again (307). SESS_GONE (409), SESS_BUSY (503), SESS_LIMIT_REACHED: nothing is written. After
 * an error, where there was a logout, sessions may have been ended already; where there was a login or a new ID, the
 * session before may be superseded. Its client may come again. */
SESS_API int sess_request_finish(sess_request* request);
/* What has become of the other sessions, of SESS_LOGOUT_OTHERS: SESS_OK, or some may not be ended. */
SESS_API int sess_request_others(const sess_request* request);
/* After sess_request_finish has taken effect: the headers that the answer must have, from 0 on, Set-Cookie among them;
 * SESS_ABSENT after the last. Never log them. Good until the request is freed or started again. */
SESS_API int sess_request_header(const sess_request* request, size_t index, const char** name, const char** value);
/* After that too: a text of the answer with its marks replaced. Good until the next such call. */
SESS_API int sess_request_complete(sess_request* request, const char* text, size_t size, const char** completed,
                                   size_t* completed_size);
SESS_API void sess_request_free(sess_request* request);

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-deprecated-headers, modernize-use-using) */

#endif
