// The two cookies that carry session IDs, configured once per program.
//
// An anonymous session travels in one cookie, an authenticated one in another. So the late response of a request that
// was sent before a login cannot overwrite the cookie of the login, in whatever order responses arrive.
#pragma once

#include <sess/export.hpp>
#include <sess/session_id.hpp>
#include <sess/web/cookie.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace sess::web {

/// What a browser is told to forget of this site (W3C Clear Site Data). Over HTTPS only; elsewhere browsers ignore it.
struct ClearSiteData {
  bool cache = false;    // may take the browser seconds
  bool cookies = false;  // of the whole registered domain, other hosts of it included
  bool storage = false;  // what scripts have stored, service workers too
};

struct SessionCookieOptions {
  std::string anonymous_name = "sid";
  std::string authenticated_name = "sid-auth";
  /// Puts the strongest prefix that the attributes allow before both names: `__Host-` (Secure, Path=/, no Domain), else
  /// `__Secure-` (Secure), else none. A name that has such a prefix already is left as it is, and must fit it.
  bool strongest_prefix = true;
  /// Of both cookies. HttpOnly and Secure by default; a site served over plain HTTP must say `secure = false`, or
  /// browsers will not send the cookies back. Without a Max-Age they last until the browser is
  /// closed; else Max-Age counts from the response that brings the ID (fixed), or from the last renewal (rolling). It
  /// ends no session: that is for the session's own timeouts, and a Max-Age shorter than those only forgets it.
  CookieAttributes attributes = {};
  /// Rolling renewal: a request that renews its session has the cookie's Max-Age counted anew when the last time is at
  /// least so long ago. An authenticated session gets a new ID by that: were the same ID sent again, an answer that
  /// arrives late could put it in the place of a later login's. The ID before leads on to the new one until that comes
  /// back, and StoreOptions::grace longer, so nobody is logged out by an answer that is lost: after the grace time
  /// another one brings the new ID. Until then a login, a regeneration and a logout of others are answered as
  /// superseded (307, and 409 in the end). So the grace time should be longer than an answer can take. An anonymous
  /// session keeps its ID, and costs a commit; an answer that arrives after that of a logout may bring back its cookie,
  /// which then names nothing. Needs a Max-Age that is longer. Nothing: fixed. Requests in Mode::snapshot, those that
  /// do not renew, and those that log others out, renew no cookie.
  std::optional<std::chrono::seconds> renewal_interval = std::nullopt;
  /// Of an anonymous session that is made for a client of which nothing is known, until its ID comes back for the first
  /// time with a request that renews the session: programs that do not keep cookies leave a session behind with each
  /// request. From then on its idle timeout is what it would have been. Nothing: from the start.
  std::optional<std::chrono::milliseconds> first_idle_timeout = std::nullopt;
  /// At logout.
  ClearSiteData clear_site_data = {};
  /// For clients without cookies: the name of the parameter in which addresses of this site carry the ID of an
  /// anonymous session. Empty: none do, which is what the standards ask for (OWASP ASVS 5.0, section 7.2; never an ID
  /// in an address). An address is seen by more eyes than a cookie: it stands in server logs, in the browser's history,
  /// in what people send each other, and in the Referer header (which answers with such links hold back by
  /// Referrer-Policy). Who has it has the session; and who gets somebody to follow a link with an ID of his own sees
  /// what is put into that session, as long as links of it are followed: no cookie is set for that ID. Who comes with
  /// an ID in the address cannot log in (403), and logs out of that session alone; cookies are left as they are,
  /// because a browser holds them back from requests of other sites. So: for carts and language settings, not for
  /// anything secret. Where a client sends a cookie with an ID that was issued here, the parameter means nothing.
  /// Letters, digits, "-", ".", "_" and "~".
  std::string address_parameter = {};
};

/// Checked options: what a browser would reject is an error here and not at the first login. Immutable; may be used by
/// several threads at once.
class SESS_API SessionCookies {
 public:
  /// Throws UsageError as set_cookie does for a value as long as an ID, if both names are the same, for a parameter
  /// with characters that would have to be quoted in an address, for a renewal interval that is not positive and
  /// shorter than Max-Age, and for a first idle timeout that is not positive.
  explicit SessionCookies(const SessionCookieOptions& options = {});

  /// The name with its prefix.
  const std::string& name(SessionKind kind) const noexcept {
    return kind == SessionKind::authenticated ? authenticated_ : anonymous_;
  }
  /// What follows "Set-Cookie: " to hand out this ID; it contains the ID, so never log it.
  std::string set(const SessionId& id) const;
  std::string remove(SessionKind kind) const;
  const std::optional<std::chrono::seconds>& renewal_interval() const noexcept { return renewal_interval_; }
  const std::optional<std::chrono::milliseconds>& first_idle_timeout() const noexcept { return first_idle_timeout_; }
  /// The value of Clear-Site-Data for the answer to a logout; empty: none. Cookies are left where that answer sets one.
  std::string data_to_clear(bool sets_cookie) const;
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
  std::optional<std::chrono::seconds> renewal_interval_;
  std::optional<std::chrono::milliseconds> first_idle_timeout_;
  ClearSiteData clear_site_data_;
};

}  // namespace sess::web
