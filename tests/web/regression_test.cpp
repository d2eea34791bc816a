// Faults of the web layer that were found once, each by what must not come back. Those under a disk that fails:
// failing_disk_test.cpp.
#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/forwarding_system.hpp"
#include "web/fake_site.hpp"

namespace sess::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using web::Mode;
using web::RequestSession;

// ---- deadlines --------------------------------------------------------------------------------------------------

TEST_CASE("a request that passes the idle deadline commits under the lock, and is gone without it") {
  for (const Work& work : {Work(count), login_of("ann")}) {
    for (const Mode mode : {Mode::merge, Mode::locked}) {
      for (const bool swept : {false, true}) {
        CAPTURE(swept);
        FakeSite site;
        Browser browser = site.visitor(count);
        const auto slow = [&](RequestSession& session) {
          work(session);
          site.system->advance(minutes(30));
          if (swept) CHECK(site.store.gc().expired == (mode == Mode::merge ? 1 : 0));
        };
        const web::Finished finished = site.visit(browser, slow, mode);
        if (mode == Mode::merge) {
          CHECK(finished.status == Outcome::gone);
          CHECK(finished.set_cookie.empty());
          CHECK(!site.session(browser));
        } else {
          CHECK(finished.status.ok());
          CHECK(site.session(browser, browser.has("sid-auth") ? "sid-auth" : "sid"));
        }
      }
    }
  }
}

TEST_CASE_FIXTURE(FakeSite, "a login under the lock carried what had outlived its lifetime") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Browser browser = visitor(count);
    const auto slow = [&](RequestSession& session) {
      session.authenticate("ann");
      system->advance(hours(9));
    };
    CHECK(visit(browser, slow, mode).status == Outcome::gone);
    CHECK(!browser.has("sid-auth"));
    CHECK(sessions() == 0);
  }
}

TEST_CASE_FIXTURE(FakeSite, "a request that does not renew renewed when it was run under the lock") {
  for (const Work& work : {Work(count), Work([](RequestSession&) {})}) {
    Browser browser = visitor(count);
    const auto deadline = session(browser)->facts().deadline;
    system->advance(minutes(10));
    const auto polling = [&](RequestSession& session) {
      session.renew(false);
      work(session);
    };
    REQUIRE(visit(browser, polling, Mode::locked).status.ok());
    CHECK(session(browser)->facts().deadline == deadline);
    REQUIRE(visit(browser, work, Mode::locked).status.ok());
    CHECK(session(browser)->facts().deadline == deadline + minutes(10));
  }
}

TEST_CASE_FIXTURE(FakeSite, "a login has the timeouts of its request or the store's, not those of the session before") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    const auto short_lived = [](RequestSession& session) {
      count(session);
      session.editor().set_idle_timeout(minutes(5));
      session.editor().set_lifetime(hours(1));
    };
    Browser browser = visitor(short_lived);
    REQUIRE(session(browser)->facts().idle_timeout == minutes(5));
    REQUIRE(visit(browser, login_of("ann"), mode).status.ok());
    SessionFacts facts = session(browser, "sid-auth")->facts();
    CHECK(facts.idle_timeout == store.options().idle_timeout);
    CHECK(facts.absolute_deadline - facts.created == store.options().lifetime);
    const auto patient = [](RequestSession& session) {
      session.editor().set_idle_timeout(minutes(7));
      session.authenticate("ann");
      session.editor().set_lifetime(hours(2));
    };
    REQUIRE(visit(browser, patient, mode).status.ok());
    facts = session(browser, "sid-auth")->facts();
    CHECK(facts.idle_timeout == minutes(7));
    CHECK(facts.absolute_deadline - facts.created == hours(2));
  }
}

// ---- small things -----------------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(FakeSite, "after a start that failed the principal was still that of the run before") {
  Browser browser = visitor(count);
  RequestSession session(store, cookies, browser.header());
  REQUIRE(session.start().ok());
  session.authenticate("ann");
  REQUIRE(store.destroy(id(browser)).ok());
  CHECK(session.start() == Outcome::gone);
  CHECK(!session.principal());
}

TEST_CASE("a domain that no browser would match was accepted") {
  for (const char* domain : {"example.org.", "example..org", "..", "."}) {
    CAPTURE(domain);
    CHECK_THROWS_AS(web::set_cookie("a", "1", {.domain = domain}), UsageError);
  }
}

TEST_CASE("a cookie name that left no room for an ID was refused at the first session only") {
  CHECK_THROWS_AS(web::SessionCookies({.anonymous_name = std::string(4090, 'x')}), UsageError);
  CHECK_THROWS_AS(web::SessionCookies({.authenticated_name = std::string(4090, 'x')}), UsageError);
  CHECK_NOTHROW(web::SessionCookies({.authenticated_name = std::string(4000, 'x')}));
}

/// Chance that is not to be had, once.
class SystemWithoutChance : public ForwardingSystem {
 public:
  SystemWithoutChance() : ForwardingSystem(std::make_shared<FakeSystem>()) {}
  int random(std::span<std::byte> buffer) override {
    if (until_failure > 0 && --until_failure == 0) return -EIO;
    return ForwardingSystem::random(buffer);
  }
  int until_failure = 0;
};

TEST_CASE("a login that was committed lost its cookie because there was no chance for the token of its answer") {
  int failures = 0;
  for (int nth = 1; nth <= 6; ++nth) {
    const auto system = std::make_shared<SystemWithoutChance>();
    const Store store = open_store(system, "/srv/store", {.create = true});
    const auto cookies = std::make_shared<const web::SessionCookies>(run_options().cookies);
    Browser browser;
    {
      RequestSession session(store, cookies, "");
      REQUIRE(session.start().ok());
      session.editor().set("n", 1);
      browser.receive(session.finish().set_cookie);
    }
    RequestSession session(store, cookies, browser.header());
    REQUIRE(session.start().ok());
    static_cast<void>(session.csrf_token());
    session.authenticate("ann");
    system->until_failure = nth;
    bool failed = false;
    try {
      const web::Finished finished = session.finish();
      CHECK(finished.status.ok());
      browser.receive(finished.set_cookie);
    } catch (const IoError&) {
      failed = true;
      ++failures;
    }
    CHECK(browser.has("sid-auth") != failed);
    CHECK(store.snapshot(*store.parse(browser.value("sid"))).outcome() == (failed ? Outcome::ok : Outcome::superseded));
  }
  CHECK(failures > 0);
  CHECK(failures < 6);
}

}  // namespace
}  // namespace sess::test
