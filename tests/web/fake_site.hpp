// A site on a file system in memory, which fails when it is told to.
#pragma once

#include <sess/sess.hpp>
#include <sess/web/request_session.hpp>
#include <sess/web/runner.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "web/site.hpp"

namespace sess::test {

/// What a request does with its session.
using Work = std::function<void(web::RequestSession&)>;

inline void count(web::RequestSession& session) { session.editor().add("n", 1); }
inline Work login_of(const std::string& user) {
  return [user](web::RequestSession& session) { session.authenticate(user); };
}

/// Its idle timeout is 24 minutes, its lifetime 8 hours.
struct FakeSite {
  std::shared_ptr<FakeSystem> system = std::make_shared<FakeSystem>();
  Store store = open_store(system, "/srv/store", {.create = true});
  std::shared_ptr<const web::SessionCookies> cookies =
      std::make_shared<const web::SessionCookies>(run_options().cookies);

  /// A whole request; the browser receives what it sets.
  web::Finished visit(Browser& browser, const Work& work, web::Mode mode = web::Mode::merge) {
    web::RequestSession session(store, cookies, browser.header());
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

}  // namespace sess::test
