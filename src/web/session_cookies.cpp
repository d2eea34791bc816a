#include <sess/error.hpp>
#include <sess/web/session_cookies.hpp>

#include "web/text.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

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
      repetition_(anonymous_ + "-again"),
      attributes_(options.attributes),
      address_parameter_(options.address_parameter),
      renewal_interval_(options.renewal_interval),
      first_idle_timeout_(options.first_idle_timeout),
      clear_site_data_(options.clear_site_data) {
  if (renewal_interval_ && (renewal_interval_->count() <= 0 || !attributes_.max_age))
    throw UsageError("renew cookies: the interval is not positive, or the cookies have no Max-Age");
  if (renewal_interval_ && *renewal_interval_ >= *attributes_.max_age)
    throw UsageError("renew cookies: the interval is not shorter than Max-Age: they would be gone before it is over");
  if (first_idle_timeout_ && first_idle_timeout_->count() <= 0)
    throw UsageError("first idle timeout of a session: it must be positive");
  // With a value as long as an ID is: after a commit is too late to find that the cookie cannot be set.
  const std::string value(SessionId::text_size, 'x');
  static_cast<void>(set_cookie(anonymous_, value, attributes_));
  static_cast<void>(set_cookie(authenticated_, value, attributes_));
  static_cast<void>(set_cookie(repetition_, value, attributes_));
  if (authenticated_ == repetition_)
    throw UsageError("set cookie '" + authenticated_ + "': this name is the library's own; choose another");
  if (anonymous_ == authenticated_)
    throw UsageError("set cookie '" + anonymous_ + "': anonymous and authenticated sessions need cookies of two names");
  // RFC 3986, section 2.3: these never need quoting.
  const auto is_unreserved = [](char c) {
    return detail::is_letter(c) || detail::is_digit(c) || std::string_view("-._~").find(c) != std::string_view::npos;
  };
  if (!std::ranges::all_of(address_parameter_, is_unreserved))
    throw UsageError(
        "carry session IDs in addresses: the parameter's name has a character that is none of letters, "
        "digits, '-', '.', '_' and '~'");
}

std::string SessionCookies::set(const SessionId& id) const {
  return set_cookie(name(id.kind()), id.reveal(), attributes_);
}

std::string SessionCookies::remove(SessionKind kind) const { return delete_cookie(name(kind), attributes_); }

std::string SessionCookies::data_to_clear(bool sets_cookie) const {
  std::string value;
  const auto add = [&value](std::string_view type) {
    value.append(value.empty() ? "\"" : ", \"").append(type).append("\"");
  };
  if (clear_site_data_.cache) add("cache");
  if (clear_site_data_.cookies && !sets_cookie) add("cookies");
  if (clear_site_data_.storage) add("storage");
  return value;
}

std::string SessionCookies::set_repetition(int count) const {
  CookieAttributes attributes = attributes_;
  attributes.max_age = std::chrono::minutes(1);
  return set_cookie(repetition_, std::to_string(count), attributes);
}

std::string SessionCookies::remove_repetition() const { return delete_cookie(repetition_, attributes_); }

}  // namespace sess::web
