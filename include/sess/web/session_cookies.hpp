// The two cookies that carry session IDs, configured once per program.
//
// An anonymous session travels in one cookie, an authenticated one in another. So the late response of a request that
// was sent before a login cannot overwrite the cookie of the login, in whatever order responses arrive.
#pragma once

#include <sess/export.hpp>
#include <sess/session_id.hpp>
#include <sess/web/cookie.hpp>

#include <string>

namespace sess::web {

struct SessionCookieOptions {
  std::string anonymous_name = "sid";
  std::string authenticated_name = "sid-auth";
  /// Puts the strongest prefix that the attributes allow before both names: `__Host-` (Secure, Path=/, no Domain), else
  /// `__Secure-` (Secure), else none. A name that has such a prefix already is left as it is, and must fit it.
  bool strongest_prefix = true;
  /// Of both cookies. HttpOnly and Secure by default; a site served over plain HTTP must say `secure = false`, or
  /// browsers will not send the cookies back. Max-Age counts from the response that sets the cookie; using the session
  /// does not renew it.
  CookieAttributes attributes = {};
};

/// Checked options: what a browser would reject is an error here and not at the first login. Immutable; may be used by
/// several threads at once.
class SESS_API SessionCookies {
 public:
  /// Throws UsageError as set_cookie does for a value as long as an ID, and if both names are the same.
  explicit SessionCookies(const SessionCookieOptions& options = {});

  /// The name with its prefix.
  const std::string& name(SessionKind kind) const noexcept {
    return kind == SessionKind::authenticated ? authenticated_ : anonymous_;
  }
  /// What follows "Set-Cookie: " to hand out this ID; it contains the ID, so never log it.
  std::string set(const SessionId& id) const;
  std::string remove(SessionKind kind) const;
  /// The cookie that counts how often a client has been sent to the same address again, because its session's ID was
  /// replaced while the request was under way; for a minute.
  const std::string& repetition_name() const noexcept { return repetition_; }
  std::string set_repetition(int count) const;
  std::string remove_repetition() const;

 private:
  std::string anonymous_;
  std::string authenticated_;
  std::string repetition_;
  CookieAttributes attributes_;
};

}  // namespace sess::web
