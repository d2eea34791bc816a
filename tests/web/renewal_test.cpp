// How long cookies and first sessions last: fixed and rolling renewal, and the first deadline.
#include <doctest/doctest.h>
#include <sess/error.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "web/site.hpp"

namespace sess::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using web::Mode;
using web::RequestSession;
using web::SessionCookieOptions;
using web::SessionCookies;

constexpr hours day{24};
const StoreOptions long_lived{.idle_timeout = 10 * day, .lifetime = 1000 * day};

std::shared_ptr<const SessionCookies> cookies(SessionCookieOptions options) {
  options.attributes.secure = false;
  return std::make_shared<const SessionCookies>(options);
}

std::shared_ptr<const SessionCookies> rolling() {
  SessionCookieOptions options;
  options.attributes.max_age = 30 * day;
  options.renewal_interval = day;
  return cookies(options);
}

struct Visitor {
  Site& site;
  std::shared_ptr<const SessionCookies> cookies;
  Browser browser = {};
  std::vector<std::string> set_cookie = {};  // of the last visit
  Mode mode = Mode::merge;

  Status visit(const std::function<void(RequestSession&)>& work = {}) {
    RequestSession session(site.store(), cookies, browser.header());
    if (const Status status = session.start(mode); !status.ok()) return status;
    if (work) work(session);
    web::Finished finished = session.finish();
    browser.receive(finished.set_cookie);
    set_cookie = std::move(finished.set_cookie);
    return finished.status;
  }
};

void count(RequestSession& session) { session.editor().add("n", 1); }
void log_in(RequestSession& session) { session.authenticate("ann"); }

TEST_CASE("a cookie with a fixed Max-Age is sent once") {
  Site site(long_lived);
  SessionCookieOptions options;
  options.attributes.max_age = 30 * day;
  Visitor visitor{site, cookies(options)};
  REQUIRE(visitor.visit(count).ok());
  REQUIRE(visitor.set_cookie.size() == 1);
  CHECK(visitor.set_cookie[0].find("; Max-Age=2592000") != std::string::npos);
  for (int i = 0; i < 5; ++i) {
    site.advance(2 * day);
    REQUIRE(visitor.visit(count).ok());
    CHECK(visitor.set_cookie.empty());
  }
}

TEST_CASE("by rolling renewal an anonymous session's cookie is sent again, as it is, once in an interval") {
  Site site(long_lived);
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Visitor visitor{.site = site, .cookies = rolling(), .mode = mode};
    REQUIRE(visitor.visit(count).ok());
    const std::string id = visitor.browser.value("sid");
    int sent = 0;
    for (int hour = 1; hour <= 96; ++hour) {
      site.advance(hours(1));
      REQUIRE(visitor.visit(hour % 2 == 0 ? count : std::function<void(RequestSession&)>()).ok());
      sent += static_cast<int>(visitor.set_cookie.size());
      for (const std::string& line : visitor.set_cookie) {
        CHECK(line.starts_with("sid=" + id));
        CHECK(line.find("; Max-Age=2592000") != std::string::npos);
      }
    }
    CHECK(sent == 4);
    CHECK(visitor.browser.value("sid") == id);
    CHECK(site.session(visitor.browser)->get<int>("n") == 49);
  }
}

TEST_CASE("by rolling renewal an authenticated session gets a new ID once in an interval, and keeps what it holds") {
  Site site(long_lived);
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Visitor visitor{.site = site, .cookies = rolling(), .mode = mode};
    REQUIRE(visitor
                .visit([](RequestSession& session) {
                  count(session);
                  log_in(session);
                })
                .ok());
    int sent = 0;
    for (int hour = 1; hour <= 96; ++hour) {
      const std::string id = visitor.browser.value("sid-auth");
      site.advance(hours(1));
      REQUIRE(visitor.visit(hour % 2 == 0 ? count : std::function<void(RequestSession&)>()).ok());
      CHECK((visitor.browser.value("sid-auth") != id) == !visitor.set_cookie.empty());
      sent += static_cast<int>(visitor.set_cookie.size());
    }
    CHECK(sent == 4);
    const auto session = site.session(visitor.browser, "sid-auth");
    CHECK(session->get<int>("n") == 49);
    CHECK(session->get<std::string>("sess.principal") == "ann");
    REQUIRE(site.store().destroy_principal("ann").ok());
  }
}

TEST_CASE("what does not renew a session does not renew its cookie") {
  Site site(long_lived);
  Visitor visitor{site, rolling()};
  REQUIRE(visitor.visit(log_in).ok());
  site.advance(2 * day);
  const std::string header = visitor.browser.header();
  REQUIRE(visitor.visit([](RequestSession& session) { session.renew(false); }).ok());
  CHECK(visitor.set_cookie.empty());
  visitor.mode = Mode::snapshot;
  REQUIRE(visitor.visit().ok());
  CHECK(visitor.set_cookie.empty());
  CHECK(visitor.browser.header() == header);
}

TEST_CASE("a request that only reads does not wait to renew the cookie of a session that is locked") {
  Site site(long_lived);
  for (const auto& work : {std::function<void(RequestSession&)>(count), std::function<void(RequestSession&)>(log_in)}) {
    Visitor visitor{site, rolling()};
    REQUIRE(visitor.visit(work).ok());
    site.advance(2 * day);
    const bool login = visitor.browser.has("sid-auth");
    auto held = site.store().lock(*site.store().parse(visitor.browser.value(login ? "sid-auth" : "sid")),
                                  {.timeout = std::nullopt, .renew = false});
    REQUIRE(held);
    // By another thread: this one holds the lock.
    Status status = Outcome::busy;
    std::thread([&] { status = visitor.visit(); }).join();
    CHECK(status.ok());
    CHECK(visitor.set_cookie.empty());
    held->release();
    REQUIRE(visitor.visit().ok());
    CHECK(visitor.set_cookie.size() == 1);
  }
}

TEST_CASE("a change is written although the new ID that is due cannot be, because the disk is full") {
  const auto system = std::make_shared<FakeSystem>();
  const Store store = open_store(system, "/srv/store", {.idle_timeout = day, .lifetime = 10 * day, .create = true});
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Browser browser;
    const auto visit = [&](const std::function<void(RequestSession&)>& work) {
      RequestSession session(store, rolling(), browser.header());
      REQUIRE(session.start(mode).ok());
      work(session);
      const web::Finished finished = session.finish();
      browser.receive(finished.set_cookie);
      return finished.status;
    };
    REQUIRE(visit([](RequestSession& session) { session.authenticate("ann"); }).ok());
    REQUIRE(visit(count).ok());
    const std::string header = browser.header();
    system->advance(hours(20));
    REQUIRE(visit(count).ok());
    system->advance(hours(20));
    system->limit_space(0, 0);
    CHECK(visit(count).ok());
    system->limit_space(1'000'000, 1'000'000);
    CHECK(browser.header() == header);
    CHECK(store.snapshot(*store.parse(browser.value("sid-auth")))->get<int>("n") == 3);
  }
}

TEST_CASE("a request that only reads does not wait for the list of its user's sessions, although a new ID is due") {
  const auto system = std::make_shared<FakeSystem>();
  const Store store =
      open_store(system, "/srv/store", {.idle_timeout = 10 * day, .lifetime = 99 * day, .create = true});
  Browser browser;
  const auto visit = [&](const std::function<void(RequestSession&)>& work) {
    RequestSession session(store, rolling(), browser.header());
    REQUIRE(session.start().ok());
    work(session);
    const web::Finished finished = session.finish();
    browser.receive(finished.set_cookie);
    return finished;
  };
  REQUIRE(visit(log_in).status.ok());
  system->advance(2 * day);
  std::string list;
  for (const std::string& name : system->names_below("/srv/store/principals"))
    if (name.size() > 40) list = "/srv/store/principals/" + name;
  const int file = system->open(sys::working_directory, list.c_str(), sys::OpenMode::read);
  REQUIRE(file >= 0);
  REQUIRE(system->try_lock(file) == 0);
  const auto before = system->monotonic_clock();
  const web::Finished answer = visit([](RequestSession&) {});
  CHECK(answer.status.ok());
  CHECK(answer.set_cookie.empty());
  CHECK(system->monotonic_clock() - before < milliseconds(10));
  REQUIRE(system->close(file) == 0);
  CHECK(visit([](RequestSession&) {}).set_cookie.size() == 1);
}

TEST_CASE("a token is good for a session whose cookie is sent again, and for a successor that was only read") {
  Site site(long_lived);
  Visitor visitor{site, rolling()};
  const auto token_of = [&] {
    RequestSession session(site.store(), visitor.cookies, visitor.browser.header());
    REQUIRE(session.start().ok());
    std::string token = session.csrf_token();
    const web::Finished finished = session.finish();
    REQUIRE(finished.status.ok());
    visitor.browser.receive(finished.set_cookie);
    session.complete(token);
    return token;
  };
  const auto is_good = [&](const std::string& token) {
    RequestSession session(site.store(), visitor.cookies, visitor.browser.header());
    REQUIRE(session.start().ok());
    return session.check_csrf_token(token);
  };
  REQUIRE(visitor.visit(count).ok());
  site.advance(20 * day);
  const std::string stale = visitor.browser.header();
  Visitor other{.site = site, .cookies = rolling(), .browser = visitor.browser};
  REQUIRE(other.visit(count).ok());
  // Reads the successor that the other request has made.
  const std::string read = token_of();
  CHECK(visitor.browser.header() != stale);
  CHECK(is_good(read));
  site.advance(2 * day);
  const std::string sent_again = token_of();
  CHECK(is_good(sent_again));
  CHECK(is_good(read));
}

TEST_CASE("a renewal of cookies that no browser would live to see is refused") {
  SessionCookieOptions options;
  options.renewal_interval = day;
  CHECK_THROWS_AS(SessionCookies{options}, UsageError);
  options.attributes.max_age = day;
  CHECK_THROWS_AS(SessionCookies{options}, UsageError);
  options.attributes.max_age = 2 * day;
  options.renewal_interval = seconds(0);
  CHECK_THROWS_AS(SessionCookies{options}, UsageError);
  options.renewal_interval = day;
  CHECK_NOTHROW(SessionCookies{options});
}

// ---- the first deadline -----------------------------------------------------------------------------------------

std::shared_ptr<const SessionCookies> with_first_deadline() {
  SessionCookieOptions options;
  options.first_idle_timeout = minutes(2);
  return cookies(options);
}

TEST_CASE("a session whose ID never comes back expires soon") {
  Site site({.idle_timeout = minutes(30)});
  Visitor visitor{site, with_first_deadline()};
  REQUIRE(visitor.visit(count).ok());
  CHECK(site.session(visitor.browser)->facts().idle_timeout == minutes(2));
  site.advance(minutes(3));
  CHECK(site.sessions().empty());
}

TEST_CASE("a session whose ID comes back lives as long as others") {
  for (const Mode mode : {Mode::merge, Mode::locked, Mode::snapshot}) {
    for (const bool writes : {false, true}) {
      if (writes && mode == Mode::snapshot) continue;
      Site site({.idle_timeout = minutes(30)});
      Visitor visitor{site, with_first_deadline()};
      REQUIRE(visitor.visit(count).ok());
      visitor.mode = mode;
      site.advance(minutes(1));
      REQUIRE(visitor.visit(writes ? count : std::function<void(RequestSession&)>()).ok());
      const auto session = site.session(visitor.browser);
      REQUIRE(session);
      CHECK(session->facts().idle_timeout == minutes(30));
      CHECK(!session->has("sess.first"));
      CHECK(session->get<int>("n") == (writes ? 2 : 1));
      site.advance(minutes(29));
      CHECK(site.session(visitor.browser));
    }
  }
}

TEST_CASE("a timeout that the program has chosen is the one that a session gets when its ID comes back") {
  Site site({.idle_timeout = minutes(30)});
  Visitor visitor{site, with_first_deadline()};
  REQUIRE(visitor
              .visit([](RequestSession& session) {
                count(session);
                session.editor().set_idle_timeout(hours(3));
              })
              .ok());
  CHECK(site.session(visitor.browser)->facts().idle_timeout == minutes(2));
  REQUIRE(visitor.visit().ok());
  CHECK(site.session(visitor.browser)->facts().idle_timeout == hours(3));
}

TEST_CASE("a timeout that the program chooses when the ID comes back is the one that the session has") {
  for (const Mode mode : {Mode::merge, Mode::locked}) {
    Site site({.idle_timeout = minutes(30)});
    Visitor visitor{.site = site, .cookies = with_first_deadline(), .mode = mode};
    REQUIRE(visitor.visit(count).ok());
    REQUIRE(visitor.visit([](RequestSession& session) { session.editor().set_idle_timeout(minutes(5)); }).ok());
    REQUIRE(visitor.visit().ok());
    CHECK(site.session(visitor.browser)->facts().idle_timeout == minutes(5));
  }
}

TEST_CASE("a login, and a session of a client that has sent an ID before, have no first deadline") {
  Site site({.idle_timeout = minutes(30)});
  Visitor visitor{site, with_first_deadline()};
  REQUIRE(visitor.visit(log_in).ok());
  CHECK(site.session(visitor.browser, "sid-auth")->facts().idle_timeout == minutes(30));
  Visitor returning{site, with_first_deadline()};
  REQUIRE(returning.visit(count).ok());
  site.advance(hours(1));
  REQUIRE(returning.visit(count).ok());
  CHECK(site.session(returning.browser)->facts().idle_timeout == minutes(30));
  Visitor carrying{site, with_first_deadline()};
  REQUIRE(carrying.visit(count).ok());
  REQUIRE(carrying.visit(log_in).ok());
  CHECK(site.session(carrying.browser, "sid-auth")->facts().idle_timeout == minutes(30));
  CHECK(!site.session(carrying.browser, "sid-auth")->has("sess.first"));
}

// ---- Clear-Site-Data --------------------------------------------------------------------------------------------

TEST_CASE("a logout tells the browser what to forget, if the program wants that") {
  Site site;
  SessionCookieOptions options;
  options.clear_site_data = {.cache = true, .cookies = true, .storage = true};
  const auto headers_of = [&](const std::function<void(RequestSession&)>& work) {
    RequestSession session(site.store(), cookies(options), "");
    REQUIRE(session.start().ok());
    work(session);
    return session.finish().headers;
  };
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const auto log_out = [](RequestSession& session) { session.logout(); };
  CHECK(headers_of(log_out) == Headers{{"Clear-Site-Data", R"("cache", "cookies", "storage")"}});
  // Cookies of the answer itself must not be among what is forgotten.
  CHECK(headers_of([](RequestSession& session) {
          session.logout();
          count(session);
        }) == Headers{{"Clear-Site-Data", R"("cache", "storage")"}});
  CHECK(headers_of(count).empty());
  options.clear_site_data = {};
  CHECK(headers_of(log_out).empty());
}

}  // namespace
}  // namespace sess::test
