#include <sess/error.hpp>
#include <sess/web/cookie.hpp>
#include <sess/web/session_cookies.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace sess::web {
namespace {

using Cookies = std::vector<Cookie>;
using std::chrono::hours;
using std::chrono::seconds;

const CookieAttributes plain{.secure = false};

TEST_CASE("cookies come out in the order in which they were sent, also those of one name") {
  CHECK(parse_cookies("a=1; b=2;c=3") == Cookies{{"a", "1"}, {"b", "2"}, {"c", "3"}});
  CHECK(parse_cookies("sid=x; sid=y") == Cookies{{"sid", "x"}, {"sid", "y"}});
}

TEST_CASE("spaces and tabs around names and values are not part of them") {
  CHECK(parse_cookies("  a = 1 ;\t b\t=\t2  ") == Cookies{{"a", "1"}, {"b", "2"}});
}

TEST_CASE("a value may be empty, hold '=' and spaces, and stand in quotation marks") {
  CHECK(parse_cookies("a=; b==x=; c=\"q r\"; d=\"; e=\"\"; f=x\"y\"") ==
        Cookies{{"a", ""}, {"b", "=x="}, {"c", "q r"}, {"d", "\""}, {"e", ""}, {"f", "x\"y\""}});
}

TEST_CASE("malformed pieces are skipped and the rest is used") {
  CHECK(parse_cookies("") == Cookies{});
  CHECK(parse_cookies(";;; ; =") == Cookies{});
  CHECK(parse_cookies("alone; =nameless; a b=1; a\x01=1; v=\x01; good=1; n\xc3\xa9=1") == Cookies{{"good", "1"}});
  CHECK(parse_cookies(std::string("nul=a\0b; good=1", 15)) == Cookies{{"good", "1"}});
}

TEST_CASE("what is read of a Cookie header is bounded") {
  CHECK(parse_cookies("big=" + std::string(5000, 'x') + "; a=1") == Cookies{{"a", "1"}});
  std::string many;
  for (int number = 0; number < 1000; ++number) many += "c=1;";
  CHECK(parse_cookies(many).size() == 200);
  // The pair in which the limit falls is not read as a shorter one.
  std::string long_one = "first=1;";
  while (long_one.size() < 65000) long_one += std::string(4000, ' ') + ";";
  long_one += "last=" + std::string(2000, 'x');
  CHECK(parse_cookies(long_one) == Cookies{{"first", "1"}});
}

TEST_CASE("no header makes the parser do anything but answer cookies with clean names and values") {
  std::mt19937 random(7);
  const std::string alphabet = "ab=;\"\\ \t,\x01\x7f\xff%sid";
  for (int round = 0; round < 10000; ++round) {
    std::string header(random() % 60, ' ');
    for (char& c : header) c = alphabet[random() % alphabet.size()];
    for (const Cookie& cookie : parse_cookies(header)) {
      CHECK(!cookie.name.empty());
      CHECK(cookie.name.find_first_of("=; \t\"\x01\x7f\xff\\,") == std::string::npos);
      CHECK(cookie.value.find_first_of(";\x01\x7f\t") == std::string::npos);
    }
  }
}

TEST_CASE("a cookie is HttpOnly, Secure, SameSite=Lax and for the whole host unless something else is said") {
  CHECK(set_cookie("a", "1", {}) == "a=1; Path=/; Secure; HttpOnly; SameSite=Lax");
  CHECK(set_cookie("a", "1",
                   {.http_only = false,
                    .secure = false,
                    .same_site = SameSite::strict,
                    .path = "/shop",
                    .domain = "example.org",
                    .max_age = seconds(60)}) == "a=1; Path=/shop; Domain=example.org; Max-Age=60; SameSite=Strict");
}

TEST_CASE("a cookie is deleted with the path and domain that it was set with") {
  CHECK(delete_cookie("a", {.path = "/shop", .domain = "example.org", .max_age = hours(1)}) ==
        "a=; Path=/shop; Domain=example.org; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
}

TEST_CASE("what a browser would reject cannot be set") {
  CHECK_THROWS_AS(set_cookie("a", "1", {.secure = false, .same_site = SameSite::none}), UsageError);
  CHECK_NOTHROW(set_cookie("a", "1", {.same_site = SameSite::none}));
  CHECK_THROWS_AS(set_cookie("a", "1", {.max_age = hours(400 * 24) + seconds(1)}), UsageError);
  CHECK_THROWS_AS(set_cookie("a", "1", {.max_age = seconds(0)}), UsageError);
  CHECK_NOTHROW(set_cookie("a", "1", {.max_age = hours(400 * 24)}));
  CHECK_THROWS_AS(set_cookie("a", "1", {.path = ""}), UsageError);
  CHECK_THROWS_AS(set_cookie("a", "1", {.path = "shop"}), UsageError);
  CHECK_THROWS_AS(set_cookie("a", "1", {.path = "/" + std::string(1024, 'x')}), UsageError);
  CHECK_THROWS_AS(set_cookie("a", "1", {.domain = ".example.org"}), UsageError);
  CHECK_THROWS_AS(set_cookie("a", std::string(4096, 'x'), {}), UsageError);
  CHECK_NOTHROW(set_cookie("a", std::string(4095, 'x'), {}));
}

TEST_CASE("nothing can be smuggled into a Set-Cookie line") {
  for (const char* hostile :
       {"a;b", "a\r\nSet-Cookie: x=1", "a\nb", "a b", "a,b", "a\"b", "a\\b", "\x7f", "\xc3\xa9"}) {
    CAPTURE(hostile);
    CHECK_THROWS_AS(set_cookie("a", hostile, {}), UsageError);
    CHECK_THROWS_AS(set_cookie(hostile, "1", {}), UsageError);
    CHECK_THROWS_AS(set_cookie("a", "1", {.domain = hostile}), UsageError);
  }
  for (const char* hostile : {"/;b", "/\r\nx", "/\x01", "/\x7f"}) {
    CAPTURE(hostile);
    CHECK_THROWS_AS(set_cookie("a", "1", {.path = hostile}), UsageError);
  }
}

TEST_CASE("a name prefix must be kept to, in any letter case") {
  for (const char* name : {"__Host-a", "__host-a", "__HOST-a"}) {
    CAPTURE(name);
    CHECK_NOTHROW(check_cookie(name, {}));
    CHECK_THROWS_AS(check_cookie(name, plain), UsageError);
    CHECK_THROWS_AS(check_cookie(name, {.path = "/shop"}), UsageError);
    CHECK_THROWS_AS(check_cookie(name, {.domain = "example.org"}), UsageError);
  }
  CHECK_NOTHROW(check_cookie("__Secure-a", {.path = "/shop", .domain = "example.org"}));
  CHECK_THROWS_AS(check_cookie("__secure-a", plain), UsageError);
}

TEST_CASE("session cookies have the strongest prefix that their attributes allow") {
  const auto names = [](const SessionCookieOptions& options) {
    const SessionCookies cookies(options);
    return cookies.name(SessionKind::anonymous) + " " + cookies.name(SessionKind::authenticated);
  };
  CHECK(names({}) == "__Host-sid __Host-sid-auth");
  CHECK(names({.attributes = {.domain = "example.org"}}) == "__Secure-sid __Secure-sid-auth");
  CHECK(names({.attributes = {.path = "/shop"}}) == "__Secure-sid __Secure-sid-auth");
  CHECK(names({.attributes = plain}) == "sid sid-auth");
  CHECK(names({.strongest_prefix = false}) == "sid sid-auth");
  CHECK(names({.anonymous_name = "__Secure-a", .authenticated_name = "b"}) == "__Secure-a __Host-b");
}

TEST_CASE("cookie options that cannot work are refused when the program starts") {
  CHECK_THROWS_AS(SessionCookies({.anonymous_name = "a b"}), UsageError);
  CHECK_THROWS_AS(SessionCookies({.anonymous_name = "s", .authenticated_name = "s"}), UsageError);
  CHECK_THROWS_AS(SessionCookies({.anonymous_name = "__Host-s", .attributes = plain}), UsageError);
  CHECK_THROWS_AS(SessionCookies({.attributes = {.secure = false, .same_site = SameSite::none}}), UsageError);
}

}  // namespace
}  // namespace sess::web
