// Logout: final, whatever else happens.
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "web/site.hpp"

namespace sess::test {
namespace {

using web::Mode;
using web::RequestSession;

void put_pear(RequestSession& session) { session.editor().add("pears", 1); }

std::function<void(RequestSession&)> login_of(const std::string& user) {
  return [user](RequestSession& session) { session.authenticate(user); };
}

void put_pear_and_log_in(RequestSession& session) {
  put_pear(session);
  session.authenticate("ann");
}

/// A browser with the cookies of one visit.
Browser browser_after(Site& site, const std::function<void(RequestSession&)>& work) {
  Browser browser;
  REQUIRE(site.visit(browser, work).ok());
  return browser;
}

void log_in(Site& site, Browser& browser, const std::string& user) {
  REQUIRE(site.visit(browser, login_of(user)).ok());
}

/// One header with the cookies of several browsers.
std::string cookies_of(const std::vector<Browser>& browsers) {
  std::string header;
  for (const Browser& browser : browsers) header += (header.empty() ? "" : "; ") + browser.header();
  return header;
}

TEST_CASE("a logout that fails for one session ends the others all the same") {
  Site site;
  const Browser browser = browser_after(site, login_of("ann"));
  const Browser other = browser_after(site, put_pear);
  RequestSession session = site.request(cookies_of({browser, other}));
  REQUIRE(session.start().ok());
  session.logout();
  site.fail_next_unlink();
  CHECK_THROWS_AS(static_cast<void>(session.finish()), IoError);
  CHECK(site.sessions().size() == 1);
  CHECK(!site.session(other));
}

TEST_CASE("logout ends every session that the cookies name, and removes both cookies") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Site site;
    Browser browser = browser_after(site, login_of("ann"));
    Browser other = browser_after(site, put_pear);
    RequestSession session = site.request(cookies_of({browser, other}));
    REQUIRE(session.start(mode).ok());
    session.editor().set("dropped", 1);
    session.logout();
    CHECK(!session.principal());
    CHECK(!session.exists());
    CHECK(!session.editor().has("dropped"));
    const web::Finished finished = session.finish();
    CHECK(finished.status.ok());
    browser.receive(finished.set_cookie);
    other.receive(finished.set_cookie);
    CHECK(browser.header().empty());
    CHECK(other.header().empty());
    CHECK(site.sessions().empty());
    CHECK(finished.set_cookie.size() == 2);
  }
}

TEST_CASE("logout of two live authenticated sessions ends both, although neither was used") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Site site;
    const Browser ann = browser_after(site, login_of("ann"));
    const Browser bob = browser_after(site, login_of("bob"));
    const Browser anonymous = browser_after(site, put_pear);
    RequestSession session = site.request(cookies_of({ann, bob, anonymous}));
    REQUIRE(session.start(mode).ok());
    CHECK(session.editor().has("pears"));
    session.logout();
    CHECK(session.finish().status.ok());
    CHECK(site.sessions().empty());
  }
}

TEST_CASE("logout where nobody is logged in, or twice, is no error") {
  Site site;
  Browser browser;
  const auto twice = [](RequestSession& session) {
    session.logout();
    session.logout();
  };
  CHECK(site.visit(browser, twice).ok());
  REQUIRE(site.visit(browser, login_of("ann")).ok());
  const Browser before = browser;
  CHECK(site.visit(browser, twice).ok());
  Browser again = before;
  CHECK(site.visit(again, twice).ok());
  CHECK(again.header().empty());
}

TEST_CASE("logout succeeds although its session has ended meanwhile") {
  Site site;
  Browser browser = browser_after(site, login_of("ann"));
  CHECK(site.visit(browser,
                   [&](RequestSession& session) {
                     session.logout();
                     REQUIRE(site.store().destroy(*site.store().parse(browser.value("sid-auth"))).ok());
                   })
            .ok());
  CHECK(browser.header().empty());
}

TEST_CASE("what is written after a logout makes a new anonymous session") {
  Site site;
  Browser browser = browser_after(site, put_pear_and_log_in);
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       session.logout();
                       session.editor().set("notice", "logged out");
                     })
              .ok());
  CHECK(!browser.has("sid-auth"));
  const auto session = site.session(browser);
  REQUIRE(session);
  CHECK(session->get<std::string>("notice") == "logged out");
  CHECK(!session->has("pears"));
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("a logout and a login in one request end the old session and carry nothing") {
  Site site;
  Browser browser = browser_after(site, put_pear_and_log_in);
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       session.logout();
                       session.authenticate("ann");
                     })
              .ok());
  CHECK(!site.session(browser, "sid-auth")->has("pears"));
  CHECK(site.sessions().size() == 1);
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       session.authenticate("bob");
                       session.logout();
                     })
              .ok());
  CHECK(site.sessions().empty());
}

TEST_CASE("a request that was under way when somebody logged out does not bring the session back") {
  Site site;
  Browser browser = browser_after(site, login_of("ann"));
  const Browser before = browser;
  RequestSession in_flight = site.request(browser);
  REQUIRE(in_flight.start().ok());
  put_pear(in_flight);
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.logout(); }).ok());
  CHECK(in_flight.finish().status == Outcome::gone);
  Browser old = before;
  REQUIRE(site.visit(old, [](RequestSession& session) { CHECK(!session.principal()); }).ok());
  CHECK(site.sessions().empty());
}

TEST_CASE("logout everywhere ends the user's sessions in every browser, and those that are being made") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Site site;
    std::vector<Browser> browsers(3);
    for (Browser& browser : browsers) log_in(site, browser, "ann");
    Browser bob;
    log_in(site, bob, "bob");
    Browser late;
    RequestSession decided = site.request(late);
    REQUIRE(decided.start().ok());
    decided.authenticate("ann");

    RequestSession session = site.request(browsers[0]);
    REQUIRE(session.start(mode).ok());
    session.logout_everywhere();
    const web::Finished finished = session.finish();
    CHECK(finished.status.ok());
    browsers[0].receive(finished.set_cookie);
    CHECK(browsers[0].header().empty());
    for (const Browser& browser : {browsers[1], browsers[2]}) CHECK(!site.session(browser, "sid-auth"));
    CHECK(decided.finish().status == Outcome::gone);
    CHECK(site.session(bob, "sid-auth"));
    CHECK(site.sessions().size() == 1);
    log_in(site, browsers[0], "ann");
  }
}

TEST_CASE("logging out the others leaves the session that does it") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    for (const bool with_new_id : {false, true}) {
      Site site;
      Browser browser;
      Browser other;
      log_in(site, browser, "ann");
      log_in(site, other, "ann");
      RequestSession session = site.request(browser);
      REQUIRE(session.start(mode).ok());
      session.editor().set("theme", "dark");
      session.logout_others();
      if (with_new_id) session.regenerate();
      const web::Finished finished = session.finish();
      REQUIRE(finished.status.ok());
      browser.receive(finished.set_cookie);
      CHECK(!site.session(other, "sid-auth"));
      CHECK(site.session(browser, "sid-auth")->get<std::string>("theme") == "dark");
      CHECK(site.sessions().size() == 1);
    }
  }
}

TEST_CASE("a login that comes with the end of all others is the only session of the user") {
  Site site;
  Browser browser;
  Browser other;
  log_in(site, other, "ann");
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       session.authenticate("ann");
                       session.logout_others();
                     })
              .ok());
  CHECK(site.sessions().size() == 1);
  REQUIRE(site.visit(browser, [](RequestSession& session) { CHECK(session.principal() == "ann"); }).ok());
}

TEST_CASE("a login after the end of everything, in one request, stays") {
  for (const char* user : {"ann", "bob"}) {
    Site site;
    Browser browser;
    Browser other;
    log_in(site, browser, "ann");
    log_in(site, other, "ann");
    REQUIRE(site.visit(browser,
                       [&](RequestSession& session) {
                         session.logout_everywhere();
                         session.authenticate(user);
                       })
                .ok());
    CHECK(!site.session(other, "sid-auth"));
    REQUIRE(site.visit(browser, [&](RequestSession& session) { CHECK(session.principal() == user); }).ok());
  }
}

TEST_CASE("to log out everywhere or the others where nobody is logged in is no error") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.logout_everywhere(); }).ok());
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       session.logout_others();
                       session.editor().set("n", 1);
                     })
              .ok());
  CHECK(site.session(browser)->get<int>("n") == 1);
}

TEST_CASE("another session that cannot be ended does not cost the user's own, and is told") {
  Site site({.lock_timeout = std::chrono::milliseconds(0)});
  Browser browser;
  Browser other;
  log_in(site, browser, "ann");
  log_in(site, other, "ann");
  const auto held = site.store().lock(*site.store().parse(other.value("sid-auth")));
  REQUIRE(held);
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  session.regenerate();
  session.logout_others();
  const web::Finished finished = session.finish();
  CHECK(finished.status.ok());
  CHECK(finished.others == Outcome::busy);
  REQUIRE(finished.set_cookie.size() == 1);
  browser.receive(finished.set_cookie);
  REQUIRE(site.visit(browser, [](RequestSession& next) { CHECK(next.principal() == "ann"); }).ok());
}

TEST_CASE("logout everywhere that meets a locked session ends its own last, so that it can be asked for again") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Site site({.lock_timeout = std::chrono::milliseconds(0)});
    Browser browser;
    Browser other;
    log_in(site, browser, "ann");
    log_in(site, other, "ann");
    for (const bool is_held : {true, false}) {
      Result<Session> held = Outcome::absent;
      if (is_held) held = site.store().lock(*site.store().parse(other.value("sid-auth")));
      RequestSession session = site.request(browser);
      REQUIRE(session.start(mode).ok());
      CHECK(session.principal() == "ann");
      session.logout_everywhere();
      CHECK(session.finish().status == (is_held ? Outcome::busy : Outcome::ok));
    }
    CHECK(site.sessions().empty());
  }
}

TEST_CASE("to log out the others with an ID that was replaced does not end what the session has become") {
  Site site;
  Browser browser;
  log_in(site, browser, "ann");
  const Browser late = browser;
  RequestSession under_way = site.request(late);
  REQUIRE(under_way.start().ok());
  under_way.logout_others();
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.regenerate(); }).ok());
  CHECK(under_way.finish().others == Outcome::superseded);
  RequestSession again = site.request(late);
  REQUIRE(again.start().ok());
  again.logout_others();
  CHECK(again.finish().status == Outcome::superseded);
  REQUIRE(site.visit(browser, [](RequestSession& session) { CHECK(session.principal() == "ann"); }).ok());
}

}  // namespace
}  // namespace sess::test
