// Web programs of the C interface: a C handler in the runner of the C++ interface.
#include "capi/programs.hpp"

#include "capi/requests.hpp"
#include "web/request_access.hpp"

#include <cstdarg>
#include <cstdio>
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

const web::HttpRequest* http_of(const sess_request* request) { return request != nullptr ? request->http : nullptr; }

/// The first of its name.
const char* value_in(const web::Parameters& parameters, const char* name) {
  for (const auto& [found, value] : parameters)
    if (found == name) return value.c_str();
  return nullptr;
}

web::Response& response_of(sess_response* response, const char* what) { return required(response, what).response; }

std::string printed(const char* format, std::va_list arguments) {
  std::va_list again;
  va_copy(again, arguments);
  const int size = std::vsnprintf(nullptr, 0, format, arguments);
  std::string text(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  if (size > 0) std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  if (size < 0) throw sess::UsageError("write response: the format cannot be printed");
  return text;
}

}  // namespace

namespace sess::capi {

web::Handler handler_of(sess_handler handler, void* data) {
  required(handler, "run program: handler");
  return [handler, data](web::Request& request, web::Response& response) {
    sess_request session;
    session.session = web::RequestAccess::session(request);
    session.http = &request;
    sess_response answer{response};
    const int status = handler(&session, &answer, data);
    if (status == SESS_OK) return;
    throw HandlerFailed(status, std::string("the handler answered ") + sess_status_name(status) +
                                    (status < 0 ? std::string(": ") + sess_error_message() : std::string()));
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

const char* sess_http_method(const sess_request* request) {
  const web::HttpRequest* const http = http_of(request);
  return http != nullptr ? http->method().c_str() : nullptr;
}

const char* sess_http_path(const sess_request* request) {
  const web::HttpRequest* const http = http_of(request);
  return http != nullptr ? http->path().c_str() : nullptr;
}

const char* sess_http_script(const sess_request* request) {
  const web::HttpRequest* const http = http_of(request);
  return http != nullptr ? http->script().c_str() : nullptr;
}

const char* sess_http_remote_address(const sess_request* request) {
  const web::HttpRequest* const http = http_of(request);
  return http != nullptr ? http->remote_address().c_str() : nullptr;
}

int sess_http_secure(const sess_request* request) {
  const web::HttpRequest* const http = http_of(request);
  return http != nullptr && http->secure() ? 1 : 0;
}

int sess_http_header(sess_request* request, const char* name, const char** value) {
  return guarded([&]() -> int {
    const char*& out = emptied(value, "read header");
    const web::HttpRequest* const http = http_of(&required(request, "read header: request"));
    auto found = http != nullptr ? http->header(required_text(name, "read header: name")) : std::nullopt;
    if (!found) return SESS_ABSENT;
    out = request->texts.emplace_back(*std::move(found)).c_str();
    return SESS_OK;
  });
}

const char* sess_http_query(const sess_request* request, const char* name) {
  const web::HttpRequest* const http = http_of(request);
  return http != nullptr && name != nullptr ? value_in(http->query_parameters(), name) : nullptr;
}

const char* sess_http_form(const sess_request* request, const char* name) {
  const web::HttpRequest* const http = http_of(request);
  return http != nullptr && name != nullptr ? value_in(http->form_parameters(), name) : nullptr;
}

const char* sess_http_cookie(const sess_request* request, const char* name) {
  const web::HttpRequest* const http = http_of(request);
  if (http == nullptr || name == nullptr) return nullptr;
  for (const web::Cookie& cookie : http->cookies())
    if (cookie.name == name) return cookie.value.c_str();
  return nullptr;
}

const char* sess_http_body(const sess_request* request, size_t* size) {
  const web::HttpRequest* const http = http_of(request);
  if (size != nullptr) *size = http != nullptr ? http->body().size() : 0;
  return http != nullptr ? http->body().c_str() : nullptr;
}

int sess_response_status(sess_response* response, int code) {
  return guarded([&] {
    response_of(response, "set response status").status(code);
    return SESS_OK;
  });
}

int sess_response_header(sess_response* response, const char* name, const char* value) {
  return guarded([&] {
    response_of(response, "set response header")
        .header(required_text(name, "set response header: name"), required_text(value, "set response header: value"));
    return SESS_OK;
  });
}

int sess_response_redirect(sess_response* response, const char* location) {
  return guarded([&] {
    response_of(response, "redirect").redirect(required_text(location, "redirect: location"));
    return SESS_OK;
  });
}

int sess_response_write(sess_response* response, const char* text, size_t size) {
  return guarded([&] {
    web::Response& to = response_of(response, "write response");
    if (size > 0) to << std::string_view(required_text(text, "write response: text"), size);
    return SESS_OK;
  });
}

int sess_response_printf(sess_response* response, const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  const int status = guarded([&] {
    web::Response& to = response_of(response, "write response");
    to << printed(required_text(format, "write response: format"), arguments);
    return SESS_OK;
  });
  va_end(arguments);
  return status;
}

int sess_response_escaped(sess_response* response, const char* text) {
  return guarded([&] {
    response_of(response, "write response") << web::escape_html(required_text(text, "write response: text"));
    return SESS_OK;
  });
}
