#include "demo/site/libsess_site.hpp"

#include "demo/site/libsess_pages.hpp"

#include <chrono>
#include <iostream>

namespace demo {

LibsessSite::LibsessSite(const sess::Store& store, const Gate& gate, const Settings& settings)
    : gate_(gate),
      slowness_(settings.slow_pages),
      secure_(settings.secure),
      store_(store),
      cookies_(cookie_options(secure_)),
      // The replay program sends the same requests to a site that knows no tokens.
      session_options_{.store = store_, .cookies = cookies_, .tokens = !gate.enabled()},
      site_("libsess", true, gate, [store] { static_cast<void>(store.gc()); }) {}

sess::web::SessionCookieOptions LibsessSite::cookie_options(bool secure) {
  sess::web::SessionCookieOptions options;
  options.attributes.secure = secure;
  options.attributes.max_age = std::chrono::hours(24 * 30);
  options.renewal_interval = std::chrono::hours(24);
  options.first_idle_timeout = std::chrono::minutes(2);
  options.clear_site_data = {.storage = true};
  options.address_parameter = "session";
  return options;
}

sess::web::Handler LibsessSite::handler() const {
  return [this](sess::web::Request& request, sess::web::Response& response) {
    gate_.stop(request, "load");
    answer(request, response);
    slowness_.take_time(request);
    gate_.stop(request, "save");
  };
}

void LibsessSite::answer(sess::web::Request& request, sess::web::Response& response) const {
  if (answer_libsess_page({store_, cookies_}, request, response)) return;
  LibsessSession session(request, session_options_);
  site_.answer(request, session, response);
}

sess::web::RunOptions LibsessSite::run_options() const {
  sess::web::RunOptions options;
  options.cookies = cookie_options(secure_);
  options.access = access_of;
  options.check_csrf_token = session_options_.tokens;
  options.on_error = [](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& what) {
      std::cerr << "demo: " << what.what() << '\n';
    } catch (...) {
      std::cerr << "demo: unknown exception\n";
    }
  };
  options.on_response = [this](const sess::web::HttpRequest& request, const sess::web::Response&, sess::Status) {
    gate_.stop(request, "send");
  };
  return options;
}

}  // namespace demo
