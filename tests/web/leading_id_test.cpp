// Who has an earlier ID of a login, which leads on: what he gets, for how long, and what the user loses by it.
#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "web/renewing_user.hpp"

namespace sess::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using web::Mode;
using web::RequestSession;

TEST_CASE("who logs others out is not left with somebody who comes with the ID before within the grace time") {
  RenewingUser user;
  Browser thief = user.browser;
  REQUIRE(user.visit(count).ok());
  user.site.advance(hours(1));
  REQUIRE(user.visit([](RequestSession& session) { session.logout_others(); }).ok());
  user.site.advance(seconds(5));
  {
    RequestSession session = user.request(thief);
    REQUIRE(session.start().ok());
    const auto finished = session.finish();
    CHECK(finished.set_cookie.empty());
    thief.receive(finished.set_cookie);
  }
  user.site.advance(hours(1));
  CHECK(user.principal(thief) == "nobody");
}

TEST_CASE("an ID whose new ID has come back brings that to nobody any more") {
  RenewingUser user;
  Browser before = user.browser;
  REQUIRE(user.visit(count).ok());
  user.site.advance(hours(1));
  REQUIRE(user.visit(count).ok());  // came back
  user.site.advance(seconds(5));
  RequestSession session = user.request(before);
  REQUIRE(session.start().ok());
  before.receive(session.finish().set_cookie);
  user.site.advance(hours(1));
  CHECK(user.principal(before) == "nobody");
}

TEST_CASE("a user one of whose answers is lost stays in for an idle timeout since the last visit") {
  for (const bool arrives : {true, false}) {
    INFO("arrives ", arrives);
    RenewingUser user;
    REQUIRE(user.visit(count, arrives).ok());
    user.site.advance(seconds(29));
    REQUIRE(user.visit(count).ok());
    REQUIRE(user.sent.empty());
    user.site.advance(10 * day - seconds(15));
    CHECK(user.principal(user.browser) == "ann");
  }
}

TEST_CASE("a user two of whose answers are lost stays in for an idle timeout since the last") {
  RenewingUser user;
  REQUIRE(user.visit(count, false).ok());
  user.site.advance(day);
  REQUIRE(user.visit(count, false).ok());
  REQUIRE(user.sent.size() == 1);
  user.site.advance(10 * day - hours(1));
  CHECK(user.principal(user.browser) == "ann");
}

TEST_CASE("a longer idle timeout or lifetime that is set by the request whose answer is lost is in force") {
  for (const bool arrives : {true, false}) {
    for (const Mode mode : {Mode::merge, Mode::locked}) {
      INFO("arrives ", arrives);
      RenewingUser idle;
      REQUIRE(idle.visit([](RequestSession& session) { session.editor().set_idle_timeout(100 * day); }, arrives, mode)
                  .ok());
      REQUIRE(idle.sent.size() == 1);
      idle.site.advance(20 * day);
      CHECK(idle.principal(idle.browser) == "ann");
      RenewingUser life({.idle_timeout = 10 * day, .lifetime = 5 * day});
      REQUIRE(
          life.visit([](RequestSession& session) { session.editor().set_lifetime(100 * day); }, arrives, mode).ok());
      life.site.advance(5 * day);
      CHECK(life.principal(life.browser) == "ann");
    }
  }
}

TEST_CASE("a longer idle timeout that is set soon after an answer was lost is in force") {
  for (const bool arrives : {true, false}) {
    INFO("arrives ", arrives);
    RenewingUser user;
    REQUIRE(user.visit(count, arrives).ok());
    user.site.advance(seconds(5));
    REQUIRE(user.visit([](RequestSession& session) { session.editor().set_idle_timeout(100 * day); }).ok());
    user.site.advance(20 * day);
    CHECK(user.principal(user.browser) == "ann");
  }
}

TEST_CASE("a clock that was ahead and is put right holds off no login") {
  RenewingUser user;
  user.site.advance(hours(5));  // wrong
  REQUIRE(user.visit(count, false).ok());
  REQUIRE(user.sent.size() == 1);
  user.site.advance(-hours(5));  // put right
  user.site.advance(minutes(5));
  CHECK(user.visit(count).ok());
  CHECK(user.sent.size() == 1);
  user.site.advance(seconds(31));
  CHECK(user.visit(log_in).ok());
}

TEST_CASE("a clock that was ahead when the new ID was sent a second time, and is put right, holds off no login") {
  RenewingUser user;
  REQUIRE(user.visit(count, false).ok());
  user.site.advance(hours(5));  // wrong
  REQUIRE(user.visit(count).ok());
  REQUIRE(user.sent.size() == 1);
  user.site.advance(-hours(5));  // put right
  user.site.advance(minutes(5));
  CHECK(user.visit(log_in).ok());
}

TEST_CASE("a program that clears the session does not make a login forget that an answer is on its way") {
  RenewingUser user;
  const Browser before = user.browser;
  REQUIRE(user.visit(count).ok());  // arrives
  const Browser after = user.browser;
  user.site.advance(seconds(32));
  RequestSession clearing = user.request(after);
  REQUIRE(clearing.start().ok());
  clearing.renew(false);
  clearing.editor().clear();
  // A slow request of the same client: its answer is under way.
  RequestSession slow = user.request(before);
  REQUIRE(slow.start().ok());
  const auto late = slow.finish().set_cookie;
  REQUIRE(late.size() == 1);
  REQUIRE(clearing.finish().status.ok());
  // 307, then as often as it takes.
  const Status status = user.visit([](RequestSession& session) { session.authenticate("bob"); });
  user.browser.receive(late);
  if (status.ok()) CHECK(user.principal(user.browser) == "bob");
}

/// A user whose session has room for so many bytes more.
struct NearLimit : RenewingUser {
  explicit NearLimit(std::size_t left)
      : RenewingUser({.idle_timeout = 10 * day, .lifetime = 1000 * day, .size_limit = 1000}) {
    site.advance(-2 * day);
    const auto fill = [&](std::size_t n) {
      return visit([&](RequestSession& session) { session.editor().set("x", std::string(n, 'x')); }).ok();
    };
    std::size_t fits = 500;
    try {
      while (fill(fits)) ++fits;
    } catch (const TooLarge&) {
      REQUIRE(fill(fits - 1 - left));
    }
    site.advance(2 * day);
  }
};

TEST_CASE("a session near the size limit can be read when a new ID is due") {
  // 48 bytes are what a login's first new ID needed before (sess.csrf).
  for (const std::size_t left : {std::size_t{48}, std::size_t{70}}) {
    INFO("bytes left ", left);
    NearLimit user(left);
    CHECK(user.visit(read).ok());
  }
}

TEST_CASE("a write beside a new ID that is sent a second time is not refused") {
  RenewingUser user;
  const Browser before = user.browser;
  REQUIRE(user.visit(count).ok());
  user.site.advance(2 * day);
  RequestSession writing = user.request(user.browser);  // its first visit with the new ID, which is due again
  REQUIRE(writing.start().ok());
  count(writing);
  RequestSession slow = user.request(before);
  REQUIRE(slow.start().ok());
  REQUIRE(slow.finish().set_cookie.size() == 1);
  CHECK(writing.finish().status.ok());
}

TEST_CASE("an earlier ID gives nothing after what ends or replaces the session") {
  struct Way {
    const char* name;
    Work work;
  };
  const Way ways[] = {{"logout", [](RequestSession& s) { s.logout(); }},
                      {"everywhere", [](RequestSession& s) { s.logout_everywhere(); }},
                      {"other principal", [](RequestSession& s) { s.authenticate("bob"); }},
                      {"same principal", [](RequestSession& s) { s.authenticate("ann"); }},
                      {"new ID", [](RequestSession& s) { s.regenerate(); }},
                      {"new ID alone", [](RequestSession& s) {
                         s.regenerate();
                         s.logout_others();
                       }}};
  for (const Way& way : ways) {
    for (const bool back : {false, true}) {   // the new ID has come back before
      for (const bool led : {false, true}) {  // by a client that has but the earlier one
        for (const bool logs_first : {false, true}) {
          INFO(way.name, " back ", back, " led ", led);
          RenewingUser user({.idle_timeout = 10 * day, .lifetime = 1000 * day, .sealed = logs_first});
          Browser thief = user.browser;
          REQUIRE(user.visit(count, !led).ok());
          user.site.advance(hours(1));
          if (back && !led) REQUIRE(user.visit(count).ok());
          REQUIRE(user.visit(way.work).ok());
          for (int i = 0; i < 5; ++i) {
            RequestSession session = user.request(thief);
            REQUIRE(session.start().ok());
            CHECK(session.principal() != "bob");
            const web::Finished finished = session.finish();
            CHECK(finished.set_cookie.empty());
            thief.receive(finished.set_cookie);
            user.site.advance(seconds(8));
          }
          CHECK(user.principal(thief) == "nobody");
        }
      }
    }
  }
}

TEST_CASE("an earlier ID gives nothing after all sessions of the principal were ended") {
  RenewingUser user;
  const Browser before = user.browser;
  REQUIRE(user.visit(count).ok());
  REQUIRE(user.site.store().destroy_principal("ann").ok());
  CHECK(user.principal(before) == "nobody");
  CHECK(user.principal(user.browser) == "nobody");
}

TEST_CASE("of two sessions of logins none is used, under an earlier ID either") {
  RenewingUser user;
  const std::string before = user.browser.value("sid-auth");
  REQUIRE(user.visit(count).ok());
  const std::string after = user.browser.value("sid-auth");
  user.browser = Browser();
  REQUIRE(user.visit(log_in).ok());
  const std::string other = user.browser.value("sid-auth");
  const auto principal_of = [&](const std::vector<std::string>& ids) {
    std::string header;
    for (const std::string& id : ids) header += (header.empty() ? "sid-auth=" : "; sid-auth=") + id;
    RequestSession session(user.site.store(), user.cookies, header);
    REQUIRE(session.start().ok());
    return session.principal().value_or("nobody");
  };
  CHECK(principal_of({before, other}) == "nobody");
  CHECK(principal_of({other, before}) == "nobody");
  CHECK(principal_of({before, after, other}) == "nobody");
  CHECK(principal_of({before, other, after}) == "nobody");
  CHECK(principal_of({other, before, after}) == "nobody");
  CHECK(principal_of({before, after}) == "ann");
}

TEST_CASE("whoever logs others out by an ID whose new one was lost leaves nobody in with the ID before that") {
  RenewingUser user;
  Browser thief = user.browser;
  REQUIRE(user.visit(count).ok());
  user.site.advance(2 * day);
  REQUIRE(user.visit(count, false).ok());  // came back, and the next is lost
  REQUIRE(user.sent.size() == 1);
  user.site.advance(hours(1));
  REQUIRE(user.visit([](RequestSession& session) { session.logout_others(); }).ok());
  CHECK(user.sent.size() == 1);
  CHECK(user.principal(thief) == "nobody");
  user.site.advance(seconds(40));
  CHECK(user.principal(user.browser) == "ann");
}

}  // namespace
}  // namespace sess::test
