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

constexpr int most_continuations = 8;  // of an ID that was replaced now and then
constexpr int most_visited = 100;      // sessions that are looked at for the size of one

std::int64_t since_epoch(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

/// What the store says of an ID, or of those that it leads to.
sess::Result<sess::Snapshot> read(const sess::Store& store, sess::SessionId id) {
  for (int step = 0; step < most_continuations; ++step) {
    const auto next = store.continuation(id);
    if (!next) break;
    id = *next;
  }
  return store.snapshot(id);
}

/// The session that the cookies name, as the library chooses it: a login before a session of nobody, and of an
/// anonymous ID that has expired its successor.
sess::Result<sess::Snapshot> own_session(const sess::Store& store, const sess::web::SessionCookies& cookies,
                                         const sess::web::HttpRequest& request) {
  sess::Status why = sess::Outcome::absent;
  for (const SessionKind kind : {SessionKind::authenticated, SessionKind::anonymous}) {
    const auto id = id_in_cookie(store, cookies, request, kind);
    if (!id) continue;
    auto session = read(store, *id);
    if (session) return session;
    if (why == sess::Outcome::absent) why = session.status();
    if (kind == SessionKind::authenticated) continue;
    if (const auto successor = store.successor(*id)) return store.snapshot(*successor);
  }
  return why;
}

/// Of a record, in bytes. A listing alone tells it: of the user's own sessions, or else of the first ones of the store.
std::optional<std::uint64_t> record_size(const sess::Store& store, const std::optional<std::string>& principal,
                                         const sess::SessionKey& key) {
  std::optional<std::uint64_t> size;
  if (principal) {
    if (const auto sessions = store.sessions_of(*principal))
      for (const sess::SessionEntry& entry : *sessions)
        if (entry.key == key) size = entry.size;
    return size;
  }
  int visited = 0;
  store.list([&](const sess::SessionEntry& entry) {
    if (entry.key == key) size = entry.size;
    return !size && ++visited < most_visited;
  });
  return size;
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

nlohmann::json shown(const sess::Store& store, const sess::Snapshot& session, sess::Status status,
                     const std::optional<std::string>& principal) {
  const sess::SessionFacts& facts = session.facts();
  nlohmann::json json = {
      {"key", session.key().to_string()},
      {"kind", facts.kind == SessionKind::authenticated ? "authenticated" : "anonymous"},
      {"state", status.ok() ? "live" : std::string(to_string(status.outcome()))},
      {"user", nullptr},
      {"version", facts.generation},
      {"created", since_epoch(facts.created)},
      {"deadline", since_epoch(facts.deadline)},
      {"absolute_deadline", since_epoch(facts.absolute_deadline)},
      {"idle_timeout", facts.idle_timeout.count()},
      {"sealed", facts.sealed},
      {"size", nullptr},
      {"values", shown_values(session.values())},
  };
  if (principal) json["user"] = *principal;
  if (const auto size = record_size(store, principal, session.key())) json["size"] = *size;
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
  const auto session = own_session(store, cookies, request);
  if (session) {
    json["session"] = shown(store, *session, session.status(), request.principal());
    json["timings"] = shown_timings(timings, session->key());
  } else {
    json["why"] = to_string(session.outcome());
  }
  response.content_type("application/json");
  response.header("Cache-Control", "no-store");
  forbid_all_content(response);
  response << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

}  // namespace demo
