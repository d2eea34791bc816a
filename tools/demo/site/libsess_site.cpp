#include "demo/site/libsess_site.hpp"

#include "demo/site/libsess_pages.hpp"

#include <chrono>
#include <iostream>
#include <utility>
#include <vector>

namespace demo {

LibsessSite::LibsessSite(const sess::Store& store, const Gate& gate, const Settings& settings)
    : gate_(gate),
      slowness_(settings.slow_pages),
      secure_(settings.secure),
      store_(store),
      cookies_(cookie_options(secure_)),
      // The replay program sends the same requests to a site that knows no tokens.
      session_options_{.store = store_, .cookies = cookies_, .tokens = !gate.enabled()},
      site_("libsess", true, gate, [store] { static_cast<void>(store.gc()); }),
      replay_part_(store_, site_, slowness_, secure_) {}

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
    if (const auto path = replayed_path(request, slowness_)) return replay_part_.answer(*path, request, response);
    timings_.loaded();
    gate_.stop(request, "load");
    answer(request, response);
    slowness_.take_time(request);
    gate_.stop(request, "save");
    timings_.worked(sessions_of(request));
  };
}

void LibsessSite::answer(sess::web::Request& request, sess::web::Response& response) const {
  if (answer_libsess_page({store_, cookies_, timings_, session_options_.tokens}, request, response)) return;
  LibsessSession session(request, session_options_);
  site_.answer({.path = request.path()}, request, session, response);
}

std::vector<sess::SessionKey> LibsessSite::sessions_of(const sess::web::HttpRequest& request) const {
  std::vector<sess::SessionKey> keys;
  for (const sess::SessionId& id : ids_in_cookies(store_, cookies_, request)) keys.push_back(id.key());
  return keys;
}

sess::web::RunOptions LibsessSite::run_options() const {
  sess::web::RunOptions options;
  options.cookies = cookie_options(secure_);
  options.access = [this](const sess::web::HttpRequest& request) {
    timings_.started();
    // It has sessions of its own.
    if (replayed_path(request, slowness_)) return sess::web::Access{.mode = std::nullopt};
    return access_of(request);
  };
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
  options.on_response = [this](const sess::web::HttpRequest& request, const sess::web::Response& response,
                               sess::Status) {
    timings_.answered(request.method() + " " + request.path(), response.status());
    gate_.stop(request, "send");
  };
  return options;
}

}  // namespace demo
