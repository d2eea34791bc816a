// What a handler answers. Buffered as a whole: it leaves the program after the session has been committed, or not at
// all.
#pragma once

#include <sess/export.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sess::web {

/// Text that comes from a client stays what it is: write it through escape_html where it is to be shown.
SESS_API std::string escape_html(std::string_view text);

class SESS_API Response {
 public:
  Response() = default;

  /// 200 to 599; 200 unless set. Throws UsageError for another number.
  void status(int code);
  int status() const noexcept { return status_; }
  /// Sets a header, in place of an earlier one of that name. Throws UsageError for a name that is no token, for a value
  /// with control characters (nobody can smuggle in a header of his own through a value), and for Status,
  /// Content-Length, Transfer-Encoding and Connection, which are not the handler's.
  void header(std::string_view name, std::string_view value);
  /// The same, beside an earlier one.
  void add_header(std::string_view name, std::string_view value);
  /// The default is text/html; charset=utf-8.
  void content_type(std::string_view type) { header("Content-Type", type); }
  /// Sends the client elsewhere and forgets the body. 303: it fetches `location` with GET. Throws UsageError as header
  /// does, and for a status that is no redirection.
  void redirect(std::string_view location, int code = 303);

  Response& operator<<(std::string_view text) {
    body_ += text;
    return *this;
  }
  Response& operator<<(const char* text) { return *this << std::string_view(text); }
  Response& operator<<(const std::string& text) { return *this << std::string_view(text); }
  Response& operator<<(char character) {
    body_ += character;
    return *this;
  }
  Response& operator<<(bool value) { return *this << (value ? "true" : "false"); }
  /// A number in decimal.
  template <std::integral T>
  Response& operator<<(T number) {
    return *this << std::to_string(number);
  }
  /// As few digits as name this number and no other.
  Response& operator<<(double number);
  Response& operator<<(const void*) = delete;  // an address is never meant

  const std::string& body() const noexcept { return body_; }
  /// Forgets status, headers and body.
  void clear();

  /// Applies `change` to the body and to the value of every header; for what completes a response after its handler
  /// (RequestSession::complete). It must leave no control characters in them.
  void transform(const std::function<void(std::string&)>& change);

  /// What follows "Set-Cookie: ". Such a response must not be cached, and render() sees to that.
  void add_cookie(std::string_view set_cookie) { add_header("Set-Cookie", set_cookie); }
  /// The response as CGI wants it: Status, headers, empty line, body. With a Set-Cookie it says Cache-Control:
  /// no-store, whatever the handler said. `with_body` is false for HEAD.
  std::string render(bool with_body = true) const;

 private:
  int status_ = 200;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::string body_;
};

}  // namespace sess::web
