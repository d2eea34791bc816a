// Pages that only a site over libsess has: one without scripts and cookies, the visitor's own session, the user's own
// logins, logout on all devices.
#pragma once

#include <sess/store.hpp>
#include <sess/web/request.hpp>
#include <sess/web/response.hpp>
#include <sess/web/runner.hpp>
#include <sess/web/session_cookies.hpp>

#include "demo/site/request_timings.hpp"

namespace demo {

/// What the pages need to know; all of it outlives the call.
struct LibsessPages {
  const sess::Store& store;
  const sess::web::SessionCookies& cookies;
  const RequestTimings& timings;
  bool tokens = false;  // forms must send one
};

/// Answers one of these pages; false if it is none.
bool answer_libsess_page(const LibsessPages& pages, sess::web::Request& request, sess::web::Response& response);

/// How the pages of the site use their session.
sess::web::Access access_of(const sess::web::HttpRequest& request);

}  // namespace demo
