// Which version of a session a request has read.
#include <doctest/doctest.h>

#include "web/site.hpp"

namespace sess::test {
namespace {

using web::Mode;
using web::RequestSession;

void count(RequestSession& session) { session.editor().add("n", 1); }

TEST_CASE("a request tells the key and the facts of the version that it has read, until a logout") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser,
                     [](RequestSession& session) {
                       count(session);
                       CHECK(!session.facts());  // made by finish()
                       CHECK(!session.key());
                     })
              .ok());
  const auto stored = site.session(browser);
  for (const Mode mode : {Mode::merge, Mode::locked, Mode::snapshot}) {
    RequestSession session = site.request(browser);
    REQUIRE(session.start(mode).ok());
    REQUIRE(session.facts());
    CHECK(session.key() == stored->key());
    CHECK(session.facts()->generation == stored->facts().generation);
    CHECK(session.facts()->created == stored->facts().created);
    CHECK(session.facts()->size == stored->facts().size);
  }
  // Not what others have made of it meanwhile, and not what it will be.
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  REQUIRE(site.visit(browser, count).ok());
  session.authenticate("ann");
  CHECK(session.facts()->generation == stored->facts().generation);
  CHECK(session.facts()->kind == SessionKind::anonymous);
  session.logout();
  CHECK(!session.facts());
  CHECK(!session.key());
}

TEST_CASE("after a conflict the facts are those of the version that was read then") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, count).ok());
  RequestSession session = site.request(browser);
  REQUIRE(session.start().ok());
  REQUIRE(site.visit(browser, count).ok());
  REQUIRE(session.start().ok());
  CHECK(session.facts()->generation == 2);
}

}  // namespace
}  // namespace sess::test
