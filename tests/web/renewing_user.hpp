// A user who is logged in and whose cookie is due for renewal; answers are lost when the test says so.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "web/site.hpp"

namespace sess::test {

inline constexpr std::chrono::hours day{24};
using Work = std::function<void(web::RequestSession&)>;

inline void count(web::RequestSession& session) { session.editor().add("n", 1); }
inline void log_in(web::RequestSession& session) { session.authenticate("ann"); }
inline void read(web::RequestSession& session) { static_cast<void>(session.editor().has("n")); }

struct RenewingUser {
  Site site;
  std::shared_ptr<const web::SessionCookies> cookies;
  Browser browser;
  std::vector<std::string> sent = {};  // by the last answer

  explicit RenewingUser(const StoreOptions& store = {.idle_timeout = 10 * day, .lifetime = 1000 * day}) : site(store) {
    web::SessionCookieOptions options;
    options.attributes.secure = false;
    options.attributes.max_age = 30 * day;
    options.renewal_interval = day;
    cookies = std::make_shared<const web::SessionCookies>(options);
    REQUIRE(visit([](web::RequestSession& session) {
              count(session);
              log_in(session);
            }).ok());
    site.advance(2 * day);
  }

  web::RequestSession request(const Browser& with) { return {site.store(), cookies, with.header()}; }
  Status visit(const Work& work, bool arrives = true, web::Mode mode = web::Mode::merge) {
    web::RequestSession session = request(browser);
    if (const Status status = session.start(mode); !status.ok()) return status;
    work(session);
    const web::Finished finished = session.finish();
    sent = finished.set_cookie;
    if (arrives) browser.receive(finished.set_cookie);
    return finished.status;
  }
  std::string principal(const Browser& with) {
    web::RequestSession session = request(with);
    REQUIRE(session.start(web::Mode::snapshot).ok());
    return session.principal().value_or("nobody");
  }
  std::string id() const { return browser.value("sid-auth"); }
  int counted() {
    int n = 0;
    REQUIRE(visit([&](web::RequestSession& session) { n = session.editor().get<int>("n").value_or(0); }).ok());
    return n;
  }
};

}  // namespace sess::test
