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
  /// For clients without cookies: the name of the parameter in which addresses of this site carry the ID of an
  /// anonymous session. Empty: none do, which is what the standards ask for (OWASP ASVS 5.0, section 7.2; never an ID
  /// in an address). An address is seen by more eyes than a cookie: it stands in server logs, in the browser's history,
  /// in what people send each other, and in the Referer header (which answers with such links hold back by
  /// Referrer-Policy). Who has it has the session; and who gets somebody to follow a link with an ID of his own sees
  /// what is put into that session, until the login, which is never carried so: a client without cookies cannot log in.
  /// So: for carts and language settings, not for anything secret. Where a client sends a cookie with an ID that was
  /// issued here, the parameter means nothing. Letters, digits, "-", ".", "_" and "~".
  std::string address_parameter = {};
};

/// Checked options: what a browser would reject is an error here and not at the first login. Immutable; may be used by
/// several threads at once.
class SESS_API SessionCookies {
 public:
  /// Throws UsageError as set_cookie does for a value as long as an ID, if both names are the same, and for a parameter
  /// with characters that would have to be quoted in an address.
  explicit SessionCookies(const SessionCookieOptions& options = {});

  /// The name with its prefix.
  const std::string& name(SessionKind kind) const noexcept {
    return kind == SessionKind::authenticated ? authenticated_ : anonymous_;
  }
  /// What follows "Set-Cookie: " to hand out this ID; it contains the ID, so never log it.
  std::string set(const SessionId& id) const;
  std::string remove(SessionKind kind) const;
  const std::string& address_parameter() const noexcept { return address_parameter_; }
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
  std::string address_parameter_;
};

}  // namespace sess::web
