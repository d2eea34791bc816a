// Flash values: shown once, whichever of several requests comes first.
#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/processes.hpp"
#include "web/site.hpp"

namespace sess::test {
namespace {

using web::Request;
using web::Response;
using web::Runner;

Runner shower(Site& site) {
  return Runner(
      site.store(),
      [](Request& request, Response& response) {
        for (const Value& value : request.take_flash("notice")) response << value.as<std::string>() << ';';
      },
      run_options());
}

Runner keeper(Site& site) {
  return Runner(
      site.store(), [](Request& request, Response&) { request.flash("notice", request.body()); }, run_options());
}

std::string ask(const Runner& runner, Browser& browser, const std::string& body = {}, const char* method = "GET") {
  const std::string answer = runner.run(web::environment_of({{"REQUEST_METHOD", method},
                                                             {"HTTP_COOKIE", browser.header()},
                                                             {"CONTENT_LENGTH", std::to_string(body.size())}}),
                                        body_of(body));
  CHECK(answer.starts_with("Status: 200 "));
  browser.receive_answer(answer);
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

TEST_CASE("what was kept to be shown is shown once, in its order") {
  Site site;
  Browser browser;
  ask(keeper(site), browser, "Saved.");
  ask(keeper(site), browser, "Sent.");
  CHECK(ask(shower(site), browser) == "Saved.;Sent.;");
  CHECK(ask(shower(site), browser).empty());
}

TEST_CASE("a HEAD request leaves it to be shown") {
  Site site;
  Browser browser;
  ask(keeper(site), browser, "Saved.");
  ask(shower(site), browser, {}, "HEAD");
  CHECK(ask(shower(site), browser) == "Saved.;");
}

TEST_CASE("it stays when the user logs in, and nobody else sees it") {
  Site site;
  Browser browser;
  Browser other;
  ask(keeper(site), browser, "Welcome.");
  REQUIRE(site.visit(browser, [](web::RequestSession& session) { session.authenticate("ann"); }).ok());
  CHECK(ask(shower(site), other).empty());
  CHECK(ask(shower(site), browser) == "Welcome.;");
}

TEST_CASE("of many processes that show it at once one does, and of what they keep meanwhile nothing is lost") {
  Site site;
  Browser browser;
  ask(keeper(site), browser, "first");
  constexpr int processes = 6;
  constexpr int rounds = 20;
  SharedCounter shown;
  Gate gate;
  std::vector<Child> children;
  children.reserve(processes);
  for (int i = 0; i < processes; ++i) {
    children.emplace_back([&] {
      const Runner keep = keeper(site);
      const Runner show = shower(site);
      Browser mine = browser;
      gate.wait();
      for (int round = 0; round < rounds; ++round) {
        ask(keep, mine, "x");
        for (const char c : ask(show, mine)) shown.add(c == ';' ? 1 : 0);
      }
    });
  }
  gate.signal(processes);
  for (Child& child : children) CHECK(child.wait() == 0);
  CHECK(ask(shower(site), browser).empty());
  CHECK(shown.value() == 1 + processes * rounds);
}

}  // namespace
}  // namespace sess::test
