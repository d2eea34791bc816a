// Requests as CGI, FastCGI and other frameworks have them.
#include <sess/web/environment.hpp>

#include <doctest/doctest.h>
#include <sess/web/http_request.hpp>

#include <map>
#include <string>
#include <utility>

#include "web/site.hpp"

namespace sess::test {
namespace {

using web::environment_of_block;
using web::environment_of_request;
using web::HttpRequest;
using web::PlainRequest;

TEST_CASE("a block of variables is read as a CGI program's environment is") {
  const char* const block[] = {"REQUEST_METHOD=POST", "HTTP_COOKIE=a=1; b=2", "EMPTY=", "REQUEST_METHODS=x", nullptr};
  const auto environment = environment_of_block(block);
  CHECK(environment("REQUEST_METHOD") == "POST");
  CHECK(environment("HTTP_COOKIE") == "a=1; b=2");
  CHECK(environment("EMPTY") == "");
  CHECK(!environment("REQUEST"));
  CHECK(!environment("HTTP_HOST"));
  CHECK(!environment_of_block(nullptr)("REQUEST_METHOD"));
}

TEST_CASE("a request of another framework says what it would have said to a CGI program") {
  const HttpRequest request(environment_of_request({.method = "POST",
                                                    .target = "/shop/cart%20x/a+b?one=1&two=a%26b",
                                                    .headers = {{"cookie", "sid=a"},
                                                                {"Content-Type", "application/x-www-form-urlencoded"},
                                                                {"X-Shop", "1"},
                                                                {"x-shop", "2"},
                                                                {"Cookie", "other=b"}},
                                                    .remote_address = "192.0.2.1",
                                                    .secure = true,
                                                    .script = "/shop"}),
                            "name=ann+b");
  CHECK(request.method() == "POST");
  CHECK(request.script() == "/shop");
  CHECK(request.path() == "/cart x/a+b");
  CHECK(request.query("one") == "1");
  CHECK(request.query("two") == "a&b");
  CHECK(request.form("name") == "ann b");
  CHECK(request.address() == "/shop/cart%20x/a+b?one=1&two=a%26b");
  CHECK(request.cookie("sid") == "a");
  CHECK(request.cookie("other") == "b");
  CHECK(request.header("X-Shop") == "1, 2");
  CHECK(request.remote_address() == "192.0.2.1");
  CHECK(request.secure());
}

TEST_CASE("of a whole address scheme and host are ignored") {
  CHECK(HttpRequest(environment_of_request({.target = "http://elsewhere.example/a?b=c"})).address() == "/a?b=c");
  CHECK(HttpRequest(environment_of_request({.target = "http://elsewhere.example"})).path() == "/");
  CHECK(HttpRequest(environment_of_request({.target = "/a?to=http://elsewhere.example/"})).query("to") ==
        "http://elsewhere.example/");
  CHECK(HttpRequest(environment_of_request({.target = "//elsewhere.example/a"})).address() ==
        "/.//elsewhere.example/a");
}

TEST_CASE("a program's own address ends where a part of the path does") {
  const HttpRequest request(environment_of_request({.target = "/shopping", .script = "/shop"}));
  CHECK(request.script().empty());
  CHECK(request.path() == "/shopping");
  CHECK(HttpRequest(environment_of_request({.target = "/shop", .script = "/shop"})).path() == "/");
}

TEST_CASE("a header that CGI would give the name of another one does not come in") {
  const auto environment = environment_of_request(
      {.headers = {
           {"X_Forwarded_For", "203.0.113.1"}, {"X-Forwarded-For", "192.0.2.1"}, {"Bad Name", "x"}, {"", "x"}}});
  CHECK(environment("HTTP_X_FORWARDED_FOR") == "192.0.2.1");
  CHECK(!environment("HTTP_BAD NAME"));
  CHECK(!environment("HTTP_"));
}

TEST_CASE("a client is sent to its own address again, and never to another host") {
  using Variables = std::map<std::string, std::string>;
  const auto address = [](Variables variables) {
    return HttpRequest(web::environment_of(std::move(variables))).address();
  };
  CHECK(address({{"REQUEST_URI", "/a/b?c=d&e"}}) == "/a/b?c=d&e");
  CHECK(address({{"REQUEST_URI", "//evil.example/"}}) == "/.//evil.example/");
  CHECK(address({{"REQUEST_URI", "/\\evil.example/"}}) == "/./\\evil.example/");
  const Variables parts{{"SCRIPT_NAME", "/cgi-bin/shop"}, {"PATH_INFO", "/a b\xc3\xa4%"}, {"QUERY_STRING", "c=d%20e"}};
  CHECK(address(parts) == "/cgi-bin/shop/a%20b%C3%A4%25?c=d%20e");
  for (const char* uri : {"http://evil.example/", "evil", "*", "/a\r\nSet-Cookie: x=y"}) {
    Variables variables = parts;
    variables.emplace("REQUEST_URI", uri);
    CHECK(address(variables) == address(parts));
  }
  CHECK(address({}) == "/");
  CHECK(address({{"PATH_INFO", "//evil.example"}}) == "/.//evil.example");
  CHECK(address({{"QUERY_STRING", "a\r\nb"}}) == "/");
}

TEST_CASE("a request of another framework has a session") {
  Site site;
  Browser browser;
  const web::Runner runner(
      site.store(), [](web::Request& request, web::Response&) { request.session().add("n", 1); }, run_options());
  REQUIRE(site.visit(browser, [](web::RequestSession& session) { session.editor().add("n", 1); }).ok());
  runner.run(environment_of_request({.headers = {{"Cookie", browser.header()}}}), body_of(""));
  CHECK(site.session(browser)->get<int>("n") == 2);
}

}  // namespace
}  // namespace sess::test
