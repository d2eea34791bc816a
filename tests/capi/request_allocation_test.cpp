// Memory that runs out in functions on requests, and in a program's handler.
#include <sess/web/environment.hpp>
#include <sess/web/runner.hpp>

#include <cstdint>
#include <new>
#include <string>

#include "capi/failing_function.hpp"
#include "capi/programs.hpp"

namespace sess::test {
namespace {

TEST_CASE("no function on requests did half of its work when memory ran out") {
  const CStore store;
  sess_cookie_options options;
  REQUIRE_OK(sess_cookie_options_init(&options, sizeof options));
  options.anonymous_name = "a-name-that-is-not-kept-in-place";
  sess_cookies* cookies = nullptr;
  REQUIRE_OK(sess_cookies_new(&options, &cookies));
  sess_cookies* other = nullptr;
  const auto took = [&](Scene& scene) {
    const std::string header = "__Host-sid-auth=" + scene.id;
    REQUIRE_OK(sess_request_new(scene.store, cookies, header.c_str(), nullptr, &scene.request));
  };
  const auto started = [=](Scene& scene) {
    took(scene);
    REQUIRE_OK(sess_request_start(scene.request, SESS_MERGE));
    REQUIRE(sess_request_exists(scene.request) == 1);
  };
  const auto finished = [=](Scene& scene) {
    started(scene);
    REQUIRE_OK(sess_csrf_field(scene.request, &scene.text));
    REQUIRE_OK(sess_request_finish(scene.request));
  };
  const auto has_text = [](Scene& scene) { return scene.text != nullptr; };
  fail_each(
      {{"cookies", [&](Scene&) { return sess_cookies_new(&options, &other); }, [&](Scene&) { return other != nullptr; },
        [](Scene&) {},
        [&](Scene&) {
          sess_cookies_free(other);
          other = nullptr;
        }},
       {"new",
        [&](Scene& scene) {
          return sess_request_new(scene.store, cookies, scene.path.c_str(), nullptr, &scene.request);
        },
        [](Scene& scene) { return scene.request != nullptr; },
        [](Scene& scene) { scene.path = "__Host-sid-auth=" + scene.id; }},
       {"start", [](Scene& scene) { return sess_request_start(scene.request, SESS_MERGE); },
        [](Scene& scene) { return sess_request_editor(scene.request) != nullptr; }, took},
       {"start locked", [](Scene& scene) { return sess_request_start(scene.request, SESS_LOCKED); },
        [](Scene& scene) { return sess_request_editor(scene.request) != nullptr; }, took},
       {"authenticate", [](Scene& scene) { return sess_authenticate(scene.request, long_text.c_str()); },
        [](Scene& scene) {
          const char* const principal = sess_request_principal(scene.request);
          return principal != nullptr && principal == long_text;
        },
        started},
       {"flash", [](Scene& scene) { return sess_flash(scene.request, "notice", long_text.c_str()); },
        [](Scene& scene) { return sess_peek(sess_request_editor(scene.request), "sess.flash.notice") != nullptr; },
        started},
       {"take flash", [](Scene& scene) { return sess_take_flash(scene.request, "notice", &scene.found); },
        [](Scene& scene) {
          return scene.found != nullptr &&
                 sess_peek(sess_request_editor(scene.request), "sess.flash.notice") == nullptr;
        },
        [=](Scene& scene) {
          started(scene);
          REQUIRE_OK(sess_flash(scene.request, "notice", long_text.c_str()));
        }},
       {"token", [](Scene& scene) { return sess_csrf_field(scene.request, &scene.text); }, has_text, started},
       {"link", [](Scene& scene) { return sess_link(scene.request, "/a/long/path/to/somewhere", &scene.text); },
        has_text, started},
       {"complete",
        [](Scene& scene) {
          return sess_request_complete(scene.request, long_text.data(), long_text.size(), &scene.text, nullptr);
        },
        [](Scene& scene) { return scene.text != nullptr && scene.text == long_text; },
        [=](Scene& scene) {
          finished(scene);
          scene.text = nullptr;
        }}},
      store);
  sess_cookies_free(cookies);
}

/// Starts, changes and finishes; where memory runs out in between it is all done again, as after a conflict.
int serve(Scene& scene, int (*change)(sess_request*)) {
  int status = sess_request_start(scene.request, SESS_MERGE);
  if (status == SESS_OK) status = change(scene.request);
  return status == SESS_OK ? sess_request_finish(scene.request) : status;
}

int count(sess_request* request) { return sess_add_integer(sess_request_editor(request), "n", 1); }
int log_in(sess_request* request) { return sess_authenticate(request, "ann"); }
int log_out(sess_request* request) { return sess_logout(request, SESS_LOGOUT_HERE); }

TEST_CASE("a request that memory ran out for has written all or nothing, and can be started again") {
  const CStore store;
  sess_cookies* cookies = nullptr;
  REQUIRE_OK(sess_cookies_new(nullptr, &cookies));
  const auto took = [&](Scene& scene) {
    REQUIRE_OK(
        sess_request_new(scene.store, cookies, ("__Host-sid-auth=" + scene.id).c_str(), nullptr, &scene.request));
  };
  const auto answered = [](Scene& scene) {
    const char* name = nullptr;
    const char* value = nullptr;
    return sess_request_header(scene.request, 0, &name, &value) == SESS_OK;
  };
  // What had to be done first may have been: the session has ended, or its place is taken by one that nobody knows. Its
  // client comes again, then.
  const auto again = [=](Scene& scene, int (*change)(sess_request*)) {
    const int status = serve(scene, change);
    if (status != SESS_GONE && status != SESS_SUPERSEDED) return status;
    sess_request_free(scene.request);
    scene.request = nullptr;
    took(scene);
    return serve(scene, change);
  };
  fail_each(
      {{"count", [](Scene& scene) { return serve(scene, count); }, [](Scene& scene) { return scene.n() == 2; }, took},
       {"log out", [=](Scene& scene) { return again(scene, log_out); },
        [=](Scene& scene) { return is_gone(scene) && answered(scene); }, took},
       {"log in", [=](Scene& scene) { return again(scene, log_in); }, answered, took,
        [](Scene& scene) { CHECK(sess_destroy_principal(scene.store, "ann", nullptr) == SESS_OK); }}},
      store);
  sess_cookies_free(cookies);
}

TEST_CASE("a program with a handler in C that memory ran out for answers so, and has written all or nothing") {
  const CStore store;
  const auto handler = [](sess_request* request, sess_response* response, void*) {
    const char* agent = nullptr;
    int status = sess_http_header(request, "User-Agent", &agent);
    if (status == SESS_OK) status = sess_add_integer(sess_request_editor(request), "n", 1);
    if (status == SESS_OK) status = sess_response_printf(response, "%s", agent);
    if (status == SESS_OK) status = sess_response_escaped(response, agent);
    return status;
  };
  const auto told = [](int status, const char*, void* data) { *static_cast<int*>(data) = status; };
  int status_told = 0;
  sess_run_options options;
  REQUIRE_OK(sess_run_options_init(&options, sizeof options));
  options.on_error = told;
  options.data = &status_told;
  const web::Runner runner(Store::open(store.path()), capi::handler_of(handler, nullptr), capi::run_options(&options));
  std::uint64_t number = 0;
  for (bool failed = true; failed; ++number) {
    CAPTURE(number);
    const Scene scene(store);
    const auto environment = web::environment_of(
        {{"HTTP_COOKIE", "__Host-sid-auth=" + scene.id}, {"HTTP_USER_AGENT", "<" + long_text + ">"}});
    const web::BodyReader nothing = [](char*, std::size_t) { return std::size_t{0}; };
    std::string answer;
    bool threw = false;
    status_told = 0;
    failed = without_memory(number, [&] {
      try {
        answer = runner.run(environment, nothing);
      } catch (const std::bad_alloc&) {
        threw = true;
      }
    });
    if (answer.starts_with("Status: 200")) {
      CHECK(scene.n() == 2);
      CHECK(answer.find("\r\n\r\n<" + long_text) != std::string::npos);
    } else if (!threw) {
      CHECK(answer.starts_with("Status: 500"));
      CHECK(status_told == SESS_ERROR_MEMORY);
    }
  }
  CHECK(number > 50);
}

}  // namespace
}  // namespace sess::test
