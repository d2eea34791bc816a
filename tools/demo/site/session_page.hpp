// /session: a visitor's own session as the store sees it; /session.json is what the page asks for each second. Neither
// ever shows an ID, nor a value that is not a number of the site's own.
#pragma once

#include <sess/store.hpp>
#include <sess/web/request.hpp>
#include <sess/web/response.hpp>
#include <sess/web/session_cookies.hpp>

#include "demo/site/request_timings.hpp"

namespace demo {

void answer_session_page(sess::web::Request& request, sess::web::Response& response, bool tokens);

/// Reads only, and renews nothing (access_of, libsess_pages.hpp): looking does not change what is seen.
void answer_session_json(const sess::Store& store, const sess::web::SessionCookies& cookies,
                         const RequestTimings& timings, sess::web::Request& request, sess::web::Response& response);

}  // namespace demo
