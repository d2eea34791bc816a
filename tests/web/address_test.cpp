// Addresses that carry the ID of an anonymous session, for clients without cookies.
#include <doctest/doctest.h>
#include <sess/error.hpp>

#include <chrono>
#include <string>

#include "support/events.hpp"
#include "web/site.hpp"

namespace sess::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using web::Request;
using web::RequestSession;
using web::Response;
using web::Runner;
using web::RunOptions;

RunOptions with_addresses() {
  RunOptions options = run_options();
  options.cookies.address_parameter = "s";
  return options;
}

/// Shows a counter, and links. "/count" counts, "/login" logs in, "/out" logs out.
void handle(Request& request, Response& response) {
  if (request.path() == "/count") request.session().add("n", 1);
  if (request.path() == "/login") request.authenticate("ann");
  if (request.path() == "/out") request.logout();
  response << "n=" << request.session().get<int>("n").value_or(0) << "\n[" << request.link("/a") << "]\n["
           << request.link("/b?x=1#end") << "]\n[" << request.link("https://elsewhere.example/") << "]\n["
           << request.address_field() << "]";
}

struct Client {
  const Runner& runner;
  Browser browser = {};
  bool takes_cookies = false;

  std::string get(const std::string& path, const std::string& query = {}) {
    const std::string answer = runner.run(
        web::environment_of(
            {{"PATH_INFO", path}, {"QUERY_STRING", query}, {"HTTP_COOKIE", takes_cookies ? browser.header() : ""}}),
        body_of(""));
    browser.receive_answer(answer);
    return answer;
  }
};

/// The ID in the first link; empty if there is none.
std::string id_in(const std::string& answer) {
  const auto at = answer.find("[/a?s=");
  return at == std::string::npos ? "" : answer.substr(at + 6, answer.find(']', at) - at - 6);
}

bool has_plain_links(const std::string& answer) {
  return answer.find("[/a]\n[/b?x=1#end]\n[https://elsewhere.example/]\n[]") != std::string::npos;
}

TEST_CASE("a client without cookies keeps its session by following links") {
  Site site;
  const Runner runner(site.store(), handle, with_addresses());
  Client client{runner};
  const std::string first = client.get("/count");
  const std::string id = id_in(first);
  CHECK(id.size() == 60);
  CHECK(first.find("[/b?x=1&s=" + id + "#end]") != std::string::npos);
  CHECK(first.find("[https://elsewhere.example/]") != std::string::npos);
  CHECK(first.find(R"([<input type="hidden" name="s" value=")" + id + R"(">])") != std::string::npos);
  CHECK(first.find("Referrer-Policy: same-origin\r\n") != std::string::npos);
  CHECK(first.find("Cache-Control: no-store\r\n") != std::string::npos);
  const std::string second = client.get("/count", "s=" + id);
  CHECK(second.find("n=2\n") != std::string::npos);
  CHECK(id_in(second) == id);
  const std::string reading = client.get("/", "s=" + id);
  CHECK(reading.find("n=2\n") != std::string::npos);
  CHECK(id_in(reading) == id);
  CHECK(reading.find("Cache-Control: no-store\r\n") != std::string::npos);
  CHECK(reading.find("Set-Cookie") == std::string::npos);
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("a request without cookies and without an ID in its address is not told as a refused ID") {
  ToldEvents told;
  Site site({.on_event = told.listener()});
  const Runner runner(site.store(), handle, with_addresses());
  Client client{runner};
  client.get("/");
  CHECK(told.take().empty());
  client.get("/", "s=forged");
  CHECK(told.only().kind == Event::Kind::refused_id);
}

TEST_CASE("a client with cookies gets plain links from its second request on, whatever its address says") {
  Site site;
  const Runner runner(site.store(), handle, with_addresses());
  Client client{.runner = runner, .takes_cookies = true};
  const std::string id = id_in(client.get("/count"));
  REQUIRE(id.size() == 60);
  CHECK(has_plain_links(client.get("/count", "s=" + id)));
  Client other{runner};
  const std::string others = id_in(other.get("/count"));
  const std::string answer = client.get("/count", "s=" + others);
  CHECK(answer.find("n=3\n") != std::string::npos);
  CHECK(has_plain_links(answer));
  // Also where its own session has expired.
  site.advance(hours(1));
  CHECK(client.get("/", "s=" + others).find("n=0\n") != std::string::npos);
}

TEST_CASE("no address carries an ID unless the program asks for it, or where there is no session") {
  Site site;
  const Runner plain(site.store(), handle, run_options());
  Client client{plain};
  CHECK(has_plain_links(client.get("/count")));
  REQUIRE(client.browser.has("sid"));
  CHECK(client.get("/", "s=" + client.browser.value("sid")).find("n=0\n") != std::string::npos);
  const Runner runner(site.store(), handle, with_addresses());
  Client reader{runner};
  const std::string answer = reader.get("/");
  CHECK(has_plain_links(answer));
  CHECK(answer.find("Cache-Control") == std::string::npos);
  CHECK(answer.find("Referrer-Policy") == std::string::npos);
}

TEST_CASE("an authenticated session never travels in an address") {
  Site site;
  const Runner runner(site.store(), handle, with_addresses());
  Client client{runner};
  const std::string login = client.get("/login");
  CHECK(has_plain_links(login));
  REQUIRE(client.browser.has("sid-auth"));
  const std::string id = client.browser.value("sid-auth");
  CHECK(login.find(id) == login.rfind(id));  // in the cookie alone
  CHECK(client.get("/", "s=" + id).find("n=0\n") != std::string::npos);
}

TEST_CASE("who comes with an ID in the address can neither log in nor touch the cookies") {
  // Another site may have sent the browser here with an ID of somebody else's, and the browser have held back its own
  // cookies (SameSite).
  Site site;
  const Runner runner(site.store(), handle, with_addresses());
  Client attacker{runner};
  const std::string id = id_in(attacker.get("/count"));
  const std::string login = attacker.get("/login", "s=" + id);
  CHECK(login.starts_with("Status: 403 "));
  CHECK(login.find("Set-Cookie") == std::string::npos);
  CHECK(site.sessions().size() == 1);
  const std::string logout = attacker.get("/out", "s=" + id);
  CHECK(logout.starts_with("Status: 200 "));
  CHECK(logout.find("Set-Cookie") == std::string::npos);
  CHECK(logout.find("Clear-Site-Data") == std::string::npos);
  CHECK(site.sessions().empty());
}

TEST_CASE("an answer whose own address has an ID is held back from caches and other sites, whatever it is") {
  Site site;
  const Runner runner(site.store(), handle, with_addresses());
  Client client{.runner = runner, .takes_cookies = true};
  const std::string id = id_in(client.get("/count"));
  for (const std::string& answer : {client.get("/a", "s=" + id), client.get("/login", "s=x"), client.get("/", "s=")}) {
    CHECK(answer.find("Referrer-Policy: same-origin\r\n") != std::string::npos);
    CHECK(answer.find("Cache-Control: no-store\r\n") != std::string::npos);
  }
}

TEST_CASE("an expired session of an address goes on under a successor, in links alone") {
  Site site;
  const Runner runner(site.store(), handle, with_addresses());
  Client client{runner};
  const std::string old = id_in(client.get("/count"));
  site.advance(hours(1));
  const std::string answer = client.get("/count", "s=" + old);
  const std::string id = id_in(answer);
  CHECK(id.size() == 60);
  CHECK(id != old);
  // Or an ID that somebody else has made up a link with would be this browser's from now on.
  CHECK(answer.find("Set-Cookie") == std::string::npos);
  CHECK(id_in(client.get("/count", "s=" + old)) == id);
  CHECK(client.get("/", "s=" + id).find("n=2\n") != std::string::npos);
}

TEST_CASE("a session of an address that was superseded is not waited for: no cookie is on its way") {
  Site site;
  const Runner runner(site.store(), handle, with_addresses());
  Client client{runner};
  const std::string id = id_in(client.get("/count"));
  client.takes_cookies = true;
  REQUIRE(client.get("/login").starts_with("Status: 200 "));
  Client other{runner};
  CHECK(other.get("/count", "s=" + id).starts_with("Status: 409 "));
}

TEST_CASE("after a logout links are plain, and the ID of the address means nothing any more") {
  Site site;
  const Runner runner(site.store(), handle, with_addresses());
  Client client{runner};
  const std::string id = id_in(client.get("/count"));
  CHECK(has_plain_links(client.get("/out", "s=" + id)));
  CHECK(site.sessions().empty());
  CHECK(client.get("/", "s=" + id).find("n=0\n") != std::string::npos);
}

TEST_CASE("a form of a client without cookies is good under the ID of its address") {
  Site site;
  RunOptions options = with_addresses();
  options.check_csrf_token = true;
  const Runner runner(
      site.store(),
      [](Request& request, Response& response) {
        if (request.method() == "POST") request.session().add("n", 1);
        response << request.link("/a") << ' ' << request.csrf_token();
      },
      options);
  const auto ask = [&](const std::string& method, const std::string& query, const std::string& token) {
    const std::string answer = runner.run(
        web::environment_of({{"REQUEST_METHOD", method}, {"QUERY_STRING", query}, {"HTTP_X_CSRF_TOKEN", token}}),
        body_of(""));
    return answer.starts_with("Status: 200 ") ? answer.substr(answer.find("\r\n\r\n") + 4) : "";
  };
  const std::string page = ask("GET", "", "");
  REQUIRE(page.starts_with("/a?s="));
  CHECK(site.sessions().empty());
  const std::string query = page.substr(3, page.find(' ') - 3);
  const std::string token = page.substr(page.find(' ') + 1);
  CHECK(ask("POST", "", token).empty());
  CHECK(ask("POST", query, "wrong").empty());
  CHECK(!ask("POST", query, token).empty());
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("a parameter's name that would have to be quoted is refused") {
  RunOptions options = run_options();
  for (const char* name : {"s d", "s=", "s&", "\"", "s\n", "ä", "s;"}) {
    options.cookies.address_parameter = name;
    CHECK_THROWS_AS(web::SessionCookies{options.cookies}, UsageError);
  }
}

}  // namespace
}  // namespace sess::test
