// Requests of the C interface: cookies, logins, tokens, flash values.
#include "capi/requests.hpp"

#include "web/own_values.hpp"

#include <memory>
#include <string>
#include <utility>

using namespace sess::capi;

namespace web = sess::web;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

sess_cookie_options default_cookie_options() {
  sess_cookie_options options{};
  options.strongest_prefix = options.secure = options.http_only = 1;
  return options;
}

web::SameSite same_site(int number) {
  switch (number) {
    case SESS_SAME_SITE_LAX:
      return web::SameSite::lax;
    case SESS_SAME_SITE_STRICT:
      return web::SameSite::strict;
    case SESS_SAME_SITE_NONE:
      return web::SameSite::none;
    default:
      throw sess::UsageError("set cookies: there is no such same_site");
  }
}

std::string_view text_or_nothing(const char* text) { return text != nullptr ? text : std::string_view(); }

/// A text that is good until the request is started again.
template <class Make>
int hand_out_mark(sess_request* request, const char** mark, Make make) {
  return guarded([&] {
    const char*& out = emptied(mark, "make mark");
    std::string made = make(session_of(request, "make mark"));
    out = request->texts.emplace_back(std::move(made)).c_str();
    return SESS_OK;
  });
}

/// A request that a runner starts and finishes is not for its handler to do so.
web::RequestSession& own_session(sess_request* request, const char* what) {
  if (!required(request, what).own)
    throw sess::UsageError(std::string(what) + ": whoever runs the program starts and finishes its requests");
  return *request->own;
}

std::string flash_name(const char* name, const char* what) {
  return std::string(web::flash_prefix).append(required_text(name, what));
}

}  // namespace

namespace sess::capi {

web::SessionCookieOptions cookie_options(const sess_cookie_options* given) {
  const sess_cookie_options all = with_defaults(given, default_cookie_options());
  web::SessionCookieOptions options;
  if (all.anonymous_name != nullptr) options.anonymous_name = all.anonymous_name;
  if (all.authenticated_name != nullptr) options.authenticated_name = all.authenticated_name;
  options.strongest_prefix = all.strongest_prefix != 0;
  options.attributes.secure = all.secure != 0;
  options.attributes.http_only = all.http_only != 0;
  options.attributes.same_site = same_site(all.same_site);
  if (all.path != nullptr) options.attributes.path = all.path;
  if (all.domain != nullptr) options.attributes.domain = all.domain;
  if (all.max_age != 0) options.attributes.max_age = seconds(all.max_age);
  if (all.renewal_interval != 0) options.renewal_interval = seconds(all.renewal_interval);
  if (all.first_idle_timeout != 0) options.first_idle_timeout = milliseconds(all.first_idle_timeout);
  if (all.address_parameter != nullptr) options.address_parameter = all.address_parameter;
  options.clear_site_data = {
      .cache = all.clear_cache != 0, .cookies = all.clear_cookies != 0, .storage = all.clear_storage != 0};
  return options;
}

web::Mode mode_of(int number) {
  switch (number) {
    case SESS_MERGE:
      return web::Mode::merge;
    case SESS_LOCKED:
      return web::Mode::locked;
    case SESS_SNAPSHOT:
      return web::Mode::snapshot;
    default:
      throw sess::UsageError("start request: there is no such mode");
  }
}

web::RequestSession& session_of(sess_request* request, const char* what) {
  web::RequestSession* const session = required(request, what).session;
  if (session == nullptr) throw UsageError(std::string(what) + ": the address of this request never touches a session");
  return *session;
}

}  // namespace sess::capi

int sess_cookie_options_init(sess_cookie_options* options, size_t size) {
  return initialize(options, size, default_cookie_options());
}

int sess_cookies_new(const sess_cookie_options* options, sess_cookies** cookies) {
  return guarded([&] {
    sess_cookies*& out = emptied(cookies, "set cookies");
    out = new sess_cookies{std::make_shared<const web::SessionCookies>(cookie_options(options))};
    return SESS_OK;
  });
}

void sess_cookies_free(sess_cookies* cookies) { delete cookies; }

int sess_request_new(sess_store* store, sess_cookies* cookies, const char* cookie_header, const char* address_id,
                     sess_request** request) {
  return guarded([&] {
    sess_request*& out = emptied(request, "take request");
    auto made = std::make_unique<sess_request>();
    made->session = &made->own.emplace(required(store, "take request: store").store,
                                       required(cookies, "take request: cookies").cookies,
                                       text_or_nothing(cookie_header), text_or_nothing(address_id));
    out = made.release();
    return SESS_OK;
  });
}

int sess_request_start(sess_request* request, int mode) {
  return guarded([&]() -> int {
    web::RequestSession& session = own_session(request, "start request");
    const web::Mode as = mode_of(mode);
    request->headers.clear();
    request->others = {};
    request->texts.clear();
    request->values.clear();
    return number_of(session.start(as));
  });
}

sess_editor* sess_request_editor(sess_request* request) {
  sess_editor* editor = nullptr;
  guarded([&] {
    editor = handle_of(&session_of(request, "use editor").editor());
    return SESS_OK;
  });
  return editor;
}

const char* sess_request_principal(const sess_request* request) {
  if (request == nullptr || request->session == nullptr) return nullptr;
  const auto& principal = request->session->principal();
  return principal ? principal->c_str() : nullptr;
}

int sess_request_exists(const sess_request* request) {
  return request != nullptr && request->session != nullptr && request->session->exists() ? 1 : 0;
}

int sess_request_superseded(const sess_request* request) {
  return request != nullptr && request->session != nullptr && request->session->superseded() ? 1 : 0;
}

int sess_request_facts(const sess_request* request, sess_facts* facts, char key[SESS_KEY_SIZE]) {
  return guarded([&]() -> int {
    required(facts, "read facts");
    if (required(request, "read facts: request").session == nullptr) return SESS_ABSENT;
    const auto found = request->session->facts();
    if (!found) return SESS_ABSENT;
    hand_out(facts, to_c(*found));
    return key != nullptr ? hand_out_text(request->session->key()->to_string(), key) : SESS_OK;
  });
}

int sess_request_needs_cookies(const sess_request* request) {
  return request != nullptr && request->session != nullptr && request->session->needs_cookies() ? 1 : 0;
}

int sess_authenticate(sess_request* request, const char* principal) {
  return guarded([&] {
    session_of(request, "authenticate").authenticate(required_text(principal, "authenticate: principal"));
    return SESS_OK;
  });
}

int sess_request_regenerate(sess_request* request) {
  return guarded([&] {
    session_of(request, "regenerate").regenerate();
    return SESS_OK;
  });
}

int sess_logout(sess_request* request, int scope) {
  return guarded([&] {
    web::RequestSession& session = session_of(request, "log out");
    switch (scope) {
      case SESS_LOGOUT_HERE:
        session.logout();
        return SESS_OK;
      case SESS_LOGOUT_EVERYWHERE:
        session.logout_everywhere();
        return SESS_OK;
      case SESS_LOGOUT_OTHERS:
        session.logout_others();
        return SESS_OK;
      default:
        throw sess::UsageError("log out: there is no such scope");
    }
  });
}

int sess_request_set_renew(sess_request* request, int renew) {
  return guarded([&] {
    session_of(request, "set renew").renew(renew != 0);
    return SESS_OK;
  });
}

int sess_flash(sess_request* request, const char* name, const char* text) {
  return guarded([&] {
    session_of(request, "keep flash")
        .editor()
        .append(flash_name(name, "keep flash: name"), sess::Value(required_text(text, "keep flash: text")));
    return SESS_OK;
  });
}

int sess_take_flash(sess_request* request, const char* name, const sess_value** values) {
  return guarded([&]() -> int {
    const sess_value*& out = emptied(values, "take flash");
    sess::Editor& editor = session_of(request, "take flash").editor();
    const std::string full = flash_name(name, "take flash: name");
    const bool shows_nothing = request->http != nullptr && request->http->method() == "HEAD";
    auto taken = editor.peek<sess::Value::Array>(full);
    if (!taken) return SESS_ABSENT;
    const sess::Value& kept = request->values.emplace_back(*std::move(taken));
    if (!shows_nothing) static_cast<void>(editor.take<sess::Value::Array>(full));
    out = handle_of(&kept);
    return SESS_OK;
  });
}

int sess_csrf_token(sess_request* request, const char** mark) {
  return hand_out_mark(request, mark, [](web::RequestSession& session) { return session.csrf_token(); });
}

int sess_csrf_field(sess_request* request, const char** mark) {
  return hand_out_mark(request, mark, [](web::RequestSession& session) { return session.csrf_field(); });
}

int sess_csrf_check(sess_request* request, const char* token) {
  bool is_good = false;
  guarded([&] {
    is_good = token != nullptr && session_of(request, "check token").check_csrf_token(token);
    return SESS_OK;
  });
  return is_good ? 1 : 0;
}

int sess_link(sess_request* request, const char* reference, const char** link) {
  return hand_out_mark(request, link, [&](web::RequestSession& session) {
    return session.link(required_text(reference, "make link: reference"));
  });
}

int sess_address_field(sess_request* request, const char** mark) {
  return hand_out_mark(request, mark, [](web::RequestSession& session) { return session.address_field(); });
}

int sess_request_finish(sess_request* request) {
  return guarded([&]() -> int {
    web::RequestSession& session = own_session(request, "finish request");
    sess_request& of = *request;
    of.headers.reserve(16);  // more than there ever are: once it is committed nothing may fail
    web::Finished finished = session.finish();
    if (!finished.status.took_effect()) return number_of(finished.status);
    for (std::string& line : finished.set_cookie) of.headers.emplace_back("Set-Cookie", std::move(line));
    for (auto& header : finished.headers) of.headers.push_back(std::move(header));
    of.others = finished.others;
    return number_of(finished.status);
  });
}

int sess_request_others(const sess_request* request) {
  return guarded([&]() -> int { return number_of(required(request, "ask for others").others); });
}

int sess_request_header(const sess_request* request, size_t index, const char** name, const char** value) {
  return guarded([&]() -> int {
    const char*& name_out = emptied(name, "read header: name");
    const char*& value_out = emptied(value, "read header: value");
    const auto& headers = required(request, "read header: request").headers;
    if (index >= headers.size()) return SESS_ABSENT;
    name_out = headers[index].first.c_str();
    value_out = headers[index].second.c_str();
    return SESS_OK;
  });
}

int sess_request_complete(sess_request* request, const char* text, size_t size, const char** completed,
                          size_t* completed_size) {
  return guarded([&] {
    const char*& out = emptied(completed, "complete text");
    const web::RequestSession& session = session_of(request, "complete text");
    if (size > 0) required(text, "complete text: text");
    std::string copy(text != nullptr ? text : "", size);
    session.complete(copy);
    request->completed = std::move(copy);
    out = request->completed.c_str();
    if (completed_size != nullptr) *completed_size = request->completed.size();
    return SESS_OK;
  });
}

void sess_request_free(sess_request* request) {
  if (request != nullptr && request->own) delete request;  // another's is its runner's
}
