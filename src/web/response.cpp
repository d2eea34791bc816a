#include <fmt/format.h>

#include <sess/error.hpp>
#include <sess/web/response.hpp>

#include "web/text.hpp"

namespace sess::web {

namespace {

std::string_view reason(int code) {
  switch (code) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";  // a phrase is optional, but servers differ in what they make of none
  }
}

void check_header(std::string_view name, std::string_view value) {
  if (!detail::is_token(name)) throw UsageError("set response header: the name is not a token");
  for (const std::string_view mine : {"Status", "Content-Length", "Transfer-Encoding", "Connection"})
    if (detail::equal_ignoring_case(name, mine))
      throw UsageError(fmt::format("set response header '{}': it is not the handler's to set", name));
  // A tab is the one control character that a header may have; nobody needs it.
  if (detail::has_control(value))
    throw UsageError(fmt::format("set response header '{}': the value has a control character", name));
}

/// By RFC 9110, section 6.4.1, these never have a body.
bool never_has_body(int code) { return code == 204 || code == 304; }

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

void Response::status(int code) {
  if (code < 200 || code > 599) throw UsageError(fmt::format("set response status {}: not from 200 to 599", code));
  status_ = code;
}

void Response::header(std::string_view name, std::string_view value) {
  check_header(name, value);
  std::erase_if(headers_, [&](const auto& header) { return detail::equal_ignoring_case(header.first, name); });
  headers_.emplace_back(name, value);
}

void Response::add_header(std::string_view name, std::string_view value) {
  check_header(name, value);
  headers_.emplace_back(name, value);
}

void Response::redirect(std::string_view location, int code) {
  if (code != 301 && code != 302 && code != 303 && code != 307 && code != 308)
    throw UsageError(fmt::format("redirect with status {}: that is no redirection", code));
  header("Location", location);
  status_ = code;
  body_.clear();
}

Response& Response::operator<<(double number) { return *this << fmt::format("{}", number); }

void Response::transform(const std::function<void(std::string&)>& change) {
  change(body_);
  for (auto& [name, value] : headers_) change(value);
}

void Response::clear() { *this = Response(); }

std::string Response::render(bool with_body) const {
  const auto has = [this](std::string_view name) {
    return std::any_of(headers_.begin(), headers_.end(),
                       [&](const auto& header) { return detail::equal_ignoring_case(header.first, name); });
  };
  const bool no_store = has("Set-Cookie");
  std::string text = fmt::format("Status: {} {}\r\n", status_, reason(status_));
  if (!has("Content-Type") && !never_has_body(status_)) text += "Content-Type: text/html; charset=utf-8\r\n";
  for (const auto& [name, value] : headers_)
    if (!no_store || !detail::equal_ignoring_case(name, "Cache-Control"))
      text += fmt::format("{}: {}\r\n", name, value);
  if (no_store) text += "Cache-Control: no-store\r\n";
  if (!never_has_body(status_)) text += fmt::format("Content-Length: {}\r\n", body_.size());
  text += "\r\n";
  if (with_body && !never_has_body(status_)) text += body_;
  return text;
}

}  // namespace sess::web
