#include <sess/web/request.hpp>

#include "web/own_values.hpp"

#include <sess/error.hpp>

#include <utility>

namespace sess::web {

Request::Request(HttpRequest request, RequestSession& session) : HttpRequest(std::move(request)), session_(&session) {}

Request::Request(HttpRequest request) : HttpRequest(std::move(request)) {}

Request::~Request() = default;

RequestSession& Request::own() const {
  if (session_ == nullptr)
    throw UsageError("the session of a request whose address never touches it, by RunOptions::access");
  return *session_;
}

bool Request::check_csrf_token() const {
  const RequestSession& session = own();
  auto token = form(csrf_parameter);
  if (!token) token = header(csrf_header);
  return token && session.check_csrf_token(*token);
}

void Request::flash(std::string_view name, Value value) {
  own().editor().append(std::string(flash_prefix).append(name), std::move(value));
}

std::vector<Value> Request::take_flash(std::string_view name) {
  const std::string full = std::string(flash_prefix).append(name);
  if (method() == "HEAD") return own().editor().peek<Value::Array>(full).value_or(Value::Array());
  return own().editor().take<Value::Array>(full).value_or(Value::Array());
}

}  // namespace sess::web
