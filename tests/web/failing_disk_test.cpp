// Requests while the disk fails: what was done is answered, what was not is not, and neither hides the other.
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "support/store_world.hpp"
#include "web/fake_site.hpp"

namespace sess::test {
namespace {

using std::chrono::minutes;
using web::Mode;
using web::RequestSession;

// ---- what fails where the request has not failed ---------------------------------------------------------------

/// What a disk may do to a touch once the request has read its session.
const std::vector<Fault> renewal_faults{
    {.call = Call::set_times, .nth = 1, .error = EIO, .repeat = Repeat::for_good, .path = {}, .executed = false},
    {.call = Call::set_times, .nth = 1, .error = EROFS, .repeat = Repeat::for_good, .path = {}, .executed = false},
    // Opened once to look whether the renewal is due, which a read-only disk allows, and then to be locked.
    {.call = Call::open, .nth = 2, .error = EROFS, .repeat = Repeat::for_good, .path = {}, .executed = false},
    {.call = Call::open, .nth = 1, .error = EIO, .repeat = Repeat::for_good, .path = {}, .executed = false}};

TEST_CASE_FIXTURE(FakeSite, "a request that only reads is not failed by a renewal that fails") {
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

TEST_CASE_FIXTURE(FakeSite, "under the lock a request that only read was failed by a renewal that failed") {
  Browser browser = visitor(count);
  system->advance(minutes(10));
  system->fail(Call::set_times, 1, EIO, Repeat::for_good);
  CHECK(visit(
            browser, [](RequestSession&) {}, Mode::locked)
            .status.ok());
  system->clear_faults();
  CHECK(session(browser)->get<int>("n") == 1);
}

TEST_CASE_FIXTURE(FakeSite, "a logout whose sync fails has ended the session, and says that it may come back") {
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

TEST_CASE_FIXTURE(FakeSite, "a login whose old session's end is not synced has happened, and says so") {
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

TEST_CASE_FIXTURE(FakeSite, "the sync of a new session hid that the end of the old one was not synced") {
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

TEST_CASE_FIXTURE(FakeSite, "a logout that cannot end one of several sessions ends the others, and throws") {
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

TEST_CASE_FIXTURE(FakeSite, "a write that fails after a logout leaves the sessions ended, and no new one") {
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

}  // namespace
}  // namespace sess::test
