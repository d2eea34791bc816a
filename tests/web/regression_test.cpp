// Faults of the web layer that were found once, each by what must not come back; under a system whose calls fail.
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/forwarding_system.hpp"
#include "support/store_world.hpp"
#include "web/site.hpp"

namespace sess::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using web::Mode;
using web::RequestSession;

using Work = std::function<void(RequestSession&)>;

void count(RequestSession& session) { session.editor().add("n", 1); }
Work login_of(const std::string& user) {
  return [user](RequestSession& session) { session.authenticate(user); };
}

/// A store on a disk that fails when it is told to. Its idle timeout is 24 minutes, its lifetime 8 hours.
struct World {
  std::shared_ptr<FakeSystem> system = std::make_shared<FakeSystem>();
  Store store = open_store(system, "/srv/store", {.create = true});
  std::shared_ptr<const web::SessionCookies> cookies =
      std::make_shared<const web::SessionCookies>(run_options().cookies);

  /// A whole request; the browser receives what it sets.
  web::Finished visit(Browser& browser, const Work& work, Mode mode = Mode::merge) {
    RequestSession session(store, cookies, browser.header());
    REQUIRE(session.start(mode).ok());
    work(session);
    web::Finished finished = session.finish();
    browser.receive(finished.set_cookie);
    return finished;
  }
  /// A browser that has been here before.
  Browser visitor(const Work& work) {
    Browser browser;
    REQUIRE(visit(browser, work).status.ok());
    return browser;
  }
  /// What a runner answers to a request of this browser.
  std::string ask(const Browser& browser, web::Handler handler, std::vector<Status>* statuses = nullptr) {
    web::RunOptions options = run_options();
    options.on_response = [&](const web::HttpRequest&, const web::Response&, Status status) {
      if (statuses != nullptr) statuses->push_back(status);
    };
    return web::Runner(store, std::move(handler), options)
        .run(web::environment_of({{"HTTP_COOKIE", browser.header()}}), body_of(""));
  }
  SessionId id(const Browser& browser, const std::string& cookie = "sid") {
    return store.parse(browser.value(cookie)).value();
  }
  Result<Snapshot> session(const Browser& browser, const std::string& cookie = "sid") {
    return store.snapshot(id(browser, cookie));
  }
  std::size_t sessions() {
    std::size_t found = 0;
    store.list([&](const SessionEntry&) { return ++found != 0; });
    return found;
  }
};

// ---- what fails where the request has not failed ---------------------------------------------------------------

/// What a disk may do to a touch once the request has read its session.
const std::vector<Fault> renewal_faults{
    {.call = Call::set_times, .nth = 1, .error = EIO, .repeat = Repeat::for_good, .path = {}, .executed = false},
    {.call = Call::set_times, .nth = 1, .error = EROFS, .repeat = Repeat::for_good, .path = {}, .executed = false},
    // Opened once to look whether the renewal is due, which a read-only disk allows, and then to be locked.
    {.call = Call::open, .nth = 2, .error = EROFS, .repeat = Repeat::for_good, .path = {}, .executed = false},
    {.call = Call::open, .nth = 1, .error = EIO, .repeat = Repeat::for_good, .path = {}, .executed = false}};

TEST_CASE_FIXTURE(World, "a request that only reads is not failed by a renewal that fails") {
  for (const Fault& fault : renewal_faults) {
    CAPTURE(to_string(*fault.call));
    CAPTURE(fault.error);
    Browser browser = visitor(count);
    const SessionFacts before = session(browser)->facts();
    system->advance(minutes(10));
    const auto reading = [&](RequestSession& session) {
      CHECK(session.editor().get<int>("n") == 1);
      system->fail(fault);
    };
    const web::Finished finished = visit(browser, reading);
    CHECK(finished.status.ok());
    CHECK(finished.set_cookie.empty());
    system->clear_faults();
    const auto after = session(browser);
    REQUIRE(after);
    CHECK(after->get<int>("n") == 1);
    CHECK(after->facts().generation == before.generation);
    CHECK(after->facts().deadline == before.deadline);

    std::vector<Status> statuses;
    const std::string answer = ask(
        browser,
        [&](web::Request& request, web::Response& response) {
          response << request.session().get<int>("n").value_or(0);
          system->fail(fault);
        },
        &statuses);
    system->clear_faults();
    CHECK(answer.starts_with("Status: 200 "));
    CHECK(answer.ends_with("\r\n\r\n1"));
    REQUIRE(statuses.size() == 1);
    CHECK(statuses[0].ok());
    CHECK(session(browser)->facts().deadline == before.deadline);
    // The next request renews.
    CHECK(visit(browser, [](RequestSession&) {}).status.ok());
    CHECK(session(browser)->facts().deadline == before.deadline + minutes(10));
  }
}

TEST_CASE_FIXTURE(World, "under the lock a request that only read was failed by a renewal that failed") {
  Browser browser = visitor(count);
  system->advance(minutes(10));
  system->fail(Call::set_times, 1, EIO, Repeat::for_good);
  CHECK(visit(
            browser, [](RequestSession&) {}, Mode::locked)
            .status.ok());
  system->clear_faults();
  CHECK(session(browser)->get<int>("n") == 1);
}

TEST_CASE_FIXTURE(World, "a logout whose sync fails has ended the session, and says that it may come back") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Browser browser = visitor(login_of("ann"));
    const Browser before = browser;
    const auto failing = [&](RequestSession& session) {
      session.logout();
      system->fail(Call::sync, 1, EIO);
    };
    CHECK(visit(browser, failing, mode).status == Outcome::durability_unknown);
    CHECK(browser.header().empty());
    CHECK(session(before, "sid-auth").outcome() == Outcome::absent);
  }
  const Browser browser = visitor(login_of("ann"));
  std::vector<Status> statuses;
  const std::string answer = ask(
      browser,
      [&](web::Request& request, web::Response& response) {
        request.logout();
        response << "goodbye";
        system->fail(Call::sync, 1, EIO);
      },
      &statuses);
  CHECK(answer.starts_with("Status: 200 "));
  CHECK(answer.ends_with("\r\n\r\ngoodbye"));
  CHECK(answer.find("\r\nSet-Cookie: sid-auth=; Path=/; Max-Age=0;") != std::string::npos);
  CHECK(answer.find("\r\nSet-Cookie: sid=; Path=/; Max-Age=0;") != std::string::npos);
  REQUIRE(statuses.size() == 1);
  CHECK(statuses[0] == Outcome::durability_unknown);
  CHECK(sessions() == 0);
}

TEST_CASE_FIXTURE(World, "a login whose old session's end is not synced has happened, and says so") {
  // The directory of her record in the index is there from now on.
  static_cast<void>(visitor(login_of("ann")));
  // The first sync is that of her record, without which there is no session; the second that of the new session, the
  // third that of the old one's end.
  {
    Browser browser = visitor(count);
    const auto failing = [&](RequestSession& session) {
      session.authenticate("ann");
      system->fail(Call::sync, 1, EIO);
    };
    CHECK_THROWS_AS(static_cast<void>(visit(browser, failing)), IoError);
    CHECK(session(browser).outcome() == Outcome::ok);
    CHECK(sessions() == 2);
  }
  for (const std::uint64_t nth : {2U, 3U}) {
    for (const Mode mode : {Mode::merge, Mode::locked}) {
      CAPTURE(nth);
      Browser browser = visitor(count);
      const auto failing = [&](RequestSession& session) {
        session.authenticate("ann");
        system->clear_log();
        system->fail(Call::sync, nth, EIO);
      };
      CHECK(visit(browser, failing, mode).status == Outcome::durability_unknown);
      const std::vector<LoggedCall> log = system->log();
      // The old session's record is replaced.
      const auto replaced = std::ranges::find_if(log, [&](const LoggedCall& call) {
        return call.call == Call::rename && call.path.ends_with(record_file(id(browser)));
      });
      const auto unsynced =
          std::ranges::find_if(log, [](const LoggedCall& call) { return call.call == Call::sync && call.result < 0; });
      REQUIRE(replaced != log.end());
      REQUIRE(unsynced != log.end());
      CHECK((replaced < unsynced) == (nth == 3));
      CHECK(session(browser).outcome() == Outcome::superseded);
      CHECK(session(browser, "sid-auth")->get<int>("n") == 1);
    }
  }
  const Browser browser = visitor(count);
  std::vector<Status> statuses;
  const std::string answer = ask(
      browser,
      [&](web::Request& request, web::Response&) {
        request.authenticate("ann");
        system->fail(Call::sync, 2, EIO);
      },
      &statuses);
  CHECK(answer.starts_with("Status: 200 "));
  CHECK(answer.find("\r\nSet-Cookie: sid-auth=") != std::string::npos);
  REQUIRE(statuses.size() == 1);
  CHECK(statuses[0] == Outcome::durability_unknown);
}

TEST_CASE_FIXTURE(World, "the sync of a new session hid that the end of the old one was not synced") {
  for (const Work& after : {login_of("bob"), Work(count)}) {
    Browser browser = visitor(login_of("ann"));
    const auto failing = [&](RequestSession& session) {
      session.logout();
      after(session);
      system->fail(Call::sync, 1, EIO);
    };
    CHECK(visit(browser, failing).status == Outcome::durability_unknown);
    CHECK(!browser.header().empty());
  }
}

// ---- what fails -------------------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(World, "a logout that cannot end one of several sessions ends the others, and throws") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    for (std::size_t failing = 0; failing < 3; ++failing) {
      CAPTURE(failing);
      const std::vector<SessionId> ids{id(visitor(login_of("ann")), "sid-auth"),
                                       id(visitor(login_of("bob")), "sid-auth"), id(visitor(count))};
      RequestSession session(
          store, cookies, "sid-auth=" + ids[0].reveal() + "; sid-auth=" + ids[1].reveal() + "; sid=" + ids[2].reveal());
      REQUIRE(session.start(mode).ok());
      count(session);
      session.logout();
      system->fail(Fault{.call = Call::unlink,
                         .nth = 1,
                         .error = EIO,
                         .repeat = Repeat::for_good,
                         .path = record_file(ids[failing]),
                         .executed = false});
      CHECK_THROWS_AS(static_cast<void>(session.finish()), IoError);
      system->clear_faults();
      for (std::size_t which = 0; which < ids.size(); ++which)
        CHECK(store.snapshot(ids[which]).outcome() == (which == failing ? Outcome::ok : Outcome::absent));
      REQUIRE(store.destroy(ids[failing]).ok());
    }
  }
}

TEST_CASE_FIXTURE(World, "a write that fails after a logout leaves the sessions ended, and no new one") {
  for (const Work& after : {login_of("bob"), Work(count)}) {
    Browser browser = visitor(login_of("ann"));
    RequestSession session(store, cookies, browser.header());
    REQUIRE(session.start().ok());
    session.logout();
    after(session);
    system->fail(Call::write, 1, EIO);
    CHECK_THROWS_AS(static_cast<void>(session.finish()), IoError);
    CHECK(this->session(browser, "sid-auth").outcome() == Outcome::absent);
    CHECK(sessions() == 0);
  }
}

// ---- deadlines --------------------------------------------------------------------------------------------------

TEST_CASE("a request that passes the idle deadline commits under the lock, and is gone without it") {
  for (const Work& work : {Work(count), login_of("ann")}) {
    for (const Mode mode : {Mode::merge, Mode::locked}) {
      for (const bool swept : {false, true}) {
        CAPTURE(swept);
        World world;
        Browser browser = world.visitor(count);
        const auto slow = [&](RequestSession& session) {
          work(session);
          world.system->advance(minutes(30));
          if (swept) CHECK(world.store.gc().expired == (mode == Mode::merge ? 1 : 0));
        };
        const web::Finished finished = world.visit(browser, slow, mode);
        if (mode == Mode::merge) {
          CHECK(finished.status == Outcome::gone);
          CHECK(finished.set_cookie.empty());
          CHECK(!world.session(browser));
        } else {
          CHECK(finished.status.ok());
          CHECK(world.session(browser, browser.has("sid-auth") ? "sid-auth" : "sid"));
        }
      }
    }
  }
}

TEST_CASE_FIXTURE(World, "a login under the lock carried what had outlived its lifetime") {
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

TEST_CASE_FIXTURE(World, "a request that does not renew renewed when it was run under the lock") {
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

TEST_CASE_FIXTURE(World, "a login has the timeouts of its request or the store's, not those of the session before") {
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

TEST_CASE_FIXTURE(World, "after a start that failed the principal was still that of the run before") {
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
