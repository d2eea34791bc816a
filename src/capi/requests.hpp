// What a request of the C interface is: the session of one, and in a web program what the client has sent.
#pragma once

#include "capi/handles.hpp"

#include <sess/value.hpp>
#include <sess/web/http_request.hpp>
#include <sess/web/request.hpp>
#include <sess/web/request_session.hpp>
#include <sess/web/session_cookies.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

struct sess_cookies {
  std::shared_ptr<const sess::web::SessionCookies> cookies;
};

struct sess_request {
  std::optional<sess::web::RequestSession> own = std::nullopt;  // of sess_request_new
  sess::web::RequestSession* session = nullptr;                 // none: the address never touches it
  const sess::web::HttpRequest* http = nullptr;                 // none: of sess_request_new
  const sess::web::Request* handled = nullptr;                  // the same with its session, in a handler
  std::vector<std::pair<std::string, std::string>> headers = {};
  sess::Status others = {};
  // What has been handed out: neither moves when another one is added. Texts also where the request is only looked at.
  mutable std::deque<std::string> texts = {};
  std::deque<sess::Value> values = {};
  std::string completed = {};
};

namespace sess::capi {

web::SessionCookieOptions cookie_options(const sess_cookie_options* given);
web::Mode mode_of(int number);

/// Throws UsageError for a request that has none. `what` is done.
web::RequestSession& session_of(sess_request* request, const char* what);

}  // namespace sess::capi
