#include <sess/web/http_request.hpp>

#include <doctest/doctest.h>

#include <string>

namespace sess::web {
namespace {

HttpRequest request(std::map<std::string, std::string> variables, std::string body = {}) {
  return HttpRequest(environment_of(std::move(variables)), std::move(body));
}

TEST_CASE("an empty environment is a GET of the root") {
  const HttpRequest empty = request({});
  CHECK(empty.method() == "GET");
  CHECK(empty.path() == "/");
  CHECK(empty.script().empty());
  CHECK(empty.remote_address().empty());
  CHECK(!empty.secure());
  CHECK(empty.cookies().empty());
}

TEST_CASE("a request has what the server says of it") {
  const HttpRequest full = request({{"REQUEST_METHOD", "POST"},
                                    {"PATH_INFO", "/cart/add"},
                                    {"SCRIPT_NAME", "/shop/"},
                                    {"REMOTE_ADDR", "192.0.2.1"},
                                    {"HTTPS", "on"},
                                    {"HTTP_COOKIE", "sid=a; sid=b; other=c"}});
  CHECK(full.method() == "POST");
  CHECK(full.path() == "/cart/add");
  CHECK(full.script() == "/shop");
  CHECK(full.remote_address() == "192.0.2.1");
  CHECK(full.secure());
  CHECK(full.cookie("sid") == "a");
  CHECK(full.cookie("other") == "c");
  CHECK(!full.cookie("none").has_value());
  CHECK(full.cookies().size() == 3);
  CHECK(!request({{"HTTPS", "off"}}).secure());
}

TEST_CASE("a header is found in any letter case") {
  const HttpRequest with = request({{"HTTP_X_GATE", "7"}, {"CONTENT_TYPE", "text/plain"}, {"PATH", "/bin"}});
  CHECK(with.header("X-Gate") == "7");
  CHECK(with.header("x-gate") == "7");
  CHECK(with.header("Content-Type") == "text/plain");
  CHECK(!with.header("Accept").has_value());
  CHECK(!with.header("Path").has_value());
  CHECK(!with.header("").has_value());
  CHECK(!with.header("a b").has_value());
}

TEST_CASE("parameters are decoded, kept in order, and the first of a name is answered") {
  const HttpRequest with = request({{"QUERY_STRING", "a=1&b=x+y%21&a=2&empty=&flag&&%C3%A9=%c3%a9"}});
  CHECK(with.query("a") == "1");
  CHECK(with.query("b") == "x y!");
  CHECK(with.query("empty") == "");
  CHECK(with.query("flag") == "");
  CHECK(with.query("\xc3\xa9") == "\xc3\xa9");
  CHECK(!with.query("c").has_value());
  CHECK(with.query_parameters().size() == 6);
}

TEST_CASE("a percent sign that encodes nothing stands for itself") {
  CHECK(parse_urlencoded("a=100%&b=%zz&c=%4&d=%41") ==
        Parameters{{"a", "100%"}, {"b", "%zz"}, {"c", "%4"}, {"d", "A"}});
}

TEST_CASE("the number of parameters is bounded") {
  std::string many;
  for (int number = 0; number < 3000; ++number) many += "a=1&";
  CHECK(parse_urlencoded(many).size() == 1000);
}

TEST_CASE("the body is a form only if its type says so") {
  const std::string body = "user=ann&password=p";
  CHECK(request({{"CONTENT_TYPE", "application/x-www-form-urlencoded"}}, body).form("user") == "ann");
  CHECK(request({{"CONTENT_TYPE", "Application/X-WWW-Form-Urlencoded; charset=utf-8"}}, body).form("user") == "ann");
  const HttpRequest json = request({{"CONTENT_TYPE", "application/json"}}, body);
  CHECK(!json.form("user").has_value());
  CHECK(json.body() == body);
}

TEST_CASE("the program's own address leads nowhere else, whatever a server says") {
  const auto script = [](const char* name) { return HttpRequest(environment_of({{"SCRIPT_NAME", name}})).script(); };
  CHECK(script("/shop") == "/shop");
  CHECK(script("shop.cgi") == "/shop.cgi");
  CHECK(script("javascript:alert(1)") == "/javascript:alert(1)");
  CHECK(script("//elsewhere.example/shop") == "/elsewhere.example/shop");
  CHECK(script("/\\elsewhere/") == "/elsewhere");
  CHECK(script("///").empty());
  CHECK(script("").empty());
}

}  // namespace
}  // namespace sess::web
