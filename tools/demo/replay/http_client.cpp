#include "demo/replay/http_client.hpp"

// Debian builds cpp-httplib with this, and the layout of its classes depends on it.
#define CPPHTTPLIB_OPENSSL_SUPPORT
#include <httplib.h>

namespace demo {

void Jar::apply(const std::string& set_cookie) {
  const std::string pair = set_cookie.substr(0, set_cookie.find(';'));
  const auto equals = pair.find('=');
  if (equals == std::string::npos) return;
  if (set_cookie.find("; Max-Age=0") != std::string::npos) {
    cookies_.erase(pair.substr(0, equals));
  } else {
    cookies_[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
}

std::string Jar::header() const {
  std::string header;
  for (const auto& [name, value] : cookies_) header += (header.empty() ? "" : "; ") + name + "=" + value;
  return header;
}

class HttpClient::Connection : public httplib::Client {
 public:
  using httplib::Client::Client;
};

HttpClient::HttpClient(const Address& address) : connection_(std::make_unique<Connection>("127.0.0.1", address.port)) {
  connection_->set_keep_alive(address.keep_alive);
  // Head and body go out in two writes; without this the second waits for the acknowledgement of the first.
  connection_->set_tcp_nodelay(true);
  connection_->set_read_timeout(60, 0);
}

HttpClient::~HttpClient() = default;

Reply HttpClient::ask(const Question& question) {
  httplib::Headers headers;
  if (!question.cookies.empty()) headers.emplace("Cookie", question.cookies);
  if (!question.gate_label.empty()) headers.emplace("X-Gate", question.gate_label);
  const httplib::Result result =
      question.post ? connection_->Post(question.path, headers, question.form, "application/x-www-form-urlencoded")
                    : connection_->Get(question.path, headers);
  Reply reply;
  if (!result) return reply;
  reply.status = result->status;
  reply.body = result->body;
  reply.captcha = result->get_header_value("X-Demo-Captcha");
  const auto [first, last] = result->headers.equal_range("Set-Cookie");
  for (auto line = first; line != last; ++line) reply.set_cookie.push_back(line->second);
  return reply;
}

}  // namespace demo
