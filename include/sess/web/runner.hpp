// Runs a handler for a request: the session's life cycle round it, conflicts run again, the answer as CGI text.
//
//   int main() {
//     auto store = sess::Store::open("/var/lib/shop/sessions");
//     return sess::cgi::run(store, [](sess::web::Request& request, sess::web::Response& response) {
//       request.session().add("visits", 1);
//       response << "visits: " << request.session().get<int>("visits").value_or(0);
//     });
//   }
//
// In order: read the session; run the handler; commit; only then cookies, headers and body. So a cookie that has been
// sent names a session that is on disk. A handler may be run more than once for one request (when a value that it
// derived others from was changed meanwhile), and must have no effects but on the session and the response; what it
// must do exactly once (send mail, charge a card) belongs after the commit, decided by what the session says.
//
// What becomes of the response:
// - conflict: dropped, and the handler is run again on the session as it is then, in the end under its lock;
// - gone: 409, somebody logged out while this request was under way;
// - superseded: 307 to the same address, because the cookie of the new ID is on its way to the client; after three
//   times 409 (a cookie counts them), at once where the ID came in the address;
// - busy: 503 with Retry-After;
// - where logout_others() could not end all of them: 503, with the cookies of what was committed;
// - no CSRF token where there must be one, or a login by a client whose ID came in the address: 403;
// - limit_reached: 403, the user is logged in as often as is allowed;
// - an exception: 500 without detail, and options.on_error;
// - a body that is too large: 413; one shorter than announced: 400.
#pragma once

#include <sess/export.hpp>
#include <sess/result.hpp>
#include <sess/store.hpp>
#include <sess/web/http_request.hpp>
#include <sess/web/request.hpp>
#include <sess/web/response.hpp>
#include <sess/web/session_cookies.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

namespace sess::web {

using Handler = std::function<void(Request&, Response&)>;

/// How a request uses its session.
struct Access {
  /// Nothing: not at all. Its cookies are not looked at, the store is not asked, nothing is renewed: for pictures,
  /// health checks, and what caches may keep.
  std::optional<Mode> mode = Mode::merge;
  /// False: it does not renew the session's deadline, unless the handler says otherwise (Request::renew).
  bool renew = true;
};

struct RunOptions {
  SessionCookieOptions cookies = {};
  /// Of a request's body, in bytes.
  std::size_t body_limit = std::size_t{1} << 20;
  /// Decides, before anything is read of the session, how a request uses it. Without one, and by default: merge mode. A
  /// request in Mode::locked keeps others of its session waiting from its start to its end.
  std::function<Access(const HttpRequest&)> access = nullptr;
  /// True: a request whose method is not safe (RFC 9110, section 9.2.1: GET, HEAD, OPTIONS, TRACE) must bring a CSRF
  /// token (Request::check_csrf_token); else it is answered 403, and the handler is not run. Not for addresses that
  /// never touch the session.
  bool check_csrf_token = false;
  /// How often a handler is run without a lock before it is run under the session's lock. At least 1.
  int optimistic_runs = 3;
  /// What a client is told to wait when a session was busy.
  std::chrono::seconds retry_after{1};
  /// What a handler, the store or the reader of the body threw. Must not throw. Called in the thread of the request.
  /// Without one a line goes to standard error, which servers put into their error log: the one place where the library
  /// says something by itself.
  std::function<void(std::exception_ptr)> on_error = nullptr;
  /// Before the response is sent, when the session has been committed (or not: the status says it); for logs and
  /// measurements. Where the request was refused for its body or something threw (400, 413, 500), the status is ok
  /// and says nothing of the session. The response has the session's cookies in it by now: do not log it whole. Must
  /// not throw.
  std::function<void(const HttpRequest&, const Response&, Status)> on_response = nullptr;
};

/// Reads up to `size` bytes of the request's body into `buffer`; answers how many, 0 at the end.
using BodyReader = std::function<std::size_t(char* buffer, std::size_t size)>;

/// May be used by several threads at once, if the handler may.
class SESS_API Runner {
 public:
  /// Throws UsageError for cookie options that a browser would reject, and for an empty handler.
  Runner(Store store, Handler handler, RunOptions options = {});

  /// Handles one request and answers what CGI wants to read (Response::render). Waits for the session's lock as
  /// RequestSession::finish does. Throws nothing but std::bad_alloc: what goes wrong is a response as well.
  std::string run(const Environment& environment, const BodyReader& read_body) const;

 private:
  Status handle(const HttpRequest& request, Response& response) const;
  void answer_superseded(const HttpRequest& request, Response& response) const;

  Store store_;
  Handler handler_;
  RunOptions options_;
  std::shared_ptr<const SessionCookies> cookies_;
};

}  // namespace sess::web

namespace sess::cgi {

using web::Handler;
using web::RunOptions;

/// Where a request comes from and its answer goes. What is left empty is the process's own: this is the one place of
/// the library that reads the environment, standard input and writes standard output, because they are the protocol.
struct Channels {
  std::istream* input = nullptr;
  std::ostream* output = nullptr;
  web::Environment environment = nullptr;
};

/// Handles the one request of a CGI program. Answers the exit status for main: 0; 1 if the answer could not be written.
/// Throws UsageError as web::Runner does.
SESS_API int run(const Store& store, Handler handler, RunOptions options = {}, const Channels& channels = {});

}  // namespace sess::cgi
