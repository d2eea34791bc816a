// What the demo site asks of a session. The site is written against this alone; libsess_session.cpp and
// naive_site.cpp answer it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace demo {

class SiteSession {
 public:
  SiteSession() = default;
  SiteSession(const SiteSession&) = delete;
  SiteSession& operator=(const SiteSession&) = delete;
  virtual ~SiteSession() = default;

  virtual std::optional<std::string> user() = 0;
  virtual void login(const std::string& user) = 0;
  virtual void logout() = 0;
  /// What has become of the login that the browser still has a cookie of: "expired", or "ended" where nothing is left
  /// of it. Empty: nothing is known of such a one.
  virtual std::string lost_login() { return {}; }

  virtual std::int64_t number(const std::string& name) = 0;  // 0 where there is none
  virtual void add(const std::string& name, std::int64_t amount) = 0;
  virtual void set_text(const std::string& name, const std::string& text) = 0;
  virtual std::optional<std::string> take_text(const std::string& name) = 0;  // reads and removes
  virtual void add_to_cart(const std::string& item) = 0;
  virtual std::map<std::string, std::int64_t> cart() = 0;

  /// What forms and scripts send back (X-CSRF-Token); empty: this site does not ask for it.
  virtual std::string csrf_token() { return {}; }
  /// Is shown once.
  virtual void add_notice(const std::string& text) = 0;
  virtual std::vector<std::string> take_notices() = 0;
  /// Demo only: the session expires one millisecond from now, so that a replay need not wait for half an hour.
  virtual void expire_at_once() = 0;
};

}  // namespace demo
