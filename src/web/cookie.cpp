#include <fmt/format.h>

#include <sess/error.hpp>
#include <sess/web/cookie.hpp>

#include "web/text.hpp"

namespace sess::web {

namespace {

constexpr std::size_t header_limit = std::size_t{64} << 10;  // bytes of a Cookie header that are looked at
constexpr std::size_t count_limit = 200;                     // pairs; browsers send at most 180 to a host
constexpr std::size_t pair_limit = 4096;                     // name and value; RFC 6265bis, section 5.6
constexpr std::size_t attribute_limit = 1024;                // an attribute's value; same place
constexpr std::chrono::seconds longest_age = std::chrono::hours(400 * 24);

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<Cookie> parse_pair(std::string_view piece) {
  const auto equals = piece.find('=');
  if (equals == std::string_view::npos || piece.size() > pair_limit) return std::nullopt;
  const std::string_view name = trimmed(piece.substr(0, equals));
  std::string_view value = trimmed(piece.substr(equals + 1));
  if (!detail::is_token(name) || detail::has_control(value)) return std::nullopt;
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  return Cookie{std::string(name), std::string(value)};
}

bool is_cookie_octet(char c) { return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\'; }

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
  // A name may be hostile as well; it is shown only if it is harmless.
  throw UsageError(fmt::format("set cookie '{}': {}", detail::has_control(name) ? "?" : name, why));
}

void check_attribute(std::string_view name, std::string_view attribute, std::string_view value) {
  if (value.size() > attribute_limit)
    refuse(name, fmt::format("{} is longer than {} bytes", attribute, attribute_limit));
  if (detail::has_control(value) || value.find(';') != std::string_view::npos)
    refuse(name, fmt::format("{} has a semicolon or a control character", attribute));
}

bool is_domain(std::string_view domain) {
  if (domain.front() == '-' || domain.front() == '.') return false;
  // No host's name, as browsers compare it, ends in a dot or has two in a row.
  if (domain.back() == '.' || domain.find("..") != std::string_view::npos) return false;
  return std::all_of(domain.begin(), domain.end(),
                     [](char c) { return detail::is_letter(c) || detail::is_digit(c) || c == '-' || c == '.'; });
}

std::string_view to_string(SameSite same_site) {
  switch (same_site) {
    case SameSite::strict:
      return "Strict";
    case SameSite::none:
      return "None";
    case SameSite::lax:
      break;
  }
  return "Lax";
}

std::string line(std::string_view name, std::string_view value, const CookieAttributes& attributes,
                 std::optional<std::chrono::seconds> max_age) {
  std::string text = fmt::format("{}={}; Path={}", name, value, attributes.path);
  if (!attributes.domain.empty()) text += fmt::format("; Domain={}", attributes.domain);
  if (max_age) text += fmt::format("; Max-Age={}", max_age->count());
  if (attributes.secure) text += "; Secure";
  if (attributes.http_only) text += "; HttpOnly";
  text += fmt::format("; SameSite={}", to_string(attributes.same_site));
  return text;
}

}  // namespace

std::vector<Cookie> parse_cookies(std::string_view header) {
  std::vector<Cookie> cookies;
  const bool cut = header.size() > header_limit;
  header = header.substr(0, header_limit);
  while (cookies.size() < count_limit) {
    const auto end = header.find(';');
    // What the limit has cut in two is not a pair that anybody sent.
    if (end == std::string_view::npos && cut) break;
    if (auto cookie = parse_pair(header.substr(0, end))) cookies.push_back(*std::move(cookie));
    if (end == std::string_view::npos) break;
    header.remove_prefix(end + 1);
  }
  return cookies;
}

void check_cookie(std::string_view name, const CookieAttributes& attributes) {
  if (!detail::is_token(name)) refuse(name, "the name is not a token");
  check_attribute(name, "Path", attributes.path);
  if (attributes.path.empty() || attributes.path.front() != '/') refuse(name, "Path does not begin with '/'");
  check_attribute(name, "Domain", attributes.domain);
  if (!attributes.domain.empty() && !is_domain(attributes.domain)) refuse(name, "Domain is not a host name");
  if (attributes.max_age && (attributes.max_age->count() < 1 || *attributes.max_age > longest_age))
    refuse(name, "Max-Age is not between 1 s and 400 days");
  if (attributes.same_site == SameSite::none && !attributes.secure) refuse(name, "SameSite=None without Secure");
  if (detail::starts_ignoring_case(name, "__Secure-") && !attributes.secure) refuse(name, "__Secure- without Secure");
  if (detail::starts_ignoring_case(name, "__Host-")) {
    if (!attributes.secure) refuse(name, "__Host- without Secure");
    if (!attributes.domain.empty()) refuse(name, "__Host- with a Domain");
    if (attributes.path != "/") refuse(name, "__Host- with a Path other than '/'");
  }
}

std::string set_cookie(std::string_view name, std::string_view value, const CookieAttributes& attributes) {
  check_cookie(name, attributes);
  if (!std::all_of(value.begin(), value.end(), is_cookie_octet))
    refuse(name, "the value has a character that no cookie may");
  if (name.size() + value.size() > pair_limit)
    refuse(name, fmt::format("name and value together are longer than {} bytes", pair_limit));
  return line(name, value, attributes, attributes.max_age);
}

std::string delete_cookie(std::string_view name, const CookieAttributes& attributes) {
  check_cookie(name, attributes);
  return line(name, "", attributes, std::chrono::seconds(0));
}

}  // namespace sess::web
