// Cookies by RFC 6265bis: reading what a browser sends, writing what it will accept.
//
// Everything here is a pure function of its arguments: no store, no state, nothing blocks.
#pragma once

#include <sess/export.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sess::web {

/// One pair of a Cookie header.
struct Cookie {
  std::string name;
  std::string value;
  friend bool operator==(const Cookie&, const Cookie&) = default;
};

/// The pairs of a Cookie header in the order in which they were sent; cookies of one name (from several paths or
/// domains) are all kept, for the caller to judge. What is malformed is skipped and the rest used: no "=", a name that
/// is empty or no token, control characters, more than 4096 bytes. A pair of quotation marks around a value is removed.
/// Reads at most 64 KiB and 200 pairs. Throws nothing but std::bad_alloc.
SESS_API std::vector<Cookie> parse_cookies(std::string_view header);

/// Where a browser sends a cookie along when another site caused the request.
enum class SameSite : std::uint8_t {
  lax,     // on following a link only
  strict,  // never
  none,    // always; browsers insist on Secure
};

struct CookieAttributes {
  bool http_only = true;  // not for scripts
  bool secure = true;     // over HTTPS only
  SameSite same_site = SameSite::lax;
  std::string path = "/";
  std::string domain = {};  // empty: the host that set it and no other
  /// Whole seconds, 1 s to 400 days (what browsers allow). Without a value: until the browser closes.
  std::optional<std::chrono::seconds> max_age = std::nullopt;
};

/// Throws UsageError for what a browser would reject or misread: a name that is no token; a path or domain with ";",
/// control characters or more than 1024 bytes; a domain that is no host name as browsers compare them; SameSite=None
/// without Secure; Max-Age out of range; `__Secure-` without Secure; `__Host-` without Secure, with a domain, or with a
/// path other than "/". (Prefixes in any letter case.)
SESS_API void check_cookie(std::string_view name, const CookieAttributes& attributes);

/// What follows "Set-Cookie: ". Throws UsageError as check_cookie does, and for a value with anything that is no
/// cookie-octet (space, quotation mark, comma, semicolon, backslash, control, beyond ASCII) or if name and value
/// together exceed 4096 bytes.
SESS_API std::string set_cookie(std::string_view name, std::string_view value, const CookieAttributes& attributes);

/// The same for removing a cookie: no value, Max-Age=0. Path and domain must be those it was set with.
SESS_API std::string delete_cookie(std::string_view name, const CookieAttributes& attributes);

}  // namespace sess::web
