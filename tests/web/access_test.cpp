// How a request uses its session: modes, renewal, and addresses that never touch it.
#include <doctest/doctest.h>
#include <sess/error.hpp>

#include <chrono>
#include <string>

#include "web/site.hpp"

namespace sess::test {
namespace {

using std::chrono::minutes;
using web::Access;
using web::HttpRequest;
using web::Mode;
using web::Request;
using web::RequestSession;
using web::Response;
using web::Runner;
using web::RunOptions;

void count(RequestSession& session) { session.editor().add("n", 1); }

RunOptions with_access(const Access& access) {
  RunOptions options = run_options();
  options.access = [access](const HttpRequest&) { return access; };
  options.on_error = [](const std::exception_ptr&) {};
  return options;
}

std::string ask(const Runner& runner, const Browser& browser) {
  return runner.run(web::environment_of({{"HTTP_COOKIE", browser.header()}}), body_of(""));
}

TEST_CASE("a request that reads a snapshot sees its session and renews it") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  const auto before = site.session(browser)->facts();
  site.advance(minutes(10));
  RequestSession session = site.request(browser);
  REQUIRE(session.start(Mode::snapshot).ok());
  CHECK(session.editor().get<int>("n") == 1);
  CHECK(session.finish().status.ok());
  const auto after = site.session(browser)->facts();
  CHECK(after.generation == before.generation);
  CHECK(after.deadline == before.deadline + minutes(10));
}

TEST_CASE("a request that reads a snapshot does not wait for who holds the session's lock") {
  Site site({.lock_timeout = std::chrono::milliseconds(0)});
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  const auto held = site.store().lock(*site.store().parse(browser.value("sid")));
  REQUIRE(held);
  RequestSession session = site.request(browser);
  CHECK(session.start(Mode::snapshot).ok());
  CHECK(session.finish().status.ok());
}

TEST_CASE("whatever would change a session that is only read is refused, and nothing is written") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  RequestSession session = site.request(browser);
  REQUIRE(session.start(Mode::snapshot).ok());
  CHECK_THROWS_AS(session.authenticate("ann"), UsageError);
  CHECK_THROWS_AS(session.regenerate(), UsageError);
  CHECK_THROWS_AS(session.logout(), UsageError);
  CHECK_THROWS_AS(session.logout_everywhere(), UsageError);
  CHECK_THROWS_AS(session.logout_others(), UsageError);
  count(session);
  CHECK_THROWS_AS(static_cast<void>(session.finish()), UsageError);
  CHECK(site.session(browser)->get<int>("n") == 1);

  RequestSession without = site.request(Browser());
  REQUIRE(without.start(Mode::snapshot).ok());
  count(without);
  CHECK_THROWS_AS(static_cast<void>(without.finish()), UsageError);
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("a runner reads a snapshot where it is told to") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  const Runner reading(
      site.store(),
      [](Request& request, Response& response) { response << request.session().get<int>("n").value_or(0); },
      with_access({.mode = Mode::snapshot}));
  CHECK(ask(reading, browser).ends_with("\r\n\r\n1"));
  const Runner writing(
      site.store(), [](Request& request, Response&) { request.session().add("n", 1); },
      with_access({.mode = Mode::snapshot}));
  CHECK(ask(writing, browser).starts_with("Status: 500 "));
  CHECK(site.session(browser)->get<int>("n") == 1);
}

TEST_CASE("a runner locks the session before the handler where it is told to") {
  Site site({.lock_timeout = std::chrono::milliseconds(0)});
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  const auto held = site.store().lock(*site.store().parse(browser.value("sid")));
  bool ran = false;
  const Runner runner(
      site.store(), [&](Request&, Response&) { ran = true; }, with_access({.mode = Mode::locked}));
  CHECK(ask(runner, browser).starts_with("Status: 503 "));
  CHECK(!ran);
}

TEST_CASE("an address that does not renew leaves the deadline where it is, unless its handler says otherwise") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  const auto before = site.session(browser)->facts().deadline;
  site.advance(minutes(10));
  const Runner poll(
      site.store(), [](Request&, Response&) {}, with_access({.renew = false}));
  CHECK(ask(poll, browser).starts_with("Status: 200 "));
  CHECK(site.session(browser)->facts().deadline == before);
  const Runner use(
      site.store(), [](Request& request, Response&) { request.renew(true); }, with_access({.renew = false}));
  CHECK(ask(use, browser).starts_with("Status: 200 "));
  CHECK(site.session(browser)->facts().deadline == before + minutes(10));
}

TEST_CASE("an address without a session asks nothing of the store, and sets no cookie") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  const auto before = site.session(browser)->facts().deadline;
  site.advance(minutes(10));
  const Runner runner(
      site.store(),
      [](Request& request, Response& response) {
        CHECK_THROWS_AS(request.session(), UsageError);
        CHECK_THROWS_AS(static_cast<void>(request.principal()), UsageError);
        CHECK_THROWS_AS(request.authenticate("ann"), UsageError);
        response << "picture of " << request.path();
      },
      with_access({.mode = std::nullopt}));
  const std::string answer = ask(runner, browser);
  CHECK(answer.starts_with("Status: 200 "));
  CHECK(answer.ends_with("picture of /"));
  CHECK(answer.find("Set-Cookie") == std::string::npos);
  CHECK(answer.find("Cache-Control") == std::string::npos);
  CHECK(site.session(browser)->facts().deadline == before);
  // Not even if its cookie names a session that cannot be read.
  Browser hostile;
  hostile.receive({"sid=" + std::string(60, 'A')});
  CHECK(ask(runner, hostile).starts_with("Status: 200 "));
}

}  // namespace
}  // namespace sess::test
