// The session of one request, short of login and logout: which one it is, when it is made, what is written.
#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "web/site.hpp"

namespace sess::test {
namespace {

using std::chrono::minutes;
using web::Mode;
using web::RequestSession;

void log_in(Site& site, Browser& browser, const std::string& user) {
  REQUIRE(site.visit(browser, [&](RequestSession& session) { session.authenticate(user); }).ok());
}

void count(RequestSession& session) { session.editor().add("n", 1); }

std::int64_t n_of(const Result<Snapshot>& session) { return session->get<std::int64_t>("n").value_or(0); }

TEST_CASE("nothing is created until something is written") {
  Site site;
  Browser browser;
  CHECK(site.visit(browser,
                   [](RequestSession& session) {
                     CHECK(!session.exists());
                     CHECK(!session.principal());
                     CHECK(!session.editor().get<int>("n"));
                     session.editor().erase("n");
                     session.editor().clear();
                   })
            .ok());
  CHECK(browser.header().empty());
  CHECK(site.sessions().empty());
}

TEST_CASE("the first write makes an anonymous session and sets its cookie alone") {
  Site site;
  Browser browser;
  CHECK(site.visit(browser, count).ok());
  CHECK(browser.has("sid"));
  CHECK(!browser.has("sid-auth"));
  const auto session = site.session(browser);
  REQUIRE(session);
  CHECK(session->facts().kind == SessionKind::anonymous);
  CHECK(n_of(session) == 1);
}

TEST_CASE("the next request finds the session, and needs no new cookie") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  CHECK(session.exists());
  CHECK(session.editor().get<int>("n") == 1);
  count(session);
  const web::Finished finished = session.finish();
  CHECK(finished.status.ok());
  CHECK(finished.set_cookie.empty());
  CHECK(n_of(site.session(browser)) == 2);
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("a request that changes nothing writes nothing") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  REQUIRE(site.visit(browser, [](RequestSession& session) { CHECK(session.editor().get<int>("n") == 1); }).ok());
  CHECK(site.session(browser)->facts().generation == 1);
}

TEST_CASE("timeouts that the first request sets are those of the session that it makes") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       count(session);
                       session.editor().set_idle_timeout(minutes(5));
                     })
              .ok());
  CHECK(site.session(browser)->facts().idle_timeout == minutes(5));
}

TEST_CASE("IDs that were never issued, of the wrong kind or of another store count as no cookie") {
  Site site;
  Site other({}, 2);
  Browser anonymous;
  Browser ann;
  Browser stranger;
  REQUIRE(site.visit(anonymous, count).ok());
  log_in(site, ann, "ann");
  REQUIRE(other.visit(stranger, count).ok());

  std::string forged = anonymous.value("sid");
  forged[10] = forged[10] == 'A' ? 'B' : 'A';
  for (const std::string& header :
       {"sid=" + forged, "sid=" + stranger.value("sid"), "sid-auth=" + anonymous.value("sid"),
        "sid=" + ann.value("sid-auth"), std::string("sid="), "sid=" + anonymous.value("sid") + "x",
        std::string("sid=../../etc/passwd"), "SID=" + anonymous.value("sid")}) {
    CAPTURE(header);
    RequestSession session = site.request(header);
    REQUIRE(session.start().ok());
    CHECK(!session.exists());
  }
}

TEST_CASE("a cookie that somebody planted before the right one does not hide it") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  RequestSession session = site.request("sid=rubbish; sid=\"" + browser.value("sid") + "\"; sid=");
  REQUIRE(session.start().ok());
  CHECK(session.exists());
}

TEST_CASE("the authenticated session wins where both cookies are live") {
  Site site;
  Browser anonymous;
  Browser ann;
  REQUIRE(site.visit(anonymous, count).ok());
  log_in(site, ann, "ann");
  RequestSession session = site.request(anonymous.header() + "; " + ann.header());
  REQUIRE(session.start().ok());
  CHECK(session.principal() == "ann");
  CHECK(!session.editor().has("n"));
}

TEST_CASE("the anonymous session is used where the authenticated one has expired") {
  Site site({.idle_timeout = minutes(10)});
  Browser browser;
  Browser ann;
  log_in(site, ann, "ann");
  site.advance(minutes(6));
  REQUIRE(site.visit(browser, count).ok());
  site.advance(minutes(6));
  RequestSession session = site.request(ann.header() + "; " + browser.header());
  REQUIRE(session.start().ok());
  CHECK(session.exists());
  CHECK(!session.principal());
  CHECK(session.editor().get<int>("n") == 1);
}

TEST_CASE("of two different live authenticated sessions neither is used") {
  Site site;
  Browser ann;
  Browser bob;
  Browser anonymous;
  log_in(site, ann, "ann");
  log_in(site, bob, "bob");
  REQUIRE(site.visit(anonymous, count).ok());
  RequestSession nobody = site.request(ann.header() + "; " + bob.header());
  REQUIRE(nobody.start().ok());
  CHECK(!nobody.exists());
  RequestSession session = site.request(bob.header() + "; " + ann.header() + "; " + anonymous.header());
  REQUIRE(session.start().ok());
  CHECK(!session.principal());
  CHECK(session.editor().get<int>("n") == 1);
  // The same one twice, or one that is dead, is no reason for doubt.
  RequestSession twice = site.request(ann.header() + "; " + ann.header());
  REQUIRE(twice.start().ok());
  CHECK(twice.principal() == "ann");
  REQUIRE(site.store().destroy(*site.store().parse(bob.value("sid-auth"))).ok());
  RequestSession once = site.request(bob.header() + "; " + ann.header());
  REQUIRE(once.start().ok());
  CHECK(once.principal() == "ann");
}

TEST_CASE("an expired session counts as none, swept or not, and a write makes a new one") {
  for (const bool swept : {false, true}) {
    CAPTURE(swept);
    Site site;
    Browser browser;
    REQUIRE(site.visit(browser, count).ok());
    const std::string old = browser.value("sid");
    site.advance(minutes(25));
    if (swept) CHECK(site.store().gc().expired == 1);
    REQUIRE(site.visit(browser, count).ok());
    CHECK(browser.value("sid") != old);
    CHECK(n_of(site.session(browser)) == 1);
  }
}

TEST_CASE("a request that only reads keeps the session alive, unless it says otherwise") {
  for (const bool renew : {true, false}) {
    CAPTURE(renew);
    Site site({.idle_timeout = minutes(10)});
    Browser browser;
    REQUIRE(site.visit(browser, count).ok());
    for (int round = 0; round < 3; ++round) {
      site.advance(minutes(4));
      REQUIRE(site.visit(browser, [&](RequestSession& session) { session.renew(renew); }).ok());
    }
    CHECK(site.session(browser).has_value() == renew);
    if (renew) CHECK(site.session(browser)->facts().generation == 1);
  }
}

TEST_CASE("a request that writes without renewing leaves the deadline where it was") {
  Site site({.idle_timeout = minutes(10)});
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  for (int round = 0; round < 2; ++round) {
    site.advance(minutes(4));
    REQUIRE(site.visit(browser,
                       [](RequestSession& session) {
                         session.renew(false);
                         count(session);
                       })
                .ok());
  }
  CHECK(n_of(site.session(browser)) == 3);
  site.advance(minutes(3));
  CHECK(!site.session(browser));
}

TEST_CASE("without finish nothing is written") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  {
    RequestSession session = site.request(browser);
    REQUIRE(session.start().ok());
    count(session);
  }
  const auto failing = [](RequestSession& session) {
    count(session);
    session.authenticate("ann");
    throw std::runtime_error("handler");
  };
  CHECK_THROWS_AS(static_cast<void>(site.visit(browser, failing)), std::runtime_error);
  Browser fresh;
  CHECK_THROWS_AS(static_cast<void>(site.visit(fresh, failing)), std::runtime_error);
  CHECK(n_of(site.session(browser)) == 1);
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("concurrent changes of different values, and sums, are merged") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  REQUIRE(site.visit(browser,
                     [&](RequestSession& session) {
                       session.editor().set("captcha", "1234");
                       CHECK(site.visit(browser, count).ok());
                       count(session);
                     })
              .ok());
  const auto session = site.session(browser);
  CHECK(n_of(session) == 3);
  CHECK(session->get<std::string>("captcha") == "1234");
}

TEST_CASE(
    "what was derived from a value that has changed meanwhile is a conflict, and starting again sees the new one") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  const auto increment = [&] { session.editor().set("n", session.editor().get<int>("n").value_or(0) + 10); };
  increment();
  REQUIRE(site.visit(browser, count).ok());
  CHECK(session.finish().status == Outcome::conflict);
  CHECK(n_of(site.session(browser)) == 2);
  REQUIRE(session.start().ok());
  increment();
  CHECK(session.finish().status.ok());
  CHECK(n_of(site.session(browser)) == 12);
}

TEST_CASE("started under the lock a request meets no conflict, and the lock ends with it") {
  Site site({.lock_timeout = std::chrono::milliseconds(0)});
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  RequestSession session = site.request(browser);
  REQUIRE(session.start(Mode::locked).ok());
  session.editor().set("n", session.editor().get<int>("n").value_or(0) + 10);
  CHECK(session.finish().status.ok());
  CHECK(n_of(site.session(browser)) == 11);
  CHECK(site.visit(browser, count).ok());
}

TEST_CASE("a session that another process has locked is busy, not gone") {
  Site site({.lock_timeout = std::chrono::milliseconds(0)});
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  Gate locked;
  Gate done;
  Child holder([&] {
    const auto session = site.store().lock(*site.store().parse(browser.value("sid")));
    locked.signal();
    done.wait();
  });
  REQUIRE(locked.wait());
  RequestSession session = site.request(browser);
  CHECK(session.start(Mode::locked) == Outcome::busy);
  CHECK_THROWS_AS(session.editor(), UsageError);
  CHECK(session.start().ok());
  count(session);
  CHECK(session.finish().status == Outcome::busy);
  done.signal();
  CHECK(holder.wait() == 0);
}

TEST_CASE("a session that ends while the request is under way is gone: nothing is written") {
  for (const bool swept : {false, true}) {
    CAPTURE(swept);
    Site site;
    Browser browser;
    REQUIRE(site.visit(browser, count).ok());
    RequestSession session = site.request(browser);
    REQUIRE(session.start().ok());
    count(session);
    if (swept) {
      site.advance(minutes(25));
      CHECK(site.store().gc().expired == 1);
    } else {
      REQUIRE(site.store().destroy(*site.store().parse(browser.value("sid"))).ok());
    }
    const web::Finished finished = session.finish();
    CHECK(finished.status == Outcome::gone);
    CHECK(finished.set_cookie.empty());
    CHECK(site.sessions().empty());
    // It was live when the request began, so starting again does not make it a request without a session.
    CHECK(session.start() == Outcome::gone);
    CHECK(session.start(Mode::locked) == Outcome::gone);
  }
}

TEST_CASE("a request that only read is done even if its session has ended meanwhile") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  CHECK(site.visit(
                browser,
                [&](RequestSession&) { REQUIRE(site.store().destroy(*site.store().parse(browser.value("sid"))).ok()); })
            .ok());
}

TEST_CASE("an object that is not started, or finished, cannot be used") {
  Site site;
  RequestSession session = site.request("");
  CHECK_THROWS_AS(session.editor(), UsageError);
  CHECK_THROWS_AS(session.authenticate("ann"), UsageError);
  CHECK_THROWS_AS(session.logout(), UsageError);
  CHECK_THROWS_AS(static_cast<void>(session.finish()), UsageError);
  REQUIRE(session.start().ok());
  CHECK(session.finish().status.ok());
  CHECK_THROWS_AS(static_cast<void>(session.finish()), UsageError);
  CHECK_THROWS_AS(session.editor(), UsageError);
}

}  // namespace
}  // namespace sess::test
