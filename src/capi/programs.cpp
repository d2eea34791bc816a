// Web programs of the C interface: a C handler in the runner of the C++ interface.
#include "capi/programs.hpp"

#include "capi/requests.hpp"
#include "web/request_access.hpp"

#include <stdexcept>
#include <string>
#include <utility>

using namespace sess::capi;

namespace web = sess::web;

namespace {

/// What a handler has answered, on its way to whoever is told.
struct HandlerFailed : std::runtime_error {
  HandlerFailed(int answered, const std::string& what) : std::runtime_error(what), status(answered) {}
  int status;
};

sess_run_options default_run_options() {
  const web::RunOptions all;
  sess_run_options options{};
  options.body_limit = all.body_limit;
  options.optimistic_runs = all.optimistic_runs;
  options.retry_after = all.retry_after.count();
  return options;
}

web::Access access_of(int number) {
  if (number == SESS_NO_SESSION) return {.mode = std::nullopt};
  return {.mode = mode_of(number)};
}

void tell(sess_on_error on_error, void* data, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const HandlerFailed& failed) {
    on_error(failed.status, failed.what(), data);
  } catch (...) {
    const int status = caught();
    on_error(status, sess_error_message(), data);
  }
}

}  // namespace

namespace sess::capi {

web::Handler handler_of(sess_handler handler, void* data) {
  required(handler, "run program: handler");
  return [handler, data](web::Request& request, web::Response& response) {
    sess_request session;
    session.session = web::RequestAccess::session(request);
    session.http = session.handled = &request;
    sess_response answer{response};
    forget_error();  // of an earlier request: this one may fail without one of the library's
    const int status = handler(&session, &answer, data);
    if (status == SESS_OK) return;
    const std::string said = status < 0 ? sess_error_message() : "";
    throw HandlerFailed(
        status, std::string("the handler answered ") + sess_status_name(status) + (said.empty() ? "" : ": " + said));
  };
}

web::RunOptions run_options(const sess_run_options* given) {
  const sess_run_options all = with_defaults(given, default_run_options());
  web::RunOptions options;
  options.cookies = cookie_options(all.cookies);
  options.body_limit = all.body_limit;
  options.check_csrf_token = all.check_csrf_token != 0;
  options.optimistic_runs = all.optimistic_runs;
  options.retry_after = std::chrono::seconds(all.retry_after);
  if (all.access != nullptr) {
    options.access = [access = all.access, data = all.data](const web::HttpRequest& request) {
      sess_request seen;
      seen.http = &request;
      return access_of(access(&seen, data));
    };
  }
  if (all.on_error != nullptr) {
    options.on_error = [on_error = all.on_error, data = all.data](const std::exception_ptr& error) {
      tell(on_error, data, error);
    };
  }
  return options;
}

}  // namespace sess::capi

int sess_run_options_init(sess_run_options* options, size_t size) {
  return initialize(options, size, default_run_options());
}

int sess_cgi_run(sess_store* store, sess_handler handler, void* data, const sess_run_options* options) {
  return guarded([&]() -> int {
    const sess::Store& in = required(store, "run program: store").store;
    if (sess::cgi::run(in, handler_of(handler, data), run_options(options)) == 0) return SESS_OK;
    throw sess::IoError("write answer", "standard output", EIO);
  });
}
