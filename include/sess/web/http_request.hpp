// What a client asked for: the request without its session.
#pragma once

#include <sess/export.hpp>
#include <sess/web/cookie.hpp>
#include <sess/web/environment.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sess::web {

/// Decodes application/x-www-form-urlencoded (WHATWG URL, section 5.1). "%" without two hexadecimal digits stands for
/// itself. At most 1000 pairs; the rest is ignored. The bytes are what the client sent: nothing says that they are
/// UTF-8.
SESS_API Parameters parse_urlencoded(std::string_view text);

/// Immutable. Where a name occurs more than once, the first one is answered; the whole list is there too.
class SESS_API HttpRequest {
 public:
  explicit HttpRequest(Environment environment, std::string body = {});
  HttpRequest(const HttpRequest&) = default;
  HttpRequest(HttpRequest&&) noexcept = default;
  HttpRequest& operator=(const HttpRequest&) = default;
  HttpRequest& operator=(HttpRequest&&) noexcept = default;
  virtual ~HttpRequest();

  const std::string& method() const noexcept { return method_; }
  /// Below the program's own address, as PATH_INFO says; begins with "/".
  const std::string& path() const noexcept { return path_; }
  /// The program's own address, as SCRIPT_NAME says: empty, or begins with "/". Put it before paths in links.
  const std::string& script() const noexcept { return script_; }
  /// The client, or the last proxy before the server; empty if the server does not say.
  const std::string& remote_address() const noexcept { return remote_address_; }
  /// Path and query as the client sent them, for sending it there again: begins with one "/", and never leads to
  /// another host. The server's REQUEST_URI, or else made of the parts.
  std::string address() const;
  /// True if the server says that the request came over HTTPS.
  bool secure() const noexcept { return secure_; }

  /// A header of the request, its name in any letter case.
  std::optional<std::string> header(std::string_view name) const;
  std::optional<std::string> cookie(std::string_view name) const;
  const std::vector<Cookie>& cookies() const noexcept { return cookies_; }

  /// A parameter of the address.
  std::optional<std::string> query(std::string_view name) const;
  const Parameters& query_parameters() const noexcept { return query_; }
  /// A parameter of the body, if that is application/x-www-form-urlencoded.
  std::optional<std::string> form(std::string_view name) const;
  const Parameters& form_parameters() const noexcept { return form_; }
  const std::string& body() const noexcept { return body_; }

 private:
  Environment environment_;
  std::string method_;
  std::string path_;
  std::string script_;
  std::string remote_address_;
  std::string body_;
  std::vector<Cookie> cookies_;
  Parameters query_;
  Parameters form_;
  bool secure_ = false;
};

}  // namespace sess::web
