// Web programs by the C interface: a C handler in a FastCGI program, asked over a socket as a web server asks.
#include <doctest/doctest.h>
#include <fcgiapp.h>
#include <sess/fcgi.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "capi/c_store.hpp"
#include "support/fastcgi_client.hpp"
#include "support/processes.hpp"

namespace sess::test {
namespace {

using Variables = std::map<std::string, std::string>;
using Set = std::function<void(sess_run_options&, sess_fcgi_options&)>;

sess_fcgi_stop* stop_of_program = nullptr;

/// A FastCGI program with the handler `answer`.
class Program {
 public:
  explicit Program(
      sess_handler answer, void* data = nullptr, const Set& set = [](auto&, auto&) {}, void (*sigterm)(int) = SIG_DFL)
      : path_(directory_ / "socket") {
    const int socket = FCGX_OpenSocket(path_.c_str(), 16);
    if (socket < 0) throw std::runtime_error("cannot listen at " + path_);
    child_.emplace([&] {
      struct sigaction action {};
      action.sa_handler = sigterm;  // without SA_RESTART: it interrupts the wait for a request
      ::sigaction(SIGTERM, &action, nullptr);
      sess_store* own = nullptr;
      sess_cookie_options cookies;
      sess_run_options options;
      sess_fcgi_options how;
      if (sess_open(store_.path().c_str(), nullptr, &own) != SESS_OK ||
          sess_cookie_options_init(&cookies, sizeof cookies) != SESS_OK ||
          sess_run_options_init(&options, sizeof options) != SESS_OK ||
          sess_fcgi_options_init(&how, sizeof how) != SESS_OK)
        throw std::runtime_error(sess_error_message());
      cookies.secure = 0;
      options.cookies = &cookies;
      how.socket = socket;
      set(options, how);
      if (sess_fcgi_run(own, answer, data, &options, &how) != SESS_OK) throw std::runtime_error(sess_error_message());
      sess_close(own);
    });
    ::close(socket);
  }

  std::string ask(Variables variables, const std::string& body = {}) {
    if (!cookie.empty()) variables.emplace("HTTP_COOKIE", cookie);
    if (!body.empty()) {
      variables.emplace("CONTENT_LENGTH", std::to_string(body.size()));
      variables.emplace("CONTENT_TYPE", "application/x-www-form-urlencoded");
    }
    FastcgiClient client(path_);
    client.send(variables, body);
    const std::string answer = client.receive();
    const auto at = answer.find("Set-Cookie: ");
    if (at != std::string::npos) cookie = answer.substr(at + 12, answer.find(';', at) - at - 12);
    return answer;
  }
  const std::string& path() const { return path_; }
  const TemporaryDirectory& directory() const { return directory_; }
  const CStore& store() const { return store_; }
  Child& child() { return *child_; }

  std::string cookie = {};  // of the one browser

 private:
  TemporaryDirectory directory_;
  std::string path_;
  CStore store_;
  std::optional<Child> child_;
};

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

int count(sess_request* request, sess_response* response, void*) {
  std::int64_t visits = 0;
  int status = sess_add_integer(sess_request_editor(request), "visits", 1);
  if (status == SESS_OK) status = sess_value_integer(sess_peek(sess_request_editor(request), "visits"), &visits);
  return status == SESS_OK ? sess_response_printf(response, "visits: %d", static_cast<int>(visits)) : status;
}

TEST_CASE("a FastCGI program in C keeps a session from one request to the next") {
  Program program(count);
  CHECK(body_of(program.ask({})) == "visits: 1");
  CHECK(program.cookie.starts_with("sid="));
  CHECK(body_of(program.ask({})) == "visits: 2");
  CHECK(program.store().integer(program.cookie.substr(4), "visits") == 2);
}

TEST_CASE("a handler in C is told what the client has sent, and answers with status, headers and escaped text") {
  Program program([](sess_request* request, sess_response* response, void*) {
    const char* header = nullptr;
    const char* none = "x";
    std::size_t size = 0;
    sess_response_status(response, 418);
    sess_response_header(response, "X-Agent",
                         sess_http_header(request, "user-agent", &header) == SESS_OK ? header : "none");
    const std::string all = std::string(sess_http_method(request)) + ' ' + sess_http_script(request) + '|' +
                            sess_http_path(request) + '|' + sess_http_remote_address(request) + '|' +
                            std::to_string(sess_http_secure(request)) + '|' + sess_http_query(request, "q") + '|' +
                            sess_http_form(request, "name") + '|' + sess_http_cookie(request, "other") + '|' +
                            std::string(sess_http_body(request, &size)) + '|';
    if (sess_http_header(request, "x-none", &none) != SESS_ABSENT || none != nullptr) return 1;
    if (sess_http_query(request, "none") != nullptr || size != 10) return 1;
    if (sess_request_start(request, SESS_MERGE) != SESS_ERROR_USAGE) return 1;
    if (sess_request_finish(request) != SESS_ERROR_USAGE) return 1;
    sess_request_free(request);  // the runner's: nothing happens
    sess_response_write(response, all.data(), all.size());
    sess_response_escaped(response, "<&>");
    if (sess_response_header(response, "X", "a\nb") != SESS_ERROR_USAGE) return 1;
    if (sess_response_header(response, "Status", "200") != SESS_ERROR_USAGE) return 1;
    if (sess_response_status(response, 99) != SESS_ERROR_USAGE) return 1;
    return 0;
  });
  const std::string answer = program.ask({{"REQUEST_METHOD", "POST"},
                                          {"SCRIPT_NAME", "/site"},
                                          {"PATH_INFO", "/page"},
                                          {"QUERY_STRING", "q=a%20b"},
                                          {"REMOTE_ADDR", "::1"},
                                          {"HTTPS", "on"},
                                          {"HTTP_USER_AGENT", "test"},
                                          {"HTTP_COOKIE", "other=7"}},
                                         "name=a%26b");
  CHECK(answer.starts_with("Status: 418"));
  CHECK(answer.find("X-Agent: test\r\n") != std::string::npos);
  CHECK(body_of(answer) == "POST /site|/page|::1|1|a b|a&b|7|name=a%26b|&lt;&amp;&gt;");
}

TEST_CASE("a handler in C reads names that repeat, and answers with headers that do") {
  Program program(
      [](sess_request* request, sess_response* response, void*) {
        const char* name = nullptr;
        const char* value = nullptr;
        const char* address = nullptr;
        for (std::size_t i = 0; sess_http_query_at(request, i, &name, &value) == SESS_OK; ++i)
          sess_response_printf(response, "%s=%s;", name, value);
        if (name != nullptr || value != nullptr) return 1;
        for (std::size_t i = 0; sess_http_form_at(request, i, &name, &value) == SESS_OK; ++i)
          sess_response_printf(response, "%s:%s;", name, value);
        if (sess_http_address(request, &address) != SESS_OK) return 1;
        sess_response_printf(response, "%s", address);
        if (sess_response_add_header(response, "Set-Cookie", "one=1") != SESS_OK) return 1;
        if (sess_response_add_header(response, "X", "a\nb") != SESS_ERROR_USAGE) return 1;
        return sess_response_add_header(response, "Set-Cookie", "two=2");
      },
      nullptr,
      [](sess_run_options& options, sess_fcgi_options&) {
        // Headers are there before the session is.
        options.access = [](const sess_request* request, void*) -> int {
          const char* agent = nullptr;
          return sess_http_header(request, "User-Agent", &agent) == SESS_OK ? SESS_NO_SESSION : 77;
        };
      });
  const std::string answer = program.ask({{"REQUEST_METHOD", "POST"},
                                          {"HTTP_USER_AGENT", "test"},
                                          {"REQUEST_URI", "/x?q=1&q=2"},
                                          {"QUERY_STRING", "q=1&q=2"}},
                                         "f=3&f=4");
  CHECK(body_of(answer) == "q=1;q=2;f:3;f:4;/x?q=1&q=2");
  CHECK(answer.find("Set-Cookie: one=1\r\n") != std::string::npos);
  CHECK(answer.find("Set-Cookie: two=2\r\n") != std::string::npos);
}

TEST_CASE("a handler in C checks the token of a form, and of a script's header") {
  Program program([](sess_request* request, sess_response* response, void*) {
    const char* token = nullptr;
    if (sess_csrf_token(request, &token) != SESS_OK) return 1;
    return sess_response_printf(response, "%d %s", sess_http_csrf_check(request), token);
  });
  const std::string token = body_of(program.ask({})).substr(2);
  REQUIRE(token.size() == 86);
  CHECK(body_of(program.ask({})).starts_with("0 "));
  CHECK(body_of(program.ask({{"REQUEST_METHOD", "POST"}}, SESS_CSRF_PARAMETER "=" + token)).starts_with("1 "));
  CHECK(body_of(program.ask({{"HTTP_X_CSRF_TOKEN", token}})).starts_with("1 "));
  CHECK(body_of(program.ask({{"HTTP_X_CSRF_TOKEN", "no"}})).starts_with("0 "));
}

TEST_CASE("a handler in C that answers an error has written nothing, and somebody is told why") {
  struct Log {
    std::string path;
  } log;
  const TemporaryDirectory directory;
  log.path = directory / "log";
  const auto handler = [](sess_request* request, sess_response* response, void*) {
    sess_response_printf(response, "secret");
    int status = sess_set_string(sess_request_editor(request), "text", "x");
    if (status == SESS_OK && std::string(sess_http_path(request)) == "/type")
      return sess_add_integer(sess_request_editor(request), "text", 1);
    if (std::string(sess_http_path(request)) == "/own") return static_cast<int>(SESS_ERROR_USAGE);
    return static_cast<int>(SESS_ROLLED_BACK);
  };
  const auto on_error = [](int status, const char* message, void* data) {
    std::ofstream(static_cast<Log*>(data)->path, std::ios::app) << status << ": " << message << '\n';
  };
  Program program(handler, nullptr, [&](sess_run_options& options, sess_fcgi_options&) {
    options.on_error = on_error;
    options.data = &log;
  });
  for (const char* path : {"/type", "/other", "/own"}) {
    const std::string answer = program.ask({{"PATH_INFO", path}});
    CHECK(answer.starts_with("Status: 500"));
    CHECK(answer.find("secret") == std::string::npos);
    CHECK(program.cookie.empty());
  }
  std::ifstream in(log.path);
  std::string line;
  REQUIRE(std::getline(in, line));
  CHECK(line == "-6: the handler answered type mismatch: value \"text\": wanted integer, found string");
  REQUIRE(std::getline(in, line));
  CHECK(line == "10: the handler answered rolled back");
  REQUIRE(std::getline(in, line));
  CHECK(line == "-1: the handler answered usage error");  // and not what another request's error said
}

TEST_CASE("how a request of a program in C uses its session is decided by its address") {
  const auto handler = [](sess_request* request, sess_response* response, void*) {
    sess_editor* const editor = sess_request_editor(request);
    if (std::string(sess_http_path(request)) == "/none") {
      if (editor != nullptr || sess_request_exists(request) != 0 || sess_request_principal(request) != nullptr)
        return 1;
      return sess_authenticate(request, "ann") == SESS_ERROR_USAGE ? sess_response_printf(response, "none") : 1;
    }
    std::int64_t n = 0;
    static_cast<void>(sess_get_integer(editor, "n", &n));
    // In merge mode the conflict has this handler run again, and what it writes here is the other's change.
    const int status = sess_set_integer(editor, "n", n + 1);
    return status == SESS_OK ? sess_response_printf(response, "%d", static_cast<int>(n + 1)) : status;
  };
  const auto access = [](const sess_request* request, void*) -> int {
    const std::string path = sess_http_path(request);
    if (path == "/none") return SESS_NO_SESSION;
    if (path == "/wrong") return 77;
    return path == "/read" ? SESS_SNAPSHOT : path == "/locked" ? SESS_LOCKED : SESS_MERGE;
  };
  Program program(handler, nullptr, [&](sess_run_options& options, sess_fcgi_options&) { options.access = access; });
  CHECK(body_of(program.ask({{"PATH_INFO", "/none"}})) == "none");
  CHECK(program.cookie.empty());
  CHECK(body_of(program.ask({})) == "1");
  CHECK(body_of(program.ask({{"PATH_INFO", "/locked"}})) == "2");
  CHECK(program.ask({{"PATH_INFO", "/read"}}).starts_with("Status: 500"));
  CHECK(program.ask({{"PATH_INFO", "/wrong"}}).starts_with("Status: 500"));
  CHECK(program.store().integer(program.cookie.substr(4), "n") == 2);
}

TEST_CASE("a flash value of a program in C is shown once, and a form is fit for being sent") {
  const auto handler = [](sess_request* request, sess_response* response, void*) {
    if (std::string(sess_http_method(request)) == "POST") {
      int status = sess_flash(request, "notice", "Saved.");
      if (status == SESS_OK) status = sess_flash(request, "notice", "Sent.");
      return status == SESS_OK ? sess_response_redirect(response, "/") : status;
    }
    const sess_value* notices = nullptr;
    const int taken = sess_take_flash(request, "notice", &notices);
    if (taken != SESS_OK && (taken != SESS_ABSENT || notices != nullptr)) return 1;
    for (std::size_t i = 0; i < sess_value_count(notices); ++i) {
      const char* text = nullptr;
      if (sess_value_string(sess_value_at(notices, i, nullptr), &text, nullptr) != SESS_OK) return 1;
      sess_response_printf(response, "%s;", text);
    }
    const char* field = nullptr;
    const char* link = nullptr;
    if (sess_csrf_field(request, &field) != SESS_OK || sess_link(request, "/", &link) != SESS_OK) return 1;
    return sess_response_printf(response, "[%s%s]", field, link);  // both are good
  };
  Program program(handler, nullptr,
                  [](sess_run_options& options, sess_fcgi_options&) { options.check_csrf_token = 1; });
  const std::string page = body_of(program.ask({}));
  const auto at = page.find("value=\"");
  REQUIRE(at != std::string::npos);
  const std::string token = page.substr(at + 7, 86);
  CHECK(page == "[<input type=\"hidden\" name=\"csrf_token\" value=\"" + token + "\">/]");
  CHECK(program.ask({{"REQUEST_METHOD", "POST"}}, "x=y").starts_with("Status: 403"));
  const std::string answer = program.ask({{"REQUEST_METHOD", "POST"}}, "csrf_token=" + token);
  CHECK(answer.starts_with("Status: 303"));
  CHECK(answer.find("Location: /\r\n") != std::string::npos);
  program.ask({{"REQUEST_METHOD", "HEAD"}});  // shows nothing, so it takes nothing
  CHECK(body_of(program.ask({})).starts_with("Saved.;Sent.;["));
  CHECK(body_of(program.ask({})).starts_with("["));
}

TEST_CASE("threads of a FastCGI program in C lose no visit, and it ends after the requests it is told") {
  constexpr int requests = 40;
  Program program(count, nullptr, [](sess_run_options&, sess_fcgi_options& options) {
    options.threads = 4;
    options.request_limit = requests + 1;
  });
  CHECK(body_of(program.ask({})) == "visits: 1");
  std::vector<FastcgiClient*> clients;
  for (int i = 0; i < requests; ++i) {
    clients.push_back(new FastcgiClient(program.path()));
    clients.back()->send({{"HTTP_COOKIE", program.cookie}});
  }
  for (FastcgiClient* client : clients) {
    CHECK(client->receive().starts_with("Status: 200"));
    delete client;
  }
  CHECK(program.child().wait() == 0);
  CHECK(program.store().integer(program.cookie.substr(4), "visits") == requests + 1);
}

TEST_CASE("a FastCGI program in C with a signal handler of its own is told to stop") {
  REQUIRE_OK(sess_fcgi_stop_new(&stop_of_program));
  Program program(
      count, nullptr, [](sess_run_options&, sess_fcgi_options& options) { options.stop = stop_of_program; },
      [](int) { sess_fcgi_stop_now(stop_of_program); });
  CHECK(body_of(program.ask({})) == "visits: 1");
  REQUIRE(::kill(program.child().pid(), SIGTERM) == 0);
  // If the signal came just before the wait for a request, that is noticed with the next one.
  try {
    FastcgiClient(program.path()).send({});
  } catch (const std::runtime_error&) {
    // It has ended already.
  }
  CHECK(program.child().wait() == 0);
  sess_fcgi_stop_free(stop_of_program);
}

TEST_CASE("options of programs that make no sense are refused, and so is NULL") {
  const CStore store;
  sess_run_options run;
  REQUIRE_OK(sess_run_options_init(&run, sizeof run));
  CHECK(run.body_limit == 1 << 20);
  CHECK(run.retry_after == 1);
  sess_fcgi_options options;
  REQUIRE_OK(sess_fcgi_options_init(&options, sizeof options));
  options.threads = 0;
  CHECK(sess_fcgi_run(store.get(), count, nullptr, nullptr, &options) == SESS_ERROR_USAGE);
  CHECK(sess_fcgi_run(nullptr, count, nullptr, nullptr, nullptr) == SESS_ERROR_USAGE);
  CHECK(sess_fcgi_run(store.get(), nullptr, nullptr, nullptr, nullptr) == SESS_ERROR_USAGE);
  CHECK(sess_cgi_run(nullptr, count, nullptr, nullptr) == SESS_ERROR_USAGE);
  CHECK(sess_cgi_run(store.get(), nullptr, nullptr, nullptr) == SESS_ERROR_USAGE);
  run.optimistic_runs = 0;
  CHECK(sess_cgi_run(store.get(), count, nullptr, &run) == SESS_ERROR_USAGE);
  CHECK(sess_run_options_init(nullptr, sizeof run) == SESS_ERROR_USAGE);
  CHECK(sess_fcgi_options_init(nullptr, sizeof options) == SESS_ERROR_USAGE);
  CHECK(sess_fcgi_stop_new(nullptr) == SESS_ERROR_USAGE);
  sess_fcgi_stop_now(nullptr);
  sess_fcgi_stop_free(nullptr);
  CHECK(sess_response_status(nullptr, 200) == SESS_ERROR_USAGE);
  CHECK(sess_response_header(nullptr, "X", "y") == SESS_ERROR_USAGE);
  CHECK(sess_response_redirect(nullptr, "/") == SESS_ERROR_USAGE);
  CHECK(sess_response_write(nullptr, "", 0) == SESS_ERROR_USAGE);
  CHECK(sess_response_printf(nullptr, "x") == SESS_ERROR_USAGE);
  CHECK(sess_response_escaped(nullptr, "") == SESS_ERROR_USAGE);
  for (const auto text : {sess_http_method, sess_http_path, sess_http_script, sess_http_remote_address})
    CHECK(text(nullptr) == nullptr);
  for (const auto value : {sess_http_query, sess_http_form, sess_http_cookie}) CHECK(value(nullptr, "x") == nullptr);
  const char* value = nullptr;
  CHECK(sess_http_header(nullptr, "x", &value) == SESS_ERROR_USAGE);
  CHECK(sess_http_body(nullptr, nullptr) == nullptr);
  CHECK(sess_http_secure(nullptr) == 0);
}

}  // namespace
}  // namespace sess::test
