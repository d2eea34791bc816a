// The answer that was to bring a new ID, by rolling renewal of a login, never arrives: nobody is logged out by that,
// and nobody else stays in.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "web/renewing_user.hpp"

namespace sess::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using web::Mode;
using web::RequestSession;

TEST_CASE("a user whose new ID was lost on its way goes on with the one before, and gets the new one later") {
  for (const bool sealed : {false, true}) {
    for (const Mode mode : {Mode::merge, Mode::locked}) {
      RenewingUser user({.idle_timeout = 10 * day, .lifetime = 1000 * day, .sealed = sealed});
      const std::string before = user.id();
      REQUIRE(user.visit(count, false, mode).ok());
      REQUIRE(user.sent.size() == 1);
      // It may be on its way yet.
      for (int i = 0; i < 3; ++i) {
        CHECK(user.visit(count, true, mode).ok());
        CHECK(user.sent.size() == 0);
      }
      CHECK(user.id() == before);
      CHECK(user.principal(user.browser) == "ann");
      user.site.advance(seconds(32));
      REQUIRE(user.visit(read, true, mode).ok());
      CHECK(user.sent.size() == 1);
      CHECK(user.id() != before);
      CHECK(user.counted() == 5);
      CHECK(user.site.sessions().size() == 1);
    }
  }
}

TEST_CASE("a user all of whose new IDs are lost for days stays logged in") {
  RenewingUser user;
  for (int i = 0; i < 40; ++i) {
    REQUIRE(user.visit(i % 2 == 0 ? Work(count) : Work(read), false).ok());
    CHECK(user.principal(user.browser) == "ann");
    user.site.advance(hours(5));
  }
  REQUIRE(user.visit(read).ok());
  CHECK(user.sent.size() == 1);
  CHECK(user.counted() == 21);
}

TEST_CASE("the ID before leads to the new one for no longer than the grace time after that has come back") {
  RenewingUser user;
  const Browser before = user.browser;
  REQUIRE(user.visit(count).ok());
  user.site.advance(hours(1));
  CHECK(user.principal(before) == "ann");  // nobody knows that it has arrived
  REQUIRE(user.visit(read).ok());
  CHECK(user.principal(before) == "ann");
  user.site.advance(seconds(29));
  CHECK(user.principal(before) == "ann");
  user.site.advance(seconds(2));
  CHECK(user.principal(before) == "nobody");
  CHECK(user.counted() == 2);
  // Once: what needs no more doing costs nothing.
  const auto generation = user.site.session(user.browser, "sid-auth")->facts().generation;
  REQUIRE(user.visit(read).ok());
  CHECK(user.site.session(user.browser, "sid-auth")->facts().generation == generation);
}

TEST_CASE("a poll that does not renew does not end the ID before either") {
  RenewingUser user;
  const Browser before = user.browser;
  REQUIRE(user.visit(count).ok());
  REQUIRE(user.visit([](RequestSession& session) { session.renew(false); }).ok());
  user.site.advance(hours(1));
  CHECK(user.principal(before) == "ann");
}

TEST_CASE("the ID before leads nowhere once an idle timeout has passed") {
  RenewingUser user;
  REQUIRE(user.visit(count, false).ok());
  user.site.advance(9 * day);
  CHECK(user.principal(user.browser) == "ann");
  user.site.advance(2 * day);
  CHECK(user.principal(user.browser) == "nobody");
}

TEST_CASE("a logout with the ID before ends the session") {
  RenewingUser user;
  const Browser before = user.browser;
  REQUIRE(user.visit(count).ok());
  const Browser after = user.browser;
  user.browser = before;
  REQUIRE(user.visit([](RequestSession& session) { session.logout(); }).ok());
  CHECK(user.site.sessions().empty());
  CHECK(user.principal(before) == "nobody");
  CHECK(user.principal(after) == "nobody");
}

TEST_CASE("who logs others out is not left with somebody who knows the ID before") {
  RenewingUser user;
  const Browser before = user.browser;
  REQUIRE(user.visit(count).ok());
  bool renews = true;
  SUBCASE("by a request that renews the session") {}
  SUBCASE("by one that does not") { renews = false; }
  REQUIRE(user.visit([&](RequestSession& session) {
                session.renew(renews);
                session.logout_others();
              })
              .ok());
  user.site.advance(seconds(31));
  CHECK(user.principal(before) == "nobody");
  CHECK(user.principal(user.browser) == "ann");
}

TEST_CASE("who logs others out when a new ID is due stays in, whatever becomes of the answer") {
  for (const bool arrives : {true, false}) {
    RenewingUser user;
    REQUIRE(user.visit([](RequestSession& session) { session.logout_others(); }, arrives).ok());
    CHECK(user.sent.size() == 0);
    user.site.advance(seconds(40));
    CHECK(user.principal(user.browser) == "ann");
  }
}

TEST_CASE(
    "a login, a new ID or an end of others waits while an answer may be on its way that would replace its cookie") {
  const Work works[] = {log_in, [](RequestSession& session) { session.regenerate(); },
                        [](RequestSession& session) { session.logout_others(); }};
  for (const Work& work : works) {
    RenewingUser user;
    REQUIRE(user.visit(count, false).ok());
    CHECK(user.visit(work) == Outcome::superseded);
    CHECK(user.sent.size() == 0);
    CHECK(user.counted() == 2);
    user.site.advance(seconds(32));
    CHECK(user.visit(work).ok());
    CHECK(user.sent.size() == 1);
    CHECK(user.counted() == 2);
    user.site.advance(seconds(32));
    CHECK(user.principal(user.browser) == "ann");
  }
}

TEST_CASE("a login waits where the same ID has been sent again lately, although one answer with it has arrived") {
  RenewingUser user;
  const Browser before = user.browser;
  REQUIRE(user.visit(count).ok());  // arrives
  const Browser after = user.browser;
  user.site.advance(seconds(32));
  user.browser = before;
  REQUIRE(user.visit(read, false).ok());  // a slow request of the same client: its answer is under way
  REQUIRE(user.sent.size() == 1);
  user.browser = after;
  CHECK(user.visit(log_in) == Outcome::superseded);
  CHECK(user.visit([](RequestSession& session) { session.regenerate(); }) == Outcome::superseded);
  user.site.advance(seconds(31));
  CHECK(user.visit(log_in).ok());
}

TEST_CASE("a request that takes longer than the grace time, beside a new ID, can be sent again and is written") {
  RenewingUser user;
  RequestSession slow(user.site.store(), user.cookies, user.browser.header());
  REQUIRE(slow.start().ok());
  REQUIRE(user.visit(count, false).ok());
  user.site.advance(seconds(45));
  count(slow);
  CHECK(slow.finish().status == Outcome::superseded);
  CHECK(user.visit(count).ok());
  CHECK(user.counted() == 3);
}

TEST_CASE("two requests that find the new ID lost send the same one") {
  RenewingUser user;
  REQUIRE(user.visit(count, false).ok());
  user.site.advance(seconds(32));
  Browser browsers[] = {user.browser, user.browser};
  RequestSession first(user.site.store(), user.cookies, user.browser.header());
  RequestSession second(user.site.store(), user.cookies, user.browser.header());
  REQUIRE(first.start().ok());
  REQUIRE(second.start().ok());
  const auto sent = first.finish().set_cookie;
  REQUIRE(sent.size() == 1);
  CHECK(second.finish().set_cookie.empty());
  browsers[0].receive(sent);
  CHECK(user.principal(browsers[0]) == "ann");
  CHECK(user.principal(browsers[1]) == "ann");
}

TEST_CASE("a client that sends both IDs has the session under the new one") {
  RenewingUser user;
  std::string before = user.id();
  REQUIRE(user.visit(count).ok());
  for (const bool old_first : {true, false}) {
    const std::string header =
        old_first ? "sid-auth=" + before + "; sid-auth=" + user.id() : "sid-auth=" + user.id() + "; sid-auth=" + before;
    RequestSession session(user.site.store(), user.cookies, header);
    REQUIRE(session.start().ok());
    CHECK(session.principal() == "ann");
    // No answer with the new ID is under way any more.
    session.regenerate();
    const web::Finished finished = session.finish();
    CHECK(finished.status.ok());
    REQUIRE(finished.set_cookie.size() == 1);
    CHECK(user.site.store().destroy(*user.site.store().parse(user.id())).ok());
    user.browser = Browser();
    REQUIRE(user.visit(log_in).ok());
    user.site.advance(2 * day);
    before = user.id();
    REQUIRE(user.visit(count).ok());
  }
}

TEST_CASE("a token of a form stays good where the new ID was lost, and comes again") {
  RenewingUser user;
  const auto token_of = [&](bool arrives) {
    RequestSession session(user.site.store(), user.cookies, user.browser.header());
    REQUIRE(session.start().ok());
    std::string token = session.csrf_token();
    const web::Finished finished = session.finish();
    if (arrives) user.browser.receive(finished.set_cookie);
    session.complete(token);
    return token;
  };
  const auto is_good = [&](const std::string& token) {
    RequestSession session(user.site.store(), user.cookies, user.browser.header());
    REQUIRE(session.start().ok());
    return session.check_csrf_token(token);
  };
  std::vector<std::string> tokens{token_of(false), token_of(true)};
  user.site.advance(seconds(32));
  tokens.push_back(token_of(true));
  tokens.push_back(token_of(true));
  for (const std::string& token : tokens) CHECK(is_good(token));
}

}  // namespace
}  // namespace sess::test
