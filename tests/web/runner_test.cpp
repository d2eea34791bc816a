// Runs a handler for requests: conflicts, faults, and what the client is told.
#include <sess/web/runner.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "web/site.hpp"

namespace sess::test {
namespace {

using web::Request;
using web::Response;
using web::Runner;
using web::RunOptions;

using Variables = std::map<std::string, std::string>;

/// Runs one request; the browser's cookies go with it, and it receives what is set.
std::string ask(const Runner& runner, Browser& browser, Variables variables = {}, const std::string& body = {}) {
  variables.emplace("HTTP_COOKIE", browser.header());
  if (!body.empty()) variables.emplace("CONTENT_LENGTH", std::to_string(body.size()));
  std::string answer = runner.run(web::environment_of(variables), body_of(body));
  browser.receive_answer(answer);
  return answer;
}

std::string body_part(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

void make_counter(Site& site, Browser& browser) {
  REQUIRE(site.visit(browser, [](web::RequestSession& session) { session.editor().set("n", 0); }).ok());
}

std::int64_t counter(Site& site, const Browser& browser) { return *site.session(browser)->get<std::int64_t>("n"); }

/// A change of the counter that comes from elsewhere.
void change_elsewhere(Site& site, const Browser& browser) {
  const auto id = site.store().parse(browser.value("sid"));
  REQUIRE(site.store().update(*id, [](Editor& editor) { editor.add("n", 100); }).ok());
}

TEST_CASE("a request is answered with its session's cookie, and not stored by caches") {
  Site site;
  Browser browser;
  const Runner runner(
      site.store(),
      [](Request& request, Response& response) {
        request.session().add("visits", 1);
        response << "visits: " << request.session().get<int>("visits").value_or(0);
      },
      run_options());
  const std::string first = ask(runner, browser);
  CHECK(first.starts_with("Status: 200 OK\r\n"));
  CHECK(first.find("Cache-Control: no-store\r\n") != std::string::npos);
  CHECK(body_part(first) == "visits: 1");
  const std::string second = ask(runner, browser);
  CHECK(second.find("Set-Cookie") == std::string::npos);
  CHECK(body_part(second) == "visits: 2");
}

TEST_CASE("a cookie that a response carries names a session that is in the store") {
  Site site;
  Browser browser;
  RunOptions options = run_options();
  std::size_t sessions = 0;
  bool has_cookie = false;
  options.on_response = [&](const web::HttpRequest&, const Response& response, Status status) {
    sessions = site.sessions().size();
    has_cookie = response.render().find("Set-Cookie: sid=") != std::string::npos;
    CHECK(status.ok());
  };
  const Runner runner(
      site.store(), [](Request& request, Response&) { request.session().set("a", 1); }, options);
  ask(runner, browser);
  CHECK(sessions == 1);
  CHECK(has_cookie);
}

TEST_CASE("after a conflict the handler runs again on what is there then, and only its last response goes out") {
  Site site;
  Browser browser;
  make_counter(site, browser);
  int runs = 0;
  const Runner runner(
      site.store(),
      [&](Request& request, Response& response) {
        ++runs;
        response.header("X-Run", std::to_string(runs));
        response << "run " << runs << ": " << request.session().get<int>("n").value_or(-1) << ";";
        if (runs < 3) change_elsewhere(site, browser);
        request.session().set("n", request.session().get<int>("n").value_or(0) + 1);
      },
      run_options());
  const std::string answer = ask(runner, browser);
  CHECK(runs == 3);
  CHECK(body_part(answer) == "run 3: 200;");
  CHECK(answer.find("X-Run: 3") != std::string::npos);
  CHECK(answer.find("X-Run: 1") == std::string::npos);
  CHECK(counter(site, browser) == 201);
}

TEST_CASE("a request that meets a conflict every time runs at last under the lock") {
  Site site({.lock_timeout = std::chrono::milliseconds(0)});
  Browser browser;
  make_counter(site, browser);
  std::vector<bool> was_locked;
  const auto id = *site.store().parse(browser.value("sid"));
  const Runner runner(
      site.store(),
      [&](Request& request, Response&) {
        const int n = request.session().get<int>("n").value_or(0);
        // From another thread, because this one may hold the lock.
        Status changed;
        std::thread([&] { changed = site.store().update(id, [](Editor& editor) { editor.add("n", 100); }); }).join();
        was_locked.push_back(changed == Outcome::busy);
        request.session().set("n", n + 1);
      },
      run_options());
  CHECK(ask(runner, browser).starts_with("Status: 200 "));
  CHECK(was_locked == std::vector<bool>{false, false, false, true});
  CHECK(counter(site, browser) == 301);
}

TEST_CASE("no increment that is read and then set is lost among many threads") {
  Site site;
  Browser browser;
  make_counter(site, browser);
  std::atomic<int> runs{0};
  const Runner runner(
      site.store(),
      [&](Request& request, Response&) {
        ++runs;
        request.session().set("n", request.session().get<int>("n").value_or(0) + 1);
      },
      run_options());
  constexpr int threads = 8;
  constexpr int requests = 50;
  std::atomic<int> succeeded{0};
  std::vector<std::thread> clients;
  for (int thread = 0; thread < threads; ++thread) {
    clients.emplace_back([&] {
      Browser own = browser;
      for (int request = 0; request < requests; ++request)
        if (ask(runner, own).starts_with("Status: 200 ")) ++succeeded;
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(succeeded == threads * requests);
  CHECK(counter(site, browser) == threads * requests);
  CHECK(runs >= threads * requests);
}

TEST_CASE("a request whose session has ended under it is told so, and sets no cookie") {
  Site site;
  Browser browser;
  make_counter(site, browser);
  const auto id = *site.store().parse(browser.value("sid"));
  const Runner runner(
      site.store(),
      [&](Request& request, Response& response) {
        response << "secret";
        request.session().add("n", 1);
        REQUIRE(site.store().destroy(id).took_effect());
      },
      run_options());
  const std::string answer = ask(runner, browser);
  CHECK(answer.starts_with("Status: 409 "));
  CHECK(answer.find("secret") == std::string::npos);
  CHECK(answer.find("Set-Cookie") == std::string::npos);
  CHECK(site.sessions().empty());
}

TEST_CASE("a request whose session got a new ID meanwhile is sent again, three times, and then refused") {
  Site site;
  Browser browser;
  make_counter(site, browser);
  Browser late = browser;  // has not got the new cookie yet
  {
    auto next = site.store().lock(*site.store().parse(browser.value("sid")))->regenerate();
    REQUIRE(next);
    browser.receive({"sid=" + next->id()->reveal()});
  }
  const Runner runner(
      site.store(), [](Request& request, Response&) { request.session().add("n", 1); }, run_options());
  const Variables variables{{"REQUEST_METHOD", "POST"}, {"REQUEST_URI", "/shop/buy?item=3"}};
  for (int i = 1; i <= 3; ++i) {
    const std::string answer = ask(runner, late, variables);
    CHECK(answer.starts_with("Status: 307 "));
    CHECK(answer.find("\r\nLocation: /shop/buy?item=3\r\n") != std::string::npos);
    CHECK(answer.find("\r\nCache-Control: no-store\r\n") != std::string::npos);
    CHECK(late.value("sid-again") == std::to_string(i));
  }
  const std::string refused = ask(runner, late, variables);
  CHECK(refused.starts_with("Status: 409 "));
  CHECK(refused.find("\r\nLocation: ") == std::string::npos);
  CHECK_FALSE(late.has("sid-again"));
  CHECK(counter(site, browser) == 0);

  // The new cookie arrives while it is being sent again.
  CHECK(ask(runner, late, variables).starts_with("Status: 307 "));
  late.receive({"sid=" + browser.value("sid")});
  CHECK(ask(runner, late, variables).starts_with("Status: 200 "));
  CHECK_FALSE(late.has("sid-again"));
  CHECK(counter(site, browser) == 1);

  // Whatever a client says it has counted.
  for (const char* count : {"-1", "99999999999999999999", "3x", "", "x"}) {
    late.receive({"sid-again=" + std::string(count)});
    CAPTURE(count);
    CHECK(ask(runner, late, variables).starts_with("Status: 200 "));
  }
}

TEST_CASE("a session that is locked elsewhere makes the client try again later") {
  Site site({.lock_timeout = std::chrono::milliseconds(0)});
  Browser browser;
  make_counter(site, browser);
  const auto id = *site.store().parse(browser.value("sid"));
  RunOptions options = run_options();
  options.retry_after = std::chrono::seconds(7);
  const Runner runner(
      site.store(), [](Request& request, Response&) { request.session().add("n", 1); }, options);
  const auto held = site.store().lock(id);
  REQUIRE(held);
  std::string answer;
  std::thread([&] { answer = ask(runner, browser); }).join();
  CHECK(answer.starts_with("Status: 503 "));
  CHECK(answer.find("Retry-After: 7\r\n") != std::string::npos);
}

TEST_CASE("what a handler throws rolls back, is told to the program and not to the client") {
  Site site;
  Browser browser;
  make_counter(site, browser);
  RunOptions options = run_options();
  std::vector<std::string> errors;
  options.on_error = [&](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& what) {
      errors.emplace_back(what.what());
    } catch (...) {
      errors.emplace_back("?");
    }
  };
  for (const bool standard : {true, false}) {
    const Runner runner(
        site.store(),
        [&](Request& request, Response& response) {
          request.session().add("n", 1);
          request.authenticate("ann");
          response << "half";
          if (standard) throw std::runtime_error("password is swordfish");
          throw 1;
        },
        options);
    const std::string answer = ask(runner, browser);
    CHECK(answer.starts_with("Status: 500 "));
    CHECK(answer.find("swordfish") == std::string::npos);
    CHECK(answer.find("half") == std::string::npos);
    CHECK(answer.find("Set-Cookie") == std::string::npos);
  }
  CHECK(errors == std::vector<std::string>{"password is swordfish", "?"});
  CHECK(counter(site, browser) == 0);
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("what a handler throws is a line on standard error where the program does not ask for it") {
  Site site;
  Browser browser;
  std::ostringstream caught;
  std::streambuf* const standard_error = std::cerr.rdbuf(caught.rdbuf());
  for (const bool standard : {true, false}) {
    const Runner runner(
        site.store(),
        [&](Request&, Response&) {
          if (standard) throw std::runtime_error("no such item: \x1b[2J\nforged line");
          throw 1;
        },
        run_options());
    CHECK(ask(runner, browser).starts_with("Status: 500 "));
  }
  std::cerr.rdbuf(standard_error);
  CHECK(caught.str() ==
        "libsess: request failed: no such item: ?[2J?forged line\n"
        "libsess: request failed: unknown exception\n");
}

TEST_CASE("a change that cannot be applied at commit is a fault of the program, and writes nothing") {
  Site site;
  Browser browser;
  make_counter(site, browser);
  const auto id = *site.store().parse(browser.value("sid"));
  const Runner runner(
      site.store(),
      [&](Request& request, Response&) {
        request.session().add("n", 1);
        REQUIRE(site.store().update(id, [](Editor& editor) { editor.set("n", "text"); }).ok());
      },
      run_options());
  CHECK(ask(runner, browser).starts_with("Status: 500 "));
  CHECK(site.session(browser)->get<std::string>("n") == "text");
}

TEST_CASE("a body is read as announced: too large, too short and no number are refused before the handler") {
  Site site;
  Browser browser;
  RunOptions options = run_options();
  options.body_limit = 10;
  int runs = 0;
  const Runner runner(
      site.store(),
      [&](Request& request, Response& response) {
        ++runs;
        response << request.body();
      },
      options);
  CHECK(body_part(ask(runner, browser, {}, "0123456789")) == "0123456789");
  CHECK(body_part(ask(runner, browser, {{"CONTENT_LENGTH", "4"}}, "0123456789")) == "0123");
  CHECK(runs == 2);
  CHECK(ask(runner, browser, {{"CONTENT_LENGTH", "11"}}, "0123456789x").starts_with("Status: 413 "));
  CHECK(ask(runner, browser, {{"CONTENT_LENGTH", "9"}}, "0123").starts_with("Status: 400 "));
  for (const char* length : {"x", "-1", "1x", "99999999999999999999999"})
    CHECK(ask(runner, browser, {{"CONTENT_LENGTH", length}}, "0123456789").starts_with("Status: 400 "));
  CHECK(runs == 2);
}

TEST_CASE("the answer to HEAD has no body") {
  Site site;
  Browser browser;
  const Runner runner(
      site.store(), [](Request&, Response& response) { response << "body"; }, run_options());
  CHECK(body_part(ask(runner, browser, {{"REQUEST_METHOD", "HEAD"}})).empty());
}

TEST_CASE("a body that cannot be read is a fault, answered as the method and the address ask") {
  Site site;
  RunOptions options = run_options();
  options.cookies.address_parameter = "s";
  std::vector<std::string> told;
  options.on_error = [&](const std::exception_ptr&) { told.emplace_back("error"); };
  options.on_response = [&](const web::HttpRequest& request, const Response&, Status) {
    told.push_back(request.method());
  };
  const Runner runner(
      site.store(), [](Request&, Response& response) { response << "body"; }, options);
  const auto ask_in_vain = [&](const char* method) {
    return runner.run(
        web::environment_of({{"REQUEST_METHOD", method}, {"CONTENT_LENGTH", "1"}, {"QUERY_STRING", "s=x"}}),
        [](char*, std::size_t) -> std::size_t { throw std::runtime_error("the connection is broken"); });
  };
  const std::string post = ask_in_vain("POST");
  CHECK(post.starts_with("Status: 500 "));
  CHECK(body_part(post) == "The server could not answer this request.\n");
  CHECK(post.find("\r\nReferrer-Policy: same-origin\r\n") != std::string::npos);
  const std::string head = ask_in_vain("HEAD");
  CHECK(head.starts_with("Status: 500 "));
  CHECK(body_part(head).empty());
  CHECK(told == std::vector<std::string>{"error", "POST", "error", "HEAD"});
}

TEST_CASE("options that make no sense are refused before the first request") {
  Site site;
  const web::Handler handler = [](Request&, Response&) {};
  RunOptions options = run_options();
  CHECK_THROWS_AS(Runner(site.store(), nullptr, options), UsageError);
  options.optimistic_runs = 0;
  CHECK_THROWS_AS(Runner(site.store(), handler, options), UsageError);
  options = run_options();
  options.cookies.anonymous_name = "__Host-sid";
  CHECK_THROWS_AS(Runner(site.store(), handler, options), UsageError);
}

}  // namespace
}  // namespace sess::test
