#include <sess/error.hpp>
#include <sess/web/session_cookies.hpp>

#include "web/text.hpp"

namespace sess::web {

namespace {

std::string prefixed(const SessionCookieOptions& options, const std::string& name) {
  const CookieAttributes& attributes = options.attributes;
  if (!options.strongest_prefix || !attributes.secure) return name;
  if (detail::starts_ignoring_case(name, "__Host-") || detail::starts_ignoring_case(name, "__Secure-")) return name;
  return (attributes.domain.empty() && attributes.path == "/" ? "__Host-" : "__Secure-") + name;
}

}  // namespace

SessionCookies::SessionCookies(const SessionCookieOptions& options)
    : anonymous_(prefixed(options, options.anonymous_name)),
      authenticated_(prefixed(options, options.authenticated_name)),
      attributes_(options.attributes) {
  // With a value as long as an ID is: after a commit is too late to find that the cookie cannot be set.
  const std::string value(SessionId::text_size, 'x');
  static_cast<void>(set_cookie(anonymous_, value, attributes_));
  static_cast<void>(set_cookie(authenticated_, value, attributes_));
  if (anonymous_ == authenticated_)
    throw UsageError("set cookie '" + anonymous_ + "': anonymous and authenticated sessions need cookies of two names");
}

std::string SessionCookies::set(const SessionId& id) const {
  return set_cookie(name(id.kind()), id.reveal(), attributes_);
}

std::string SessionCookies::remove(SessionKind kind) const { return delete_cookie(name(kind), attributes_); }

}  // namespace sess::web
