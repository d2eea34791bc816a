// Pages that only a site over libsess has: one without scripts and cookies, the user's own logins, logout on all
// devices.
#pragma once

#include <sess/store.hpp>
#include <sess/web/request.hpp>
#include <sess/web/response.hpp>
#include <sess/web/runner.hpp>

namespace demo {

/// Answers one of these pages; false if it is none.
bool answer_libsess_page(const sess::Store& store, sess::web::Request& request, sess::web::Response& response);

/// How the pages of the site use their session.
sess::web::Access access_of(const sess::web::HttpRequest& request);

}  // namespace demo
