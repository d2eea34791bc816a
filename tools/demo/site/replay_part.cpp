#include "demo/site/replay_part.hpp"

#include <sess/web/request.hpp>
#include <sess/web/request_session.hpp>

#include "demo/site/html.hpp"
#include "demo/site/libsess_session.hpp"

#include <memory>
#include <string_view>

namespace demo {

namespace {

using sess::Outcome;
using sess::web::Mode;
using sess::web::Response;

constexpr std::string_view prefix = "/replay";
constexpr const char* mark = "replay";  // a value that each session of the part has, and no session of the site
constexpr int runs = 4;                 // the last one under the session's lock

void answer_error(Response& response, int status, std::string_view words) {
  response.clear();
  response.status(status);
  response.content_type("application/json");
  if (status == 503) response.header("Retry-After", "1");
  forbid_all_content(response);
  response << "{\"error\":\"" << words << "\"}\n";
}

void answer_failure(Response& response, sess::Status status) {
  if (status == Outcome::busy) return answer_error(response, 503, "busy");
  answer_error(response, 409, to_string(status.outcome()));
}

}  // namespace

std::optional<SitePath> replayed_path(const sess::web::HttpRequest& request, const Slowness& slowness) {
  const std::string& path = request.path();
  if (!slowness.allowed() || !path.starts_with(prefix) || path.size() <= prefix.size() || path[prefix.size()] != '/')
    return std::nullopt;
  return SitePath{.path = path.substr(prefix.size()), .is_replayed = true};
}

std::string replay_cookie_path(const sess::web::HttpRequest& request) { return request.script() + std::string(prefix); }

void tell_cookies(const std::vector<std::string>& set_cookie, Response& response) {
  std::string names;
  for (const std::string& cookie : set_cookie) {
    if (!names.empty()) names += ", ";
    names += cookie.substr(0, cookie.find('='));
  }
  if (!names.empty()) response.header("X-Demo-Cookies", names);
}

void LibsessReplayPart::answer(const SitePath& path, const sess::web::HttpRequest& request, Response& response) const {
  sess::web::SessionCookieOptions options{.anonymous_name = "replay", .authenticated_name = "replay-auth"};
  // Not to be had with Path=/: what the site's own pages are sent is theirs alone. Over HTTPS the prefix is __Secure-.
  options.attributes = {
      .secure = secure_, .same_site = sess::web::SameSite::strict, .path = replay_cookie_path(request)};
  options.first_idle_timeout = std::chrono::minutes(2);
  const auto cookies = std::make_shared<const sess::web::SessionCookies>(options);
  const LibsessSessionOptions session_options{.store = store_, .cookies = *cookies, .principal_prefix = "replay "};

  sess::web::RequestSession life(store_, cookies, request.header("Cookie").value_or(""));
  for (int run = 1; run <= runs; ++run) {
    if (const sess::Status started = life.start(run < runs ? Mode::merge : Mode::locked); !started.ok())
      return answer_failure(response, started);
    if (life.exists() && !life.editor().peek<bool>(mark))
      return answer_error(response, 403, "this is no session of the replay part");
    response.clear();
    sess::web::Request own(request, life);
    LibsessSession session(own, session_options);
    site_.answer(path, own, session, response);
    slowness_.take_time(request);
    if ((own.principal() || own.session().changed()) && !own.session().peek<bool>(mark)) own.session().set(mark, true);

    const sess::web::Finished finished = life.finish();
    if (finished.status == Outcome::conflict) continue;
    if (!finished.status.took_effect()) return answer_failure(response, finished.status);
    for (const std::string& cookie : finished.set_cookie) response.add_cookie(cookie);
    tell_cookies(finished.set_cookie, response);
    return;
  }
  answer_failure(response, Outcome::conflict);
}

}  // namespace demo
