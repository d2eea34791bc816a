// CSRF tokens: whom they are given, what keeps them good, and who checks them.
#include <doctest/doctest.h>
#include <sess/error.hpp>

#include <chrono>
#include <map>
#include <set>
#include <string>

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

/// A page with a form: its token, as the browser gets it.
std::string load_form(Site& site, Browser& browser, const std::function<void(RequestSession&)>& work = {}) {
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  if (work) work(session);
  std::string token = session.csrf_token();
  const web::Finished finished = session.finish();
  REQUIRE(finished.status.ok());
  browser.receive(finished.set_cookie);
  session.complete(token);
  CHECK(token.size() == 86);
  return token;
}

bool accepted(Site& site, const Browser& browser, const std::string& token) {
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  return session.check_csrf_token(token);
}

void log_in(RequestSession& session) { session.authenticate("ann"); }
void count(RequestSession& session) { session.editor().add("n", 1); }

TEST_CASE("a token is good for the session that it was given to, and no other") {
  Site site;
  Browser ann;
  Browser bob;
  REQUIRE(site.visit(ann, log_in).ok());
  REQUIRE(site.visit(bob, [](RequestSession& session) { session.authenticate("bob"); }).ok());
  const std::string token = load_form(site, ann);
  CHECK(accepted(site, ann, token));
  CHECK(!accepted(site, bob, token));
  CHECK(!accepted(site, Browser(), token));
  CHECK(!accepted(site, ann, ""));
  CHECK(!accepted(site, ann, std::string(86, 'A')));
}

TEST_CASE("each response has another token, and all are good") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, log_in).ok());
  std::set<std::string> tokens;
  for (int i = 0; i < 10; ++i) tokens.insert(load_form(site, browser));
  CHECK(tokens.size() == 10);
  for (const std::string& token : tokens) CHECK(accepted(site, browser, token));
}

TEST_CASE("a form costs no session before it is sent") {
  Site site;
  Browser browser;
  const std::string token = load_form(site, browser);
  CHECK(site.sessions().empty());
  REQUIRE(browser.has("sid"));
  CHECK(accepted(site, browser, token));
  CHECK(!accepted(site, Browser(), token));
  // The same ID for the next form, and no new cookie.
  const std::string sid = browser.value("sid");
  const std::string second = load_form(site, browser);
  CHECK(browser.value("sid") == sid);
  CHECK(accepted(site, browser, token));
  CHECK(accepted(site, browser, second));
  CHECK(site.sessions().empty());
}

TEST_CASE("a form is good after another request of its browser has made the session") {
  Site site;
  Browser browser;
  const std::string token = load_form(site, browser);
  REQUIRE(site.visit(browser, count).ok());
  CHECK(site.sessions().size() == 1);
  CHECK(accepted(site, browser, token));
  CHECK(accepted(site, browser, load_form(site, browser)));
}

TEST_CASE("two requests that come with the ID of a form make one session") {
  Site site;
  Browser browser;
  load_form(site, browser);
  RequestSession first = site.request(browser);
  RequestSession second = site.request(browser);
  for (RequestSession* session : {&first, &second}) {
    REQUIRE(session->start().ok());
    count(*session);
  }
  for (RequestSession* session : {&first, &second}) {
    const web::Finished finished = session->finish();
    REQUIRE(finished.status.ok());
    browser.receive(finished.set_cookie);
  }
  CHECK(site.session(browser)->get<int>("n") == 2);
}

TEST_CASE("a form is good after its session has expired and goes on under a successor") {
  Site site({.idle_timeout = minutes(20)});
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  const std::string token = load_form(site, browser);
  site.advance(hours(1));
  Browser late = browser;
  CHECK(accepted(site, browser, token));
  REQUIRE(site.visit(browser, count).ok());
  CHECK(accepted(site, browser, token));
  CHECK(accepted(site, late, token));
}

TEST_CASE("a form of a session that began with a form is good after it has expired, however often") {
  Site site({.idle_timeout = minutes(20)});
  Browser browser;
  load_form(site, browser);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(site.visit(browser, count).ok());
    const std::string token = load_form(site, browser);
    site.advance(hours(1));
    CHECK(accepted(site, browser, token));
  }
}

TEST_CASE("the answer to a login has a token of the new session, and earlier ones are good no more") {
  Site site;
  Browser browser;
  const std::string before = load_form(site, browser);
  REQUIRE(accepted(site, browser, before));
  const std::string token = load_form(site, browser, log_in);
  CHECK(accepted(site, browser, token));
  CHECK(!accepted(site, browser, before));
}

TEST_CASE("a token stays good when its session gets a new ID, and when its user logs in again") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, log_in).ok());
  const std::string token = load_form(site, browser);
  Browser old = browser;
  const std::string during = load_form(site, browser, [](RequestSession& session) { session.regenerate(); });
  CHECK(browser.value("sid-auth") != old.value("sid-auth"));
  CHECK(accepted(site, browser, token));
  CHECK(accepted(site, browser, during));
  CHECK(accepted(site, old, token));
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.regenerate(); }).ok());
  CHECK(accepted(site, browser, token));
  REQUIRE(site.visit(browser, log_in).ok());
  CHECK(accepted(site, browser, token));
  CHECK(accepted(site, browser, during));
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.authenticate("bob"); }).ok());
  CHECK(!accepted(site, browser, token));
}

TEST_CASE("after a logout no token of the session is good, and its answer has one for the next form") {
  Site site;
  Browser browser;
  const std::string token = load_form(site, browser, log_in);
  const std::string next = load_form(site, browser, [](RequestSession& session) { session.logout(); });
  CHECK(!browser.has("sid-auth"));
  CHECK(!accepted(site, browser, token));
  CHECK(accepted(site, browser, next));
  CHECK(site.sessions().empty());
}

TEST_CASE("who plants an anonymous cookie knows no token of the login beside it") {
  Site site;
  Browser attacker;
  const std::string theirs = load_form(site, attacker);
  Browser victim;
  REQUIRE(site.visit(victim, log_in).ok());
  victim.receive({"sid=" + attacker.value("sid")});
  CHECK(!accepted(site, victim, theirs));
}

TEST_CASE("what a program does to the secret of its session's tokens is undone") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, log_in).ok());
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.regenerate(); }).ok());
  const std::string token = load_form(site, browser);
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       session.editor().erase("sess.csrf");
                       session.editor().set("sess.mine", 1);
                     })
              .ok());
  CHECK(accepted(site, browser, token));
  CHECK(!site.session(browser, "sid-auth")->has("sess.mine"));
  REQUIRE(
      site.visit(browser, [](RequestSession& session) { session.editor().set("sess.csrf", Value::Bytes(32)); }).ok());
  CHECK(accepted(site, browser, token));
}

TEST_CASE("a mark that was not made for this response stays what it is") {
  Site site;
  Browser browser;
  RequestSession earlier = site.request(browser);
  REQUIRE(earlier.start().ok());
  const std::string mark = earlier.csrf_token();
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  const std::string own = session.csrf_token();
  CHECK(own != mark);
  std::string text = mark + own + own.substr(0, own.size() - 1) + "?" + own;
  CHECK_THROWS_AS(session.complete(text), UsageError);
  REQUIRE(session.finish().status.ok());
  session.complete(text);
  CHECK(text.starts_with(mark));
  CHECK(text.size() == mark.size() + 86 + own.size() + 86);
}

// ---- the runner ---------------------------------------------------------------------------------------------

RunOptions checking() {
  RunOptions options = run_options();
  options.check_csrf_token = true;
  return options;
}

std::string ask(const Runner& runner, Browser& browser, std::map<std::string, std::string> variables,
                const std::string& body = {}) {
  variables.emplace("HTTP_COOKIE", browser.header());
  variables.emplace("CONTENT_LENGTH", std::to_string(body.size()));
  variables.emplace("CONTENT_TYPE", "application/x-www-form-urlencoded");
  std::string answer = runner.run(web::environment_of(variables), body_of(body));
  browser.receive_answer(answer);
  return answer;
}

TEST_CASE("a runner that checks tokens runs no handler for a form that has none") {
  Site site;
  int runs = 0;
  const Runner runner(
      site.store(),
      [&](Request& request, Response& response) {
        ++runs;
        request.session().add("n", 1);
        response << "<form>" << request.csrf_field() << "</form>";
        response.header("X-Token", request.csrf_token());
      },
      checking());
  Browser browser;
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "post", "ODD"})
    CHECK(ask(runner, browser, {{"REQUEST_METHOD", method}}).starts_with("Status: 403 "));
  CHECK(runs == 0);
  CHECK(site.sessions().empty());

  const std::string page = ask(runner, browser, {{"REQUEST_METHOD", "GET"}});
  REQUIRE(runs == 1);
  const std::string field = R"(<form><input type="hidden" name="csrf_token" value=")";
  const auto at = page.find(field);
  REQUIRE(at != std::string::npos);
  const std::string token = page.substr(at + field.size(), 86);
  CHECK(page.find("X-Token: " + token + "\r\n") != std::string::npos);
  CHECK(page.find("Content-Length: " + std::to_string(page.size() - page.find("\r\n\r\n") - 4)) != std::string::npos);

  CHECK(ask(runner, browser, {{"REQUEST_METHOD", "POST"}}, "csrf_token=" + token).starts_with("Status: 200 "));
  CHECK(ask(runner, browser, {{"REQUEST_METHOD", "DELETE"}, {"HTTP_X_CSRF_TOKEN", token}}).starts_with("Status: 200 "));
  Browser other;
  CHECK(ask(runner, other, {{"REQUEST_METHOD", "POST"}}, "csrf_token=" + token).starts_with("Status: 403 "));
  CHECK(runs == 3);
}

}  // namespace
}  // namespace sess::test
