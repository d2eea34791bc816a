// Requests by the C interface: cookies, logins, tokens.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "capi/c_store.hpp"

namespace sess::test {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Site {
  CStore store;
  sess_cookies* cookies = nullptr;
  std::string cookie = {};  // of the browser
  Headers headers = {};     // of the last answer

  Site() : Site([](sess_cookie_options&) {}) {}
  template <class Set>
  explicit Site(Set set) {
    sess_cookie_options options;
    REQUIRE_OK(sess_cookie_options_init(&options, sizeof options));
    options.secure = 0;
    set(options);
    REQUIRE_OK(sess_cookies_new(&options, &cookies));
  }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;
  ~Site() { sess_cookies_free(cookies); }

  sess_request* request(int mode = SESS_MERGE) const {
    sess_request* request = nullptr;
    REQUIRE_OK(sess_request_new(store.get(), cookies, cookie.c_str(), nullptr, &request));
    REQUIRE_OK(sess_request_start(request, mode));
    return request;
  }
  /// Finishes and frees it; the browser keeps the cookie that is set.
  int finish(sess_request* request) {
    const int status = sess_request_finish(request);
    headers.clear();
    const char* name = nullptr;
    const char* value = nullptr;
    for (std::size_t i = 0; sess_request_header(request, i, &name, &value) == SESS_OK; ++i) {
      headers.emplace_back(name, value);
      const std::string line = value;
      if (headers.back().first == "Set-Cookie" && line.find("Max-Age=0") == std::string::npos)
        cookie = line.substr(0, line.find(';'));
    }
    CHECK(name == nullptr);
    sess_request_free(request);
    return status;
  }
};

TEST_CASE("a session begins with its first write, and comes back by its cookie") {
  Site site;
  sess_request* request = site.request();
  CHECK(sess_request_exists(request) == 0);
  sess_facts none{};
  none.struct_size = sizeof none;
  CHECK(sess_request_facts(request, &none, nullptr) == SESS_ABSENT);
  CHECK(site.finish(request) == SESS_OK);
  CHECK(site.headers.empty());
  request = site.request();
  REQUIRE_OK(sess_add_integer(sess_request_editor(request), "visits", 1));
  CHECK(site.finish(request) == SESS_OK);
  REQUIRE(site.headers.size() == 1);
  CHECK(site.cookie.starts_with("sid="));
  for (const int mode : {SESS_MERGE, SESS_LOCKED}) {
    request = site.request(mode);
    CHECK(sess_request_exists(request) == 1);
    REQUIRE_OK(sess_add_integer(sess_request_editor(request), "visits", 1));
    sess_facts facts{};
    facts.struct_size = sizeof facts;
    char key[SESS_KEY_SIZE] = {};
    REQUIRE_OK(sess_request_facts(request, &facts, key));
    CHECK(facts.generation == (mode == SESS_MERGE ? 1 : 2));
    CHECK(facts.size > 128);
    char named[SESS_KEY_SIZE] = {};
    REQUIRE_OK(sess_key_of(site.store.get(), site.cookie.substr(4).c_str(), named));
    CHECK(std::string(key) == named);
    REQUIRE_OK(sess_request_facts(request, &facts, nullptr));
    CHECK(site.finish(request) == SESS_OK);
    CHECK(site.headers.empty());
  }
  request = site.request(SESS_SNAPSHOT);
  std::int64_t visits = 0;
  REQUIRE_OK(sess_get_integer(sess_request_editor(request), "visits", &visits));
  CHECK(visits == 3);
  CHECK(sess_authenticate(request, "ann") == SESS_ERROR_USAGE);
  CHECK(site.finish(request) == SESS_OK);
}

TEST_CASE("a login changes the ID, a logout removes it") {
  Site site;
  sess_request* request = site.request();
  REQUIRE_OK(sess_set_string(sess_request_editor(request), "cart", "apples"));
  CHECK(site.finish(request) == SESS_OK);
  const std::string anonymous = site.cookie;
  request = site.request();
  CHECK(sess_request_principal(request) == nullptr);
  REQUIRE_OK(sess_authenticate(request, "ann"));
  CHECK(std::string(sess_request_principal(request)) == "ann");
  CHECK(site.finish(request) == SESS_OK);
  CHECK(site.cookie.starts_with("sid-auth="));
  request = site.request();
  CHECK(std::string(sess_request_principal(request)) == "ann");
  const char* text = nullptr;
  REQUIRE_OK(sess_get_string(sess_request_editor(request), "cart", &text, nullptr));
  CHECK(std::string(text) == "apples");
  REQUIRE_OK(sess_request_regenerate(request));
  const std::string before = site.cookie;
  CHECK(site.finish(request) == SESS_OK);
  CHECK(site.cookie != before);
  request = site.request();
  REQUIRE_OK(sess_logout(request, SESS_LOGOUT_OTHERS));
  CHECK(sess_logout(request, 3) == SESS_ERROR_USAGE);
  CHECK(sess_request_finish(request) == SESS_OK);
  CHECK(sess_request_others(request) == SESS_OK);
  sess_request_free(request);
  request = site.request();
  REQUIRE_OK(sess_logout(request, SESS_LOGOUT_EVERYWHERE));
  CHECK(sess_request_principal(request) == nullptr);
  CHECK(site.finish(request) == SESS_OK);
  CHECK(site.headers.size() == 2);
  request = site.request();
  CHECK(sess_request_principal(request) == nullptr);
  sess_request_free(request);
}

TEST_CASE("a request beside another is a conflict where it read what that changed, and starts again") {
  Site site;
  sess_request* first = site.request();
  REQUIRE_OK(sess_set_integer(sess_request_editor(first), "n", 1));
  CHECK(site.finish(first) == SESS_OK);
  sess_request* request = site.request();
  int turns = 0;
  int status = SESS_CONFLICT;
  while (status == SESS_CONFLICT) {
    REQUIRE_OK(sess_request_start(request, SESS_MERGE));
    std::int64_t n = 0;
    REQUIRE_OK(sess_get_integer(sess_request_editor(request), "n", &n));
    REQUIRE_OK(sess_set_integer(sess_request_editor(request), "n", n * 2));
    if (turns++ == 0) {
      sess_request* other = site.request();
      REQUIRE_OK(sess_add_integer(sess_request_editor(other), "n", 4));
      CHECK(site.finish(other) == SESS_OK);
    }
    status = sess_request_finish(request);
  }
  CHECK(status == SESS_OK);
  CHECK(turns == 2);
  CHECK(sess_request_editor(request) == nullptr);
  CHECK(sess_request_finish(request) == SESS_ERROR_USAGE);
  sess_request_free(request);
  const std::string id = site.cookie.substr(4);
  CHECK(site.store.integer(id, "n") == 10);
}

TEST_CASE("a token is put in the place of its mark, and is good for this client alone") {
  Site site;
  sess_request* request = site.request();
  const char* mark = nullptr;
  REQUIRE_OK(sess_csrf_token(request, &mark));
  const std::string page = "<" + std::string(mark) + ">";
  REQUIRE_OK(sess_csrf_field(request, &mark));
  const std::string form = mark;
  const char* done = nullptr;
  std::size_t size = 0;
  CHECK(sess_request_complete(request, page.data(), page.size(), &done, &size) == SESS_ERROR_USAGE);
  REQUIRE_OK(sess_request_finish(request));
  REQUIRE_OK(sess_request_complete(request, page.data(), page.size(), &done, &size));
  REQUIRE(size == 88);
  const std::string token(done + 1, 86);
  REQUIRE_OK(sess_request_complete(request, form.data(), form.size(), &done, nullptr));
  CHECK(std::string(done) == R"(<input type="hidden" name="csrf_token" value=")" + token + "\">");
  CHECK(site.finish(request) == SESS_ERROR_USAGE);  // done; the headers are there still
  CHECK(site.headers.size() == 2);
  request = site.request();
  CHECK(sess_csrf_check(request, token.c_str()) == 1);
  CHECK(sess_csrf_check(request, "other") == 0);
  CHECK(sess_csrf_check(request, nullptr) == 0);
  sess_request_free(request);
  site.cookie.clear();
  request = site.request();
  CHECK(sess_csrf_check(request, token.c_str()) == 0);
  sess_request_free(request);
}

TEST_CASE("cookies are as the options say, and what a browser would reject is refused") {
  Site site([](sess_cookie_options& options) {
    options.secure = 1;
    options.same_site = SESS_SAME_SITE_STRICT;
    options.max_age = 3600;
    options.anonymous_name = "a";
  });
  sess_request* request = site.request();
  REQUIRE_OK(sess_set_null(sess_request_editor(request), "n"));
  CHECK(site.finish(request) == SESS_OK);
  CHECK(site.cookie.starts_with("__Host-a="));
  const std::string line = site.headers.at(0).second;
  for (const char* part : {"; Path=/", "; Max-Age=3600", "; Secure", "; HttpOnly", "; SameSite=Strict"})
    CHECK(line.find(part) != std::string::npos);
  sess_cookie_options options;
  REQUIRE_OK(sess_cookie_options_init(&options, sizeof options));
  options.max_age = 401 * 24 * 3600;
  sess_cookies* cookies = nullptr;
  CHECK(sess_cookies_new(&options, &cookies) == SESS_ERROR_USAGE);
  CHECK(cookies == nullptr);
  options.max_age = 0;
  options.same_site = 9;
  CHECK(sess_cookies_new(&options, &cookies) == SESS_ERROR_USAGE);
  REQUIRE_OK(sess_cookies_new(nullptr, &cookies));
  sess_cookies_free(cookies);
}

TEST_CASE("clients without cookies have the ID in links, where that is allowed") {
  Site site([](sess_cookie_options& options) { options.address_parameter = "s"; });
  sess_request* request = site.request();
  REQUIRE_OK(sess_set_null(sess_request_editor(request), "n"));
  const char* link = nullptr;
  REQUIRE_OK(sess_link(request, "/next?x=1", &link));
  const std::string reference = link;
  REQUIRE_OK(sess_request_finish(request));
  const char* done = nullptr;
  REQUIRE_OK(sess_request_complete(request, reference.data(), reference.size(), &done, nullptr));
  const std::string address = done;
  sess_request_free(request);
  REQUIRE(address.starts_with("/next?x=1&s="));
  REQUIRE_OK(sess_request_new(site.store.get(), site.cookies, nullptr, address.substr(12).c_str(), &request));
  REQUIRE_OK(sess_request_start(request, SESS_MERGE));
  CHECK(sess_request_exists(request) == 1);
  sess_request_free(request);
}

TEST_CASE("a flash value waits for the next request, also across a login, and is taken once") {
  Site site;
  sess_request* request = site.request();
  REQUIRE_OK(sess_flash(request, "notice", "Saved."));
  REQUIRE_OK(sess_flash(request, "notice", "Sent."));
  CHECK(site.finish(request) == SESS_OK);
  request = site.request();
  REQUIRE_OK(sess_authenticate(request, "ann"));
  CHECK(site.finish(request) == SESS_OK);
  sess_request* first = site.request();
  sess_request* second = site.request();
  for (sess_request* one : {first, second}) {
    const sess_value* notices = nullptr;
    const sess_value* others = nullptr;
    REQUIRE_OK(sess_take_flash(one, "notice", &notices));
    CHECK(sess_take_flash(one, "notice", &others) == SESS_ABSENT);
    CHECK(others == nullptr);
    REQUIRE(sess_value_count(notices) == 2);  // good still
    const char* text = nullptr;
    REQUIRE_OK(sess_value_string(sess_value_at(notices, 1, nullptr), &text, nullptr));
    CHECK(std::string(text) == "Sent.");
  }
  CHECK(site.finish(first) == SESS_OK);
  CHECK(sess_request_finish(second) == SESS_CONFLICT);
  REQUIRE_OK(sess_request_start(second, SESS_MERGE));
  const sess_value* notices = nullptr;
  CHECK(sess_take_flash(second, "notice", &notices) == SESS_ABSENT);
  CHECK(sess_value_count(notices) == 0);
  sess_request_free(second);
}

TEST_CASE("a client with its ID in the address gets a field for forms, and cannot log in") {
  Site site([](sess_cookie_options& options) { options.address_parameter = "s"; });
  sess_request* request = site.request();
  REQUIRE_OK(sess_set_null(sess_request_editor(request), "n"));
  const char* mark = nullptr;
  REQUIRE_OK(sess_address_field(request, &mark));
  const std::string field = mark;
  CHECK(sess_request_needs_cookies(request) == 0);
  REQUIRE_OK(sess_request_finish(request));
  const char* done = nullptr;
  REQUIRE_OK(sess_request_complete(request, field.data(), field.size(), &done, nullptr));
  const std::string made = done;
  sess_request_free(request);
  const std::string begin = R"(<input type="hidden" name="s" value=")";
  REQUIRE(made.starts_with(begin));
  const std::string id = made.substr(begin.size(), SESS_ID_SIZE - 1);
  REQUIRE_OK(sess_request_new(site.store.get(), site.cookies, nullptr, id.c_str(), &request));
  REQUIRE_OK(sess_request_start(request, SESS_MERGE));
  CHECK(sess_request_exists(request) == 1);
  REQUIRE_OK(sess_authenticate(request, "ann"));
  CHECK(sess_request_needs_cookies(request) == 1);
  CHECK(sess_request_finish(request) == SESS_ERROR_USAGE);
  sess_request_free(request);
}

TEST_CASE("a session whose place a login has taken can be read, and says so; a logout says what to forget") {
  Site site([](sess_cookie_options& options) { options.clear_cache = options.clear_storage = 1; });
  sess_request* request = site.request();
  REQUIRE_OK(sess_set_null(sess_request_editor(request), "n"));
  CHECK(site.finish(request) == SESS_OK);
  const std::string anonymous = site.cookie;
  request = site.request();
  CHECK(sess_request_superseded(request) == 0);
  REQUIRE_OK(sess_authenticate(request, "ann"));
  CHECK(site.finish(request) == SESS_OK);
  const std::string logged_in = site.cookie;
  site.cookie = anonymous;
  request = site.request();
  CHECK(sess_request_superseded(request) == 1);
  CHECK(sess_peek(sess_request_editor(request), "n") != nullptr);
  sess_request_free(request);
  site.cookie = logged_in;
  request = site.request();
  REQUIRE_OK(sess_logout(request, SESS_LOGOUT_HERE));
  CHECK(site.finish(request) == SESS_OK);
  const std::pair<std::string, std::string> forget{"Clear-Site-Data", "\"cache\", \"storage\""};
  CHECK(std::ranges::find(site.headers, forget) != site.headers.end());
}

TEST_CASE("a poll does not renew, and a mode or a request that there is not is refused") {
  Site site;
  sess_request* request = site.request();
  CHECK(sess_request_start(request, 3) == SESS_ERROR_USAGE);
  CHECK(sess_request_set_renew(request, 0) == SESS_OK);
  CHECK(site.finish(request) == SESS_OK);
}

}  // namespace
}  // namespace sess::test
