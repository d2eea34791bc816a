// Requests of a site whose sessions are sealed: the cookie opens them, so nothing is different.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "support/temporary_directory.hpp"
#include "web/site.hpp"

namespace sess::test {
namespace {

using web::Mode;
using web::RequestSession;

TEST_CASE("a site with sealed sessions works as any other, and nothing of its values is on disk") {
  const std::string marker = "correct horse battery staple";
  Site site({.sealed = true});
  Browser browser;
  REQUIRE(site.visit(browser, [&](RequestSession& session) { session.editor().set("cart", marker); }));
  REQUIRE(site.visit(browser, [&](RequestSession& session) {
    CHECK(session.editor().get<std::string>("cart") == marker);
    session.authenticate(marker + " user");
  }));
  REQUIRE(site.visit(browser, [&](RequestSession& session) {
    CHECK(session.principal() == marker + " user");
    CHECK(session.editor().get<std::string>("cart") == marker);
    session.regenerate();
  }));
  RequestSession locked = site.request(browser);
  REQUIRE(locked.start(Mode::locked));
  CHECK(locked.editor().get<std::string>("cart") == marker);
  locked.editor().set("n", 1);
  REQUIRE(locked.finish().status);
  // An expired anonymous session goes on as its successor.
  Browser other;
  REQUIRE(site.visit(other, [&](RequestSession& session) { session.editor().set("a", marker); }));
  site.advance(std::chrono::hours(1));
  REQUIRE(site.visit(other, [&](RequestSession& session) { session.editor().set("b", marker); }));
  CHECK(site.session(other)->get<std::string>("b") == marker);

  std::size_t files = 0;
  for (const std::string& name : files_below(site.path())) {
    std::ifstream file(site.path() + "/" + name, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    CHECK(content.find(marker) == std::string::npos);
    ++files;
  }
  CHECK(files > 5);
}

}  // namespace
}  // namespace sess::test
