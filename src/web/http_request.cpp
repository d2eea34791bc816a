#include <sess/web/http_request.hpp>

#include "web/text.hpp"

#include <algorithm>

namespace sess::web {

namespace {

constexpr std::size_t parameter_limit = 1000;

/// As a form's parts are: "+" is a space.
std::string form_decoded(std::string_view text) {
  std::string plain(text);
  std::ranges::replace(plain, '+', ' ');
  return detail::percent_decoded(plain);
}

std::optional<std::string> first_of(const Parameters& parameters, std::string_view name) {
  for (const auto& [known, value] : parameters)
    if (known == name) return value;
  return std::nullopt;
}

bool is_form(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
  return detail::equal_ignoring_case(type, "application/x-www-form-urlencoded");
}

/// A path's own characters as they are, all others percent-encoded (RFC 3986, section 3.3).
std::string encoded(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view own = "/-._~!$&'()*+,;=:@";
  std::string text;
  for (const char c : path) {
    if (detail::is_letter(c) || detail::is_digit(c) || own.find(c) != std::string_view::npos) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return text;
}

}  // namespace

Parameters parse_urlencoded(std::string_view text) {
  Parameters parameters;
  while (!text.empty() && parameters.size() < parameter_limit) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    if (!pair.empty()) {
      const auto equals = pair.find('=');
      const std::string_view value = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
      parameters.emplace_back(form_decoded(pair.substr(0, equals)), form_decoded(value));
    }
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parameters;
}

HttpRequest::HttpRequest(Environment environment, std::string body)
    : environment_(std::move(environment)), body_(std::move(body)) {
  const auto variable = [this](const char* name) { return environment_(name).value_or(""); };
  method_ = variable("REQUEST_METHOD");
  if (method_.empty()) method_ = "GET";
  path_ = variable("PATH_INFO");
  if (path_.empty() || path_.front() != '/') path_.insert(path_.begin(), '/');
  script_ = variable("SCRIPT_NAME");
  while (!script_.empty() && script_.back() == '/') script_.pop_back();
  // One "/" before it: with none a link would be a relative one or a scheme, with two it would lead to another host.
  script_.erase(0, std::min(script_.find_first_not_of("/\\"), script_.size()));
  if (!script_.empty()) script_.insert(script_.begin(), '/');
  remote_address_ = variable("REMOTE_ADDR");
  const std::string https = variable("HTTPS");
  secure_ = !https.empty() && !detail::equal_ignoring_case(https, "off");
  cookies_ = parse_cookies(variable("HTTP_COOKIE"));
  query_ = parse_urlencoded(variable("QUERY_STRING"));
  if (is_form(variable("CONTENT_TYPE"))) form_ = parse_urlencoded(body_);
}

HttpRequest::~HttpRequest() = default;

std::string HttpRequest::address() const {
  std::string address = environment_("REQUEST_URI").value_or("");
  if (address.empty() || address.front() != '/' || detail::has_control(address)) {
    address = encoded(script_ + path_);
    if (const std::string query = environment_("QUERY_STRING").value_or("");
        !query.empty() && !detail::has_control(query))
      address += "?" + query;
  }
  // "//name" would be an address on another host (RFC 3986, section 4.2); a browser takes "/." before it for nothing
  // (WHATWG URL, section 4.4). So it does a backslash for a slash.
  if (address.size() > 1 && (address[1] == '/' || address[1] == '\\')) address.insert(0, "/.");
  return address;
}

std::optional<std::string> HttpRequest::header(std::string_view name) const {
  if (!detail::is_token(name)) return std::nullopt;
  return environment_(detail::variable_of_header(name));
}

std::optional<std::string> HttpRequest::cookie(std::string_view name) const {
  for (const Cookie& cookie : cookies_)
    if (cookie.name == name) return cookie.value;
  return std::nullopt;
}

std::optional<std::string> HttpRequest::query(std::string_view name) const { return first_of(query_, name); }

std::optional<std::string> HttpRequest::form(std::string_view name) const { return first_of(form_, name); }

}  // namespace sess::web
