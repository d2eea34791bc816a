#include "demo/site/libsess_pages.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "demo/site/html.hpp"
#include "demo/site/libsess_session.hpp"
#include "demo/site/session_page.hpp"

#include <chrono>
#include <string>

namespace demo {

namespace {

using sess::web::Access;
using sess::web::escape_html;
using sess::web::HttpRequest;
using sess::web::Mode;
using sess::web::Request;
using sess::web::Response;

/// For browsers without scripts, and without cookies: then its links and its form carry the session's ID.
void plain_page(Request& request, Response& response) {
  const std::string address = escape_html(request.link(request.script() + "/plain"));
  std::string notices;
  for (const sess::Value& notice : request.take_flash("notice"))
    notices += fmt::format("<p class=\"message good\" role=\"status\">{}</p>\n", escape_html(notice.as<std::string>()));
  answer_html(
      response,
      {.title = "A page without scripts", .base = request.script(), .path = "/plain", .has_session_pages = true},
      fmt::format(R"(<div class="head">
<h1>A page without scripts</h1>
<p class="lead">It works without cookies, too: then its links and its form carry the session.</p>
</div>
{0}<section class="card narrow">
<p class="figure"><span id="visits">Visits: {1}</span></p>
<form id="visit" method="post" action="{2}">{3}<button>Count one more</button></form>
<p><a href="{2}">Load again</a></p>
</section>
)",
                  notices, request.session().get<std::int64_t>("visits").value_or(0), address, request.csrf_field()));
}

void count_plainly(Request& request, Response& response) {
  request.session().add("visits", 1);
  request.flash("notice", "Counted.");
  response.redirect(request.link(request.script() + "/plain"));
}

/// Counts reports in a session that is locked from beginning to end.
void report(Request& request, Response& response) {
  sess::Editor& session = request.session();
  session.set("reports", session.get<std::int64_t>("reports").value_or(0) + 1);
  response.content_type("application/json");
  forbid_all_content(response);
  response << nlohmann::json{{"reports", session.get<std::int64_t>("reports").value_or(0)}}.dump() << '\n';
}

/// The logins of who is logged in. Keys say nothing of IDs; the first digits are enough to tell them apart.
void logins(const LibsessPages& pages, Request& request, Response& response) {
  const auto own = request.key();
  auto list = nlohmann::json::array();
  int status = 200;
  if (const auto& user = request.principal()) {
    if (const auto sessions = pages.store.sessions_of(*user)) {
      for (const sess::SessionEntry& session : *sessions)
        list.push_back(
            {{"key", session.key.to_string().substr(0, 8)},
             {"since", fmt::format("{:%H:%M:%S} UTC", fmt::gmtime(std::chrono::time_point_cast<std::chrono::seconds>(
                                                          session.facts.created)))},
             {"own", own == session.key}});
    } else {
      status = 503;
    }
  }
  response.status(status);
  response.content_type("application/json");
  response.header("Cache-Control", "no-store");
  forbid_all_content(response);
  response << nlohmann::json{{"logins", list}}.dump() << '\n';
}

void answer_form(const Request& request, Response& response) {
  if (wants_page(request)) return response.redirect(request.script() + "/");
  response.content_type("application/json");
  forbid_all_content(response);
  response << "{}\n";
}

}  // namespace

bool answer_libsess_page(const LibsessPages& pages, Request& request, Response& response) {
  const std::string page = request.method() + " " + request.path();
  if (page == "GET /plain" || page == "HEAD /plain") {
    plain_page(request, response);
  } else if (page == "POST /plain") {
    count_plainly(request, response);
  } else if (page == "POST /report") {
    report(request, response);
  } else if (page == "GET /logins") {
    logins(pages, request, response);
  } else if (page == "POST /logout-everywhere") {
    request.logout_everywhere();
    answer_form(request, response);
  } else if (page == "POST /logout-others") {
    request.logout_others();
    answer_form(request, response);
  } else if (page == "GET /session") {
    answer_session_page(request, response, pages.tokens);
  } else if (page == "GET /session.json") {
    answer_session_json(pages.store, pages.cookies, pages.timings, request, response);
  } else if (page == "GET /health") {
    response.content_type("text/plain; charset=utf-8");
    response << "up\n";
  } else {
    return false;
  }
  return true;
}

Access access_of(const HttpRequest& request) {
  if (request.path() == "/health") return {.mode = std::nullopt};
  if (request.path() == "/session.json") return {.mode = Mode::snapshot, .renew = false};
  if (request.method() == "GET" && (request.path() == "/cart" || request.path() == "/logins"))
    return {.mode = Mode::snapshot};
  // A report that must not change under the hands of who makes it: nobody else writes to the session meanwhile.
  if (request.path() == "/report") return {.mode = Mode::locked};
  // A page that is open in some tab must not keep its user logged in for ever.
  if (request.path() == "/info") return {.renew = false};
  return {};
}

}  // namespace demo
