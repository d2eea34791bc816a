// What a store tells of requests: which session a login took the place of.
#include <doctest/doctest.h>

#include <functional>
#include <stdexcept>
#include <vector>

#include "support/events.hpp"
#include "web/site.hpp"

namespace sess::test {
namespace {

using Kind = Event::Kind;

TEST_CASE("a login by a request is told with the session whose place it takes, and that one's end") {
  ToldEvents told;
  Site site({.on_event = told.listener()});
  Browser browser;
  REQUIRE(site.visit(browser, [](web::RequestSession& session) { session.editor().set("cart", 1); }));
  const Event first = told.only();
  CHECK(first.kind == Kind::created);
  REQUIRE(site.visit(browser, [](web::RequestSession& session) { session.authenticate("ann"); }));
  const auto events = told.take();
  REQUIRE(kinds_of(events) == std::vector{Kind::authenticated, Kind::superseded});
  CHECK(events[0].replaced == first.key);
  CHECK(events[1].key == first.key);

  REQUIRE(site.visit(browser, [](web::RequestSession& session) { session.logout(); }));
  const auto ended = told.take();
  REQUIRE(kinds_of(ended) == std::vector{Kind::destroyed});
  CHECK(ended[0].key == events[0].key);
  CHECK(ended[0].principal == events[0].principal);
  // Of nothing: no session has been replaced.
  Browser fresh;
  REQUIRE(site.visit(fresh, [](web::RequestSession& session) { session.authenticate("ann"); }));
  CHECK_FALSE(told.only().replaced);
}

TEST_CASE("what a request has decided and not finished is told, unless an exception tells already") {
  ToldEvents told;
  Site site({.on_event = told.listener()});
  Browser browser;
  REQUIRE(site.visit(browser, [](web::RequestSession& session) { session.editor().set("cart", 1); }));
  const auto key = told.only().key;
  const auto forget_to_finish = [&](const std::function<void(web::RequestSession&)>& work) {
    web::RequestSession session = site.request(browser);
    REQUIRE(session.start());
    work(session);
  };
  forget_to_finish([](web::RequestSession& session) { session.editor().set("cart", 2); });
  const Event event = told.only();
  CHECK(event.kind == Kind::abandoned);
  CHECK(event.key == key);
  forget_to_finish([](web::RequestSession& session) { session.logout(); });
  CHECK(told.only().kind == Kind::abandoned);
  forget_to_finish([](web::RequestSession& session) { session.authenticate("ann"); });
  CHECK(told.only().kind == Kind::abandoned);
  forget_to_finish([](web::RequestSession& session) { session.editor().has("cart"); });
  try {
    forget_to_finish([](web::RequestSession& session) {
      session.editor().set("cart", 2);
      throw std::runtime_error("the handler's");
    });
  } catch (const std::runtime_error&) {
  }
  CHECK(told.take().empty());
  CHECK(site.session(browser)->get<int>("cart") == 1);
}

TEST_CASE("an ID that a request brings and that the store has never issued is told") {
  ToldEvents told;
  Site site({.on_event = told.listener()});
  REQUIRE(site.request("sid=forged; other=1").start(web::Mode::merge));
  CHECK(told.only().kind == Kind::refused_id);
}

}  // namespace
}  // namespace sess::test
