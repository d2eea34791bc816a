// What a C handler reads of a request, and writes to its answer.
#include "capi/programs.hpp"
#include "capi/requests.hpp"

#include <cstdarg>
#include <cstdio>
#include <string>
#include <string_view>

using namespace sess::capi;

namespace web = sess::web;

namespace {

const web::HttpRequest* http_of(const sess_request* request) { return request != nullptr ? request->http : nullptr; }

/// The first of its name.
const char* value_in(const web::Parameters& parameters, const char* name) {
  for (const auto& [found, value] : parameters)
    if (found == name) return value.c_str();
  return nullptr;
}

int parameter_at(const web::Parameters* parameters, std::size_t index, const char** name, const char** value) {
  return guarded([&]() -> int {
    const char*& name_out = emptied(name, "read parameter: name");
    const char*& value_out = emptied(value, "read parameter: value");
    if (parameters == nullptr || index >= parameters->size()) return SESS_ABSENT;
    name_out = (*parameters)[index].first.c_str();
    value_out = (*parameters)[index].second.c_str();
    return SESS_OK;
  });
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

int sess_http_address(const sess_request* request, const char** address) {
  return guarded([&]() -> int {
    const char*& out = emptied(address, "read address");
    const web::HttpRequest* const http = http_of(&required(request, "read address: request"));
    if (http == nullptr) return SESS_ABSENT;
    out = request->texts.emplace_back(http->address()).c_str();
    return SESS_OK;
  });
}

int sess_http_header(const sess_request* request, const char* name, const char** value) {
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

int sess_http_query_at(const sess_request* request, size_t index, const char** name, const char** value) {
  const web::HttpRequest* const http = http_of(request);
  return parameter_at(http != nullptr ? &http->query_parameters() : nullptr, index, name, value);
}

int sess_http_form_at(const sess_request* request, size_t index, const char** name, const char** value) {
  const web::HttpRequest* const http = http_of(request);
  return parameter_at(http != nullptr ? &http->form_parameters() : nullptr, index, name, value);
}

int sess_http_csrf_check(const sess_request* request) {
  if (request == nullptr || request->handled == nullptr || request->session == nullptr) return 0;
  bool is_good = false;
  guarded([&] {
    is_good = request->handled->check_csrf_token();
    return SESS_OK;
  });
  return is_good ? 1 : 0;
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

int sess_response_add_header(sess_response* response, const char* name, const char* value) {
  return guarded([&] {
    response_of(response, "add response header")
        .add_header(required_text(name, "add response header: name"),
                    required_text(value, "add response header: value"));
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
