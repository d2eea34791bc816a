#include "demo/site/session_page.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "demo/site/html.hpp"
#include "demo/site/libsess_session.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace demo {

namespace {

using sess::SessionKind;
using std::chrono::milliseconds;

std::int64_t since_epoch(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

/// Names and types; of the values only the site's own numbers. The captcha's code is a text.
nlohmann::json shown_values(const sess::Values& values) {
  auto list = nlohmann::json::array();
  for (const auto& [name, value] : values) {
    nlohmann::json line = {{"name", name}, {"type", value.type_text()}};
    const bool of_library = name.starts_with("sess.");
    if (of_library) line["of_library"] = true;
    if (const auto* number = value.get_if<std::int64_t>(); number != nullptr && !of_library) line["value"] = *number;
    if (const auto* array = value.get_if<sess::Value::Array>()) line["elements"] = array->size();
    list.push_back(std::move(line));
  }
  return list;
}

/// What has become of the session that the cookies name, which is none to read.
sess::Outcome why_none(const sess::Store& store, const sess::web::SessionCookies& cookies,
                       const sess::web::HttpRequest& request) {
  const auto ids = ids_in_cookies(store, cookies, request);
  return ids.empty() ? sess::Outcome::absent : store.snapshot(ids.front()).outcome();
}

nlohmann::json shown(const sess::SessionKey& key, const sess::SessionFacts& facts, sess::web::Request& request) {
  nlohmann::json json = {
      {"key", key.to_string()},
      {"kind", facts.kind == SessionKind::authenticated ? "authenticated" : "anonymous"},
      {"state", request.superseded() ? "superseded" : "live"},
      {"user", nullptr},
      {"version", facts.generation},
      {"created", since_epoch(facts.created)},
      {"deadline", since_epoch(facts.deadline)},
      {"absolute_deadline", since_epoch(facts.absolute_deadline)},
      {"idle_timeout", facts.idle_timeout.count()},
      {"sealed", facts.sealed},
      {"size", facts.size},
      {"values", shown_values(request.session().values())},
  };
  if (const auto& user = request.principal()) json["user"] = *user;
  return json;
}

nlohmann::json shown_timings(const RequestTimings& timings, const sess::SessionKey& key) {
  const auto microseconds = [](std::chrono::nanoseconds time) { return time.count() / 1000; };
  auto list = nlohmann::json::array();
  for (const RequestTiming& timing : timings.of(key))
    list.push_back({{"number", timing.number},
                    {"at", since_epoch(timing.at)},
                    {"what", timing.what},
                    {"status", timing.status},
                    {"runs", timing.runs},
                    {"read_us", microseconds(timing.read)},
                    {"page_us", microseconds(timing.page)},
                    {"commit_us", microseconds(timing.commit)}});
  // The page shows some twenty.
  constexpr std::size_t most = 40;
  if (list.size() > most) list.erase(list.begin(), list.end() - most);
  return list;
}

}  // namespace

void answer_session_page(sess::web::Request& request, sess::web::Response& response, bool tokens) {
  const std::string base = sess::web::escape_html(request.script());
  const std::string token = tokens ? request.csrf_token() : "";
  const std::string field = tokens ? request.csrf_field() : "";
  answer_html(response,
              {.title = "Your session",
               .base = request.script(),
               .path = "/session",
               .has_session_pages = true,
               .token = token,
               .script = "session.js"},
              fmt::format(R"(<div class="head">
<h1>Your session</h1>
<p class="lead">As the store sees it, read each second without a lock and without renewing it.</p>
</div>
<div class="toolbar">
<button id="pause" type="button">Pause</button>
<form method="post" action="{0}/visit" data-post="/visit">{1}<button class="quiet" id="count">Count a visit</button></form>
<p id="status" class="message" role="status">Reading …</p>
</div>
<noscript><p class="message bad">This page shows nothing without its script; <a href="{0}/session.json">its data</a>
does.</p></noscript>
<div class="cards wide" id="session" hidden>
<section class="card" aria-labelledby="facts-title"><h2 id="facts-title">The record</h2>
<dl id="facts" class="facts"></dl></section>
<section class="card" aria-labelledby="clock-title"><h2 id="clock-title">Its time</h2>
<dl id="clock" class="facts"></dl>
<div class="meter" aria-hidden="true"><div id="left"></div></div>
<p class="hint">A request that uses the session moves the idle deadline, once that gains a tenth of the timeout. A poll
does not.</p></section>
<section class="card" aria-labelledby="values-title"><h2 id="values-title">Its values</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="values-title"><table><thead><tr><th scope="col">Name</th>
<th scope="col">Type</th><th scope="col">Value</th></tr></thead><tbody id="values"></tbody></table></div>
<p class="hint">Only numbers are shown; the captcha’s digits are a text.</p></section>
<section class="card" aria-labelledby="versions-title"><h2 id="versions-title">Versions seen</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="versions-title"><ol id="versions" class="list versions"
reversed></ol></div></section>
<section class="card full" aria-labelledby="timings-title"><h2 id="timings-title">Your last requests, as the server measured
them</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="timings-title"><table class="numbers"><thead><tr>
<th scope="col">At</th><th scope="col">Request</th><th scope="col">Status</th><th scope="col">Read, ms</th>
<th scope="col">Page, ms</th><th scope="col">Commit, ms</th></tr></thead><tbody id="timings"></tbody></table></div>
<p class="hint" id="timings-hint">Read: the session, from its file. Commit: merged under its lock, or renewed; then the
answer leaves.</p></section>
</div>
)",
                          base, field));
}

void answer_session_json(const sess::Store& store, const sess::web::SessionCookies& cookies,
                         const RequestTimings& timings, sess::web::Request& request, sess::web::Response& response) {
  nlohmann::json json = {{"now", since_epoch(std::chrono::system_clock::now())},
                         {"session", nullptr},
                         {"process", ::getpid()},
                         {"timings", nlohmann::json::array()}};
  const auto key = request.key();
  const auto facts = request.facts();
  if (key && facts) {
    json["session"] = shown(*key, *facts, request);
    json["timings"] = shown_timings(timings, *key);
  } else {
    json["why"] = to_string(why_none(store, cookies, request));
  }
  response.content_type("application/json");
  response.header("Cache-Control", "no-store");
  forbid_all_content(response);
  response << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

}  // namespace demo
