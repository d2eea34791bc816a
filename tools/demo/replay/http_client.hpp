// One keep-alive connection to the demo's web server, and a browser's cookies.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace demo {

/// The cookies of a browser that visits one site.
class Jar {
 public:
  /// What a Set-Cookie line asks for.
  void apply(const std::string& set_cookie);
  /// The Cookie header.
  std::string header() const;
  bool empty() const noexcept { return cookies_.empty(); }

 private:
  std::map<std::string, std::string> cookies_;
};

struct Reply {
  int status = 0;  // 0: there was no answer
  std::string body;
  std::vector<std::string> set_cookie;
  std::string captcha;  // the demo's X-Demo-Captcha

  bool ok() const noexcept { return status == 200; }
};

/// What to ask; GET unless there is a form (which may be empty).
struct Question {
  std::string path;
  std::string cookies = {};
  bool post = false;
  std::string form = {};        // already encoded
  std::string gate_label = {};  // the request stops at the gate under this label; empty: it does not stop
};

/// Where the site is.
struct Address {
  int port = 0;
  /// Requests share a connection. Where the server closes those that have been idle for a moment, as Apache does with
  /// the processes that it has too many of, a request that was on its way there has no answer, so a replay has one
  /// connection for each.
  bool keep_alive = true;
};

/// Belongs to one thread at a time.
class HttpClient {
 public:
  explicit HttpClient(const Address& address);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  /// Waits for the answer, a minute at most.
  Reply ask(const Question& question);

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace demo
