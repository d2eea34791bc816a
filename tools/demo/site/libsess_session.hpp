// The site's session as libsess keeps it, and which one a request's cookies name.
#pragma once

#include <sess/snapshot.hpp>
#include <sess/store.hpp>
#include <sess/web/http_request.hpp>
#include <sess/web/request.hpp>
#include <sess/web/session_cookies.hpp>

#include "demo/site/site_session.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace demo {

/// The ID that the cookie for this kind of session holds, if the store has issued it.
std::optional<sess::SessionId> id_in_cookie(const sess::Store& store, const sess::web::SessionCookies& cookies,
                                            const sess::web::HttpRequest& request, sess::SessionKind kind);

/// Of both cookies, the one of a login first.
std::vector<sess::SessionId> ids_in_cookies(const sess::Store& store, const sess::web::SessionCookies& cookies,
                                            const sess::web::HttpRequest& request);

/// What does not change from one request to the next. All of it outlives the session.
struct LibsessSessionOptions {
  const sess::Store& store;
  const sess::web::SessionCookies& cookies;
  bool tokens = false;                // forms and scripts must send one
  std::string principal_prefix = {};  // before a user's name, in the store
};

class LibsessSession : public SiteSession {
 public:
  LibsessSession(sess::web::Request& request, const LibsessSessionOptions& options)
      : request_(request), options_(options) {}

  std::optional<std::string> user() override;
  void login(const std::string& user) override { request_.authenticate(options_.principal_prefix + user); }
  void logout() override { request_.logout(); }
  std::string lost_login() override;

  std::int64_t number(const std::string& name) override { return values().peek<std::int64_t>(name).value_or(0); }
  void add(const std::string& name, std::int64_t amount) override { values().add(name, amount); }
  void set_text(const std::string& name, const std::string& text) override { values().set(name, text); }
  std::optional<std::string> take_text(const std::string& name) override { return values().take<std::string>(name); }
  void add_to_cart(const std::string& item) override;
  std::map<std::string, std::int64_t> cart() override;

  std::string csrf_token() override { return options_.tokens ? request_.csrf_token() : ""; }
  void add_notice(const std::string& text) override { request_.flash("notice", text); }
  std::vector<std::string> take_notices() override;
  void expire_at_once() override { values().set_idle_timeout(std::chrono::milliseconds(1)); }

 private:
  sess::Editor& values() { return request_.session(); }

  sess::web::Request& request_;
  const LibsessSessionOptions& options_;
};

}  // namespace demo
