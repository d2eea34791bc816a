// Login: every state that a request can be in.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "web/site.hpp"

namespace sess::test {
namespace {

using std::chrono::minutes;
using web::Mode;
using web::RequestSession;

void put_pear(RequestSession& session) { session.editor().add("pears", 1); }

std::function<void(RequestSession&)> login_of(const std::string& user) {
  return [user](RequestSession& session) { session.authenticate(user); };
}

std::int64_t pears_of(const Result<Snapshot>& session) { return session->get<std::int64_t>("pears").value_or(0); }

void end(Site& site, const std::string& id) { REQUIRE(site.store().destroy(*site.store().parse(id)).ok()); }

TEST_CASE("a login without a session makes an authenticated one and sets its cookie alone") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       session.editor().set("theme", "dark");
                       session.authenticate("ann");
                       CHECK(session.principal() == "ann");
                     })
              .ok());
  CHECK(!browser.has("sid"));
  const auto session = site.session(browser, "sid-auth");
  REQUIRE(session);
  CHECK(session->facts().kind == SessionKind::authenticated);
  CHECK(session->get<std::string>("theme") == "dark");
  REQUIRE(site.visit(browser, [](RequestSession& next) { CHECK(next.principal() == "ann"); }).ok());
}

TEST_CASE("a principal that is empty or has a zero byte is refused") {
  Site site;
  Browser browser;
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  CHECK_THROWS_AS(session.authenticate(""), UsageError);
  CHECK_THROWS_AS(session.authenticate(std::string_view("admin\0evil", 10)), UsageError);
  CHECK(!session.principal());
  CHECK(session.finish().status.ok());
}

TEST_CASE("a login carries the data of the anonymous session, and supersedes it") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, put_pear).ok());
  const std::string old = browser.value("sid");
  REQUIRE(site.visit(browser,
                     [&](RequestSession& session) {
                       session.authenticate("ann");
                       put_pear(session);
                       // What another request does until the login takes effect is carried as well.
                       REQUIRE(site.visit(browser, put_pear).ok());
                     })
              .ok());
  CHECK(browser.value("sid") == old);  // only the other cookie is set, so that no late answer can undo it
  CHECK(site.session(browser, "sid").outcome() == Outcome::superseded);
  CHECK(pears_of(site.session(browser, "sid-auth")) == 3);
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("a login again of the same principal has a new ID and the old data") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, login_of("ann")).ok());
  REQUIRE(site.visit(browser, put_pear).ok());
  const std::string old = browser.value("sid-auth");
  REQUIRE(site.visit(browser, login_of("ann")).ok());
  CHECK(browser.value("sid-auth") != old);
  CHECK(pears_of(site.session(browser, "sid-auth")) == 1);
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("a login again of the same principal counted its own session against the limit") {
  for (const bool refuse : {true, false}) {
    Site site({.sessions_per_principal = 2, .refuse_beyond_limit = refuse});
    Browser phone;
    Browser browser;
    REQUIRE(site.visit(phone, login_of("ann")).ok());
    REQUIRE(site.visit(browser, login_of("ann")).ok());
    CHECK(site.visit(browser, login_of("ann")).ok());
    CHECK(site.session(phone, "sid-auth").outcome() == Outcome::ok);
    CHECK(site.sessions().size() == 2);
  }
}

TEST_CASE("a login of another principal gets nothing of what the first one had") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Site site;
    Browser browser;
    REQUIRE(site.visit(browser, login_of("ann")).ok());
    REQUIRE(site.visit(browser, put_pear).ok());
    RequestSession session = site.request(browser);
    REQUIRE(session.start(mode).ok());
    session.editor().set("copied", session.editor().get<int>("pears").value_or(0));
    session.authenticate("bob");
    session.editor().set("theme", "dark");
    const web::Finished finished = session.finish();
    REQUIRE(finished.status.ok());
    browser.receive(finished.set_cookie);
    const auto bobs = site.session(browser, "sid-auth");
    REQUIRE(bobs);
    CHECK(bobs->get<std::string>("theme") == "dark");
    CHECK(!bobs->has("pears"));
    CHECK(!bobs->has("copied"));
    CHECK(site.sessions().size() == 1);
  }
}

TEST_CASE("a login under the lock carries the locked session's data") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, put_pear).ok());
  RequestSession session = site.request(browser);
  REQUIRE(session.start(Mode::locked).ok());
  put_pear(session);
  session.authenticate("ann");
  const web::Finished finished = session.finish();
  REQUIRE(finished.status.ok());
  browser.receive(finished.set_cookie);
  CHECK(pears_of(site.session(browser, "sid-auth")) == 2);
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("a login with an expired, destroyed or forged cookie starts from nothing") {
  for (const std::string cookie : {"sid", "sid-auth"}) {
    for (const std::string state : {"expired", "swept", "destroyed"}) {
      CAPTURE(cookie);
      CAPTURE(state);
      Site site;
      Browser browser;
      REQUIRE(site.visit(browser,
                         [&](RequestSession& session) {
                           put_pear(session);
                           if (cookie == "sid-auth") session.authenticate("ann");
                         })
                  .ok());
      if (state == "destroyed") end(site, browser.value(cookie));
      if (state != "destroyed") site.advance(minutes(25));
      if (state == "swept") CHECK(site.store().gc().expired == 1);
      REQUIRE(site.visit(browser, login_of("ann")).ok());
      CHECK(pears_of(site.session(browser, "sid-auth")) == 0);
    }
  }
}

TEST_CASE("a login with an expired cookie carries what another request with it has written since, and nothing older") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.editor().add("pears", 10); }).ok());
  site.advance(minutes(25));
  Browser late = browser;  // the answer with the successor's cookie has not come when the login is sent
  REQUIRE(site.visit(browser, put_pear).ok());
  REQUIRE(site.visit(late, login_of("ann")).ok());
  CHECK(pears_of(site.session(late, "sid-auth")) == 1);
  CHECK(site.session(browser, "sid").outcome() == Outcome::superseded);
}

TEST_CASE("a login is refused when its session has ended meanwhile") {
  for (const std::string first : {"", "ann", "bob"}) {
    CAPTURE(first);
    Site site;
    Browser browser;
    REQUIRE(site.visit(browser,
                       [&](RequestSession& session) {
                         put_pear(session);
                         if (!first.empty()) session.authenticate(first);
                       })
                .ok());
    RequestSession session = site.request(browser);
    REQUIRE(session.start().ok());
    session.authenticate("ann");
    end(site, browser.value(first.empty() ? "sid" : "sid-auth"));
    const web::Finished finished = session.finish();
    CHECK(finished.status == Outcome::gone);
    CHECK(finished.set_cookie.empty());
    CHECK(site.sessions().empty());
  }
}

TEST_CASE("a login that was decided by a value that has changed meanwhile is a conflict") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, put_pear).ok());
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  CHECK(session.editor().get<int>("pears") == 1);
  session.authenticate("ann");
  REQUIRE(site.visit(browser, put_pear).ok());
  CHECK(session.finish().status == Outcome::conflict);
  CHECK(site.sessions().size() == 1);
  REQUIRE(session.start().ok());
  CHECK(!session.principal());
  CHECK(session.editor().get<int>("pears") == 2);
  session.authenticate("ann");
  const web::Finished finished = session.finish();
  CHECK(finished.status.ok());
  browser.receive(finished.set_cookie);
  CHECK(pears_of(site.session(browser, "sid-auth")) == 2);
}

TEST_CASE("a login is synced before it is answered; the start of an anonymous session need not be") {
  Site site;
  Browser browser;
  const std::int64_t before = site.syncs();
  REQUIRE(site.visit(browser, put_pear).ok());
  CHECK(site.syncs() == before);
  REQUIRE(site.visit(browser, login_of("ann")).ok());
  CHECK(site.syncs() > before);
}

TEST_CASE("a login whose old session cannot be ended leaves the old one and no new one") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Site site;
    Browser browser;
    REQUIRE(site.visit(browser, put_pear).ok());
    RequestSession session = site.request(browser);
    REQUIRE(session.start(mode).ok());
    session.authenticate("ann");
    site.fail_next_unlink();
    CHECK_THROWS_AS(static_cast<void>(session.finish()), IoError);
    CHECK(site.sessions().size() == 1);
    CHECK(pears_of(site.session(browser)) == 1);
  }
}

TEST_CASE("the late answer of a request with an expired cookie does not end a login") {
  for (const bool login_answers_first : {true, false}) {
    Site site;
    Browser browser;
    REQUIRE(site.visit(browser, put_pear).ok());
    site.advance(minutes(25));
    RequestSession poll = site.request(browser);
    RequestSession login = site.request(browser);
    REQUIRE(poll.start().ok());
    REQUIRE(login.start().ok());
    poll.editor().add("polls", 1);
    login.authenticate("ann");
    const web::Finished polled = poll.finish();
    const web::Finished logged_in = login.finish();
    browser.receive(login_answers_first ? logged_in.set_cookie : polled.set_cookie);
    browser.receive(login_answers_first ? polled.set_cookie : logged_in.set_cookie);
    REQUIRE(site.visit(browser, [](RequestSession& session) { CHECK(session.principal() == "ann"); }).ok());
  }
}

TEST_CASE("the principal is written by authenticate alone") {
  Site site;
  Browser browser;
  // An anonymous session belongs to nobody, whatever it says.
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       session.editor().set("sess.principal", "bob");
                       put_pear(session);
                     })
              .ok());
  CHECK(!site.session(browser)->has("sess.principal"));
  REQUIRE(site.visit(browser, [](RequestSession& session) { session.editor().set("sess.principal", "bob"); }).ok());
  REQUIRE(site.visit(browser, [](RequestSession& session) { CHECK(!session.principal()); }).ok());
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       session.editor().set("sess.principal", "bob");
                       session.authenticate("ann");
                     })
              .ok());
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    for (int way = 0; way < 3; ++way) {
      RequestSession session = site.request(browser);
      REQUIRE(session.start(mode).ok());
      CHECK(session.principal() == "ann");
      if (way == 0) session.editor().set("sess.principal", "bob");
      if (way == 1) session.editor().erase("sess.principal");
      if (way == 2) session.editor().clear();
      CHECK(session.finish().status.ok());
    }
  }
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       CHECK(session.principal() == "ann");
                       CHECK(!session.editor().has("pears"));
                     })
              .ok());
}

TEST_CASE("an empty principal is nobody's") {
  Site site;
  RequestSession session = site.request("");
  REQUIRE(session.start().ok());
  CHECK_THROWS_AS(session.authenticate(""), UsageError);
}

TEST_CASE("a planted login is not taken beside one whose ID was replaced, and what that goes on as is") {
  Site site;
  Browser victim;
  Browser mallory;
  REQUIRE(site.visit(victim, [](RequestSession& session) { session.authenticate("ann"); }).ok());
  REQUIRE(site.visit(mallory, [](RequestSession& session) { session.authenticate("mallory"); }).ok());
  const std::string old = "sid-auth=" + victim.value("sid-auth");
  REQUIRE(site.visit(victim, [](RequestSession& session) { session.regenerate(); }).ok());
  const std::string next = "sid-auth=" + victim.value("sid-auth");
  const std::string planted = "sid-auth=" + mallory.value("sid-auth");
  const auto who = [&](const std::string& header) {
    RequestSession session = site.request(header);
    REQUIRE(session.start().ok());
    return session.principal().value_or("nobody");
  };
  CHECK(who(old + "; " + planted) == "nobody");
  CHECK(who(planted + "; " + old) == "nobody");
  CHECK(who(next + "; " + planted) == "nobody");
  CHECK(who(old + "; " + next) == "ann");
  CHECK(who(next + "; " + old) == "ann");
  CHECK(who(old) == "ann");
}

}  // namespace
}  // namespace sess::test
