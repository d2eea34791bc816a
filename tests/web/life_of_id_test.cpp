// What a request may do by what its cookie names: stale, superseded and regenerated sessions.
#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "web/site.hpp"

namespace sess::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using web::Mode;
using web::RequestSession;

void count(RequestSession& session) { session.editor().add("n", 1); }
std::int64_t n_of(const Result<Snapshot>& session) { return session->get<std::int64_t>("n").value_or(0); }

/// A browser whose anonymous session has expired.
Browser returning(Site& site, bool swept) {
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  site.advance(hours(1));
  if (swept) REQUIRE(site.store().gc().expired >= 1);
  return browser;
}

/// Two requests of one browser that begin before either has ended; each writes what it is told.
struct Pair {
  Pair(Site& site, const Browser& browser) : first(site.request(browser)), second(site.request(browser)) {
    REQUIRE(first.start().ok());
    REQUIRE(second.start().ok());
  }
  RequestSession first;
  RequestSession second;
};

TEST_CASE("requests with one expired cookie work on one new session, in whatever order their answers arrive") {
  for (const bool swept : {false, true}) {
    for (const bool in_order : {true, false}) {
      CAPTURE(swept);
      CAPTURE(in_order);
      Site site;
      Browser browser = returning(site, swept);
      const std::string before = browser.value("sid");
      Pair requests(site, browser);
      CHECK_FALSE(requests.first.exists());
      requests.first.editor().set("cart", "tea");
      requests.second.editor().set("captcha", "7XK2");
      std::vector<web::Finished> answers{requests.first.finish(), requests.second.finish()};
      if (!in_order) std::swap(answers[0], answers[1]);
      for (const web::Finished& answer : answers) {
        CHECK(answer.status.ok());
        browser.receive(answer.set_cookie);
      }
      CHECK(browser.value("sid") != before);
      CHECK(site.session(browser)->get<std::string>("cart") == "tea");
      CHECK(site.session(browser)->get<std::string>("captcha") == "7XK2");
      CHECK_FALSE(site.session(browser)->has("n"));  // of the session that has expired
      CHECK(site.sessions().size() == 1);
    }
  }
}

TEST_CASE("a request with an expired cookie reads what another one has made, and is given its ID") {
  Site site;
  const Browser lost = returning(site, true);  // its answer does not arrive
  Browser browser = lost;
  Browser other = lost;
  REQUIRE(site.visit(other, count).ok());
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       CHECK(session.exists());
                       CHECK(session.editor().get<int>("n") == 1);
                     })
              .ok());
  CHECK(browser.value("sid") == other.value("sid"));
  REQUIRE(site.visit(browser, count).ok());
  CHECK(n_of(site.session(other)) == 2);
}

TEST_CASE("a request that read nothing and finds something by now is run again") {
  Site site;
  const Browser browser = returning(site, true);
  Pair requests(site, browser);
  CHECK_FALSE(requests.first.editor().get<int>("n"));
  requests.first.editor().set("n", 10);
  count(requests.second);
  REQUIRE(requests.second.finish().status.ok());
  REQUIRE(requests.first.finish().status == Outcome::conflict);
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    REQUIRE(requests.first.start(mode).ok());
    const int n = requests.first.editor().get<int>("n").value_or(0);
    CHECK(n == (mode == Mode::merge ? 1 : 2));
    requests.first.editor().set("n", n + 1);
    REQUIRE(requests.first.finish().status.ok());
  }
}

TEST_CASE("a request with an expired cookie that takes longer than a session may be idle is told that it is too late") {
  Site site({.idle_timeout = minutes(20)});
  Browser browser = returning(site, true);
  Pair requests(site, browser);
  count(requests.first);
  const web::Finished first = requests.first.finish();
  REQUIRE(first.status.ok());
  browser.receive(first.set_cookie);
  for (int i = 0; i < 3; ++i) {
    site.advance(minutes(15));
    REQUIRE(site.visit(browser, count).ok());
  }
  count(requests.second);
  const web::Finished second = requests.second.finish();
  // With a second successor the browser would lose the first.
  CHECK(second.status == Outcome::gone);
  CHECK(second.set_cookie.empty());
  CHECK(n_of(site.session(browser)) == 4);
}

TEST_CASE("a request that has read a successor which was ended meanwhile does not set its cookie") {
  Site site({.idle_timeout = minutes(20)});
  Browser browser = returning(site, true);
  Browser other = browser;
  REQUIRE(site.visit(other, count).ok());
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  CHECK(n_of(site.session(other)) == session.editor().get<int>("n"));
  REQUIRE(site.store().destroy(*site.store().parse(other.value("sid"))).ok());
  const web::Finished finished = session.finish();
  CHECK(finished.status.ok());
  CHECK(finished.set_cookie.empty());
}

TEST_CASE("an expired or ended authenticated session has no successor") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.authenticate("ann"); }).ok());
  site.advance(hours(1));
  Pair requests(site, browser);
  for (RequestSession* request : {&requests.first, &requests.second}) {
    CHECK_FALSE(request->exists());
    CHECK_FALSE(request->principal());
    count(*request);
    const web::Finished answer = request->finish();
    CHECK(answer.status.ok());
    REQUIRE(answer.set_cookie.size() == 1);
    CHECK(answer.set_cookie[0].starts_with("sid="));
  }
}

TEST_CASE("several logins at once with one anonymous cookie each get a session that works, with what was in it") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Site site;
    Browser browser;
    REQUIRE(site.visit(browser, count).ok());
    Pair requests(site, browser);
    for (auto [request, principal] : {std::pair(&requests.first, "ann"), std::pair(&requests.second, "bob")}) {
      Browser own = browser;
      if (mode == Mode::locked) {
        const Status again = request->start(mode);
        if (principal == std::string("bob")) {
          CHECK(again == Outcome::superseded);  // by the first login: the client comes again, with both cookies
          break;
        }
      }
      request->authenticate(principal);
      const web::Finished answer = request->finish();
      REQUIRE(answer.status.ok());
      own.receive(answer.set_cookie);
      CHECK(own.value("sid") == browser.value("sid"));
      REQUIRE(site.visit(own, [&](RequestSession& session) { CHECK(session.principal() == principal); }).ok());
      CHECK(n_of(site.session(own, "sid-auth")) == 1);
    }
  }
}

TEST_CASE("a superseded session can be read by requests that still come with its ID, and not be written") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  const Browser late = browser;  // a request that left before the answer to the login
  Pair under_way(site, browser);
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.authenticate("ann"); }).ok());

  // It was live when they started.
  CHECK(under_way.first.editor().get<int>("n") == 1);
  CHECK(under_way.first.finish().status.ok());
  count(under_way.second);
  const web::Finished refused = under_way.second.finish();
  CHECK(refused.status == Outcome::superseded);
  CHECK(refused.set_cookie.empty());

  for (const Mode mode : {Mode::merge, Mode::locked}) {
    RequestSession session = site.request(late);
    REQUIRE(session.start(mode).ok());
    CHECK(session.superseded());
    CHECK(session.exists());
    CHECK_FALSE(session.principal());
    CHECK(session.editor().get<int>("n") == 1);
    CHECK(session.finish().status.ok());
    REQUIRE(session.start(mode).ok());
    count(session);
    CHECK(session.finish().status == Outcome::superseded);
  }
  CHECK(n_of(site.session(browser, "sid-auth")) == 1);

  // A login with it, such as the second click on a button, has what the first one has.
  Browser other = late;
  REQUIRE(site.visit(other, [](RequestSession& session) { session.authenticate("ann"); }).ok());
  CHECK(n_of(site.session(other, "sid-auth")) == 1);

  // After the grace time it is one that has expired.
  site.advance(seconds(31));
  Browser back = late;
  REQUIRE(site.visit(back,
                     [](RequestSession& session) {
                       CHECK_FALSE(session.exists());
                       count(session);
                     })
              .ok());
  CHECK(n_of(site.session(back)) == 1);
}

TEST_CASE("regenerate gives the session of a login a new ID, and keeps what is in it") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Site site;
    Browser browser;
    REQUIRE(site.visit(browser,
                       [](RequestSession& session) {
                         count(session);
                         session.authenticate("ann");
                       })
                .ok());
    const Browser before = browser;
    RequestSession session = site.request(browser);
    REQUIRE(session.start(mode).ok());
    count(session);
    session.regenerate();
    const web::Finished answer = session.finish();
    REQUIRE(answer.status.ok());
    REQUIRE(answer.set_cookie.size() == 1);
    CHECK(answer.set_cookie[0].starts_with("sid-auth="));
    browser.receive(answer.set_cookie);
    CHECK(browser.value("sid-auth") != before.value("sid-auth"));
    CHECK(n_of(site.session(browser, "sid-auth")) == 2);
    CHECK(site.session(before, "sid-auth").outcome() == Outcome::superseded);
    REQUIRE(site.visit(browser, [&](RequestSession& next) { CHECK(next.principal() == "ann"); }).ok());

    // Who comes with the old ID sees who it was, and changes nothing; a login would be undone by the new cookie.
    for (const auto& work :
         {+[](RequestSession& late) { late.regenerate(); }, +[](RequestSession& late) { count(late); },
          +[](RequestSession& late) { late.authenticate("ann"); },
          +[](RequestSession& late) { late.authenticate("bob"); }}) {
      RequestSession late = site.request(before);
      REQUIRE(late.start().ok());
      CHECK(late.superseded());
      CHECK(late.principal() == "ann");
      work(late);
      CHECK(late.finish().status == Outcome::superseded);
    }
    CHECK(site.sessions().size() == 1);
  }
}

TEST_CASE("a login beside a regeneration is sent again, so that the new cookie cannot replace that of the login") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.authenticate("ann"); }).ok());
  Pair requests(site, browser);
  requests.first.regenerate();
  requests.second.authenticate("bob");
  const web::Finished regenerated = requests.first.finish();
  CHECK(regenerated.status.ok());
  CHECK(requests.second.finish().status == Outcome::superseded);
  browser.receive(regenerated.set_cookie);
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.authenticate("bob"); }).ok());
  REQUIRE(site.visit(browser, [](RequestSession& session) { CHECK(session.principal() == "bob"); }).ok());
}

TEST_CASE("an anonymous session keeps its ID: regenerate is a mistake there") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  CHECK_THROWS_AS(session.regenerate(), UsageError);
}

TEST_CASE("a logout with the ID from before a regeneration ends what the session has become") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.authenticate("ann"); }).ok());
  Browser other_tab = browser;
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.regenerate(); }).ok());
  REQUIRE(site.visit(other_tab, [](RequestSession& session) { session.logout(); }).ok());
  CHECK(site.sessions().empty());
  CHECK(!site.session(browser, "sid-auth"));
}

TEST_CASE("a logout with an expired anonymous cookie ends what came after it") {
  Site site;
  Browser browser = returning(site, true);
  Browser other_tab = browser;
  REQUIRE(site.visit(browser, count).ok());
  REQUIRE(site.visit(other_tab, [](RequestSession& session) { session.logout(); }).ok());
  CHECK(site.sessions().empty());
  CHECK(!site.session(browser));
}

TEST_CASE("where there is nothing to regenerate nothing happens") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.regenerate(); }).ok());
  CHECK(browser.header().empty());
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       session.regenerate();
                       count(session);
                     })
              .ok());
  CHECK(n_of(site.session(browser)) == 1);
}

}  // namespace
}  // namespace sess::test
