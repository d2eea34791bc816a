#include <sess/error.hpp>
#include <sess/web/response.hpp>

#include <doctest/doctest.h>

#include <string>

namespace sess::web {
namespace {

TEST_CASE("a response is HTML with status 200 unless something else is said") {
  Response response;
  response << "visits: " << 3 << ' ' << 0.5 << ' ' << true << ' ' << std::string("x");
  CHECK(response.render() ==
        "Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 20\r\n\r\nvisits: 3 0.5 true x");
}

TEST_CASE("the answer to HEAD has the length of a body and no body") {
  Response response;
  response << "body";
  CHECK(response.render(false).ends_with("Content-Length: 4\r\n\r\n"));
}

TEST_CASE("a header replaces one of its name, in any letter case, unless it is added") {
  Response response;
  response.content_type("text/plain");
  response.header("content-type", "image/png");
  response.header("Vary", "Accept");
  response.add_header("vary", "Origin");
  CHECK(response.render() ==
        "Status: 200 OK\r\ncontent-type: image/png\r\nVary: Accept\r\nvary: Origin\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("nobody can smuggle a header into a response") {
  Response response;
  for (const char* hostile : {"a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "\x7f", "a\tb"}) {
    CAPTURE(hostile);
    CHECK_THROWS_AS(response.header("X-Value", hostile), UsageError);
    CHECK_THROWS_AS(response.header(hostile, "1"), UsageError);
    CHECK_THROWS_AS(response.redirect(hostile), UsageError);
    CHECK_THROWS_AS(response.add_cookie(hostile), UsageError);
  }
  CHECK_THROWS_AS(response.header("X-Value", std::string("a\0b", 3)), UsageError);
  CHECK_THROWS_AS(response.header("", "1"), UsageError);
  CHECK_THROWS_AS(response.header("a b", "1"), UsageError);
  for (const char* mine : {"Status", "content-length", "Transfer-Encoding", "Connection"})
    CHECK_THROWS_AS(response.header(mine, "1"), UsageError);
  CHECK(response.render() == "Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("a response that sets a cookie is not stored by caches, whatever the handler said") {
  Response response;
  response.header("Cache-Control", "public, max-age=3600");
  CHECK(response.render().find("public") != std::string::npos);
  response.add_cookie("sid=x");
  const std::string text = response.render();
  CHECK(text.find("public") == std::string::npos);
  CHECK(text.find("Cache-Control: no-store\r\n") != std::string::npos);
  CHECK(text.find("Set-Cookie: sid=x\r\n") != std::string::npos);
}

TEST_CASE("a redirection forgets the body") {
  Response response;
  response << "secret";
  response.redirect("/login?next=%2F");
  CHECK(response.status() == 303);
  CHECK(response.body().empty());
  CHECK(response.render().find("Location: /login?next=%2F\r\n") != std::string::npos);
  CHECK_THROWS_AS(response.redirect("/", 200), UsageError);
}

TEST_CASE("a status is one of HTTP, and some have no body") {
  Response response;
  CHECK_THROWS_AS(response.status(99), UsageError);
  CHECK_THROWS_AS(response.status(600), UsageError);
  response << "x";
  response.status(204);
  CHECK(response.render() == "Status: 204 No Content\r\n\r\n");
}

TEST_CASE("text of a client is shown as it is") {
  CHECK(escape_html("<a href=\"x\" title='y'>&</a>") ==
        "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
}

}  // namespace
}  // namespace sess::web
