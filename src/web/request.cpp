#include <sess/web/request.hpp>

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

}  // namespace sess::web
