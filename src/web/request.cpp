#include <sess/web/request.hpp>

namespace sess::web {

Request::Request(HttpRequest request, RequestSession& session) : HttpRequest(std::move(request)), session_(&session) {}

Request::~Request() = default;

}  // namespace sess::web
