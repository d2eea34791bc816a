// Memory that runs out in a function of the C interface: each allocation of each of them fails once. It answers so,
// hands out nothing and has done nothing; or it has gone on without. Afterwards it works.
#include <sess/web/environment.hpp>
#include <sess/web/runner.hpp>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "capi/c_store.hpp"
#include "capi/programs.hpp"
#include "support/failing_memory.hpp"

namespace sess::test {
namespace {

const std::string long_text(100, 'x');

std::ptrdiff_t descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

/// One session with n = 1, and whatever an operation works on.
struct Scene {
  explicit Scene(const CStore& in) : own(in), store(in.get()) {
    sess_create_options options;
    REQUIRE_OK(sess_create_options_init(&options, sizeof options));
    options.authenticated = 1;
    options.principal = "ann";
    sess_session* made = nullptr;
    REQUIRE_OK(sess_create(store, &options, &made));
    REQUIRE_OK(sess_set_integer(sess_session_editor(made), "n", 1));
    REQUIRE_OK(sess_set_string(sess_session_editor(made), "text", long_text.c_str()));
    REQUIRE_OK(sess_commit(made, nullptr));
    char id_text[SESS_ID_SIZE];
    REQUIRE_OK(sess_session_id(made, id_text));
    id = id_text;
    REQUIRE_OK(sess_session_key(made, key));
    sess_session_free(made);
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene() {
    sess_session_free(session);
    sess_changes_free(changes);
    sess_request_free(request);
    sess_value_free(value);
    static_cast<void>(sess_destroy(store, id.c_str()));
  }

  std::int64_t n() const { return own.integer(id, "n"); }
  sess_editor* editor() const { return sess_changes_editor(changes); }
  bool holds(const char* name) const { return sess_peek(editor(), name) != nullptr; }

  const CStore& own;
  sess_store* store;
  std::string id = {};
  char key[SESS_KEY_SIZE] = {};
  sess_session* session = nullptr;
  sess_changes* changes = nullptr;
  sess_request* request = nullptr;
  sess_value* value = nullptr;
  sess_cookies* cookies = nullptr;
  const char* text = nullptr;
  const sess_value* found = nullptr;
  std::int64_t counted = 0;
  std::string path = {};
};

using Work = std::function<int(Scene&)>;

struct Operation {
  std::string name;
  Work run;
  /// That it has been done can be seen.
  std::function<bool(Scene&)> done;
  std::function<void(Scene&)> prepare = [](Scene&) {};
  /// What it handed out is taken back, before it is run again.
  std::function<void(Scene&)> undo = [](Scene&) {};
};

/// Fails this allocation of an operation. False if it makes fewer.
bool fail_allocation(const CStore& store, const Operation& operation, std::uint64_t number) {
  Scene scene(store);
  operation.prepare(scene);
  const std::ptrdiff_t open = descriptors();
  int status = 0;
  const bool failed = run_without(number, [&] { status = operation.run(scene); });
  CAPTURE(operation.name);
  CAPTURE(number);
  CAPTURE(std::string(sess_error_message()));
  if (status != SESS_OK && status != SESS_DURABILITY_UNKNOWN) {
    CHECK(failed);
    // Of a system call's own memory the file system is told.
    if (status == SESS_ERROR_IO) {
      CHECK(sess_error_number() == ENOMEM);
    } else {
      CHECK(status == SESS_ERROR_MEMORY);
      CHECK(std::string(sess_error_message()) == "out of memory");
    }
    CHECK(!operation.done(scene));
    CHECK(descriptors() == open);
    CHECK(operation.run(scene) == SESS_OK);
  }
  CHECK(operation.done(scene));
  operation.undo(scene);
  return failed;
}

void fail_each(const std::vector<Operation>& operations, const CStore& store) {
  std::uint64_t points = 0;
  for (const Operation& operation : operations) {
    std::uint64_t number = 0;
    while (number < 3000 && fail_allocation(store, operation, number)) ++number;
    CAPTURE(operation.name);
    CHECK(number > 0);
    points += number;
  }
  MESSAGE(points, " allocations failed");
}

void take_snapshot(Scene& scene) { REQUIRE_OK(sess_snapshot(scene.store, scene.id.c_str(), &scene.changes)); }
void lock(Scene& scene) { REQUIRE_OK(sess_lock(scene.store, scene.id.c_str(), 0, &scene.session)); }
bool is_gone(Scene& scene) { return scene.n() == -1; }

/// Counts what it sees, without an allocation.
int see(const char*, const sess_facts*, std::uint64_t, const char*, void* data) {
  ++static_cast<Scene*>(data)->counted;
  return 0;
}

TEST_CASE("no function on stores did half of its work, or left something open, when memory ran out") {
  const CStore store;
  sess_gc_thread* thread = nullptr;
  sess_store* opened = nullptr;
  fail_each({{"open", [&](Scene& scene) { return sess_open(scene.path.c_str(), nullptr, &opened); },
              [&](Scene&) { return opened != nullptr; }, [](Scene& scene) { scene.path = scene.own.path(); },
              [&](Scene&) {
                sess_close(opened);
                opened = nullptr;
              }},
             {"key of",
              [](Scene& scene) {
                scene.key[0] = 'x';
                return sess_key_of(scene.store, (scene.id).c_str(), scene.key);
              },
              [](Scene& scene) { return scene.key[0] != '\0'; },
              // The text that it parses is on the heap.
              [](Scene&) {}},
             {"facts of",
              [](Scene& scene) {
                sess_facts facts{};
                facts.struct_size = sizeof facts;
                const int status = sess_facts_of(scene.store, scene.key, &facts);
                scene.counted = static_cast<std::int64_t>(facts.generation);
                return status;
              },
              [](Scene& scene) { return scene.counted == 1; }},
             {"destroy", [](Scene& scene) { return sess_destroy(scene.store, scene.id.c_str()); }, is_gone},
             {"destroy by key", [](Scene& scene) { return sess_destroy_key(scene.store, scene.key); }, is_gone},
             {"destroy a principal", [](Scene& scene) { return sess_destroy_principal(scene.store, "ann", nullptr); },
              is_gone},
             {"list",
              [](Scene& scene) {
                scene.counted = 0;
                const int status = sess_list(scene.store, see, &scene);
                if (status != SESS_OK) scene.counted = 0;
                return status;
              },
              [](Scene& scene) { return scene.counted == 1; }},
             {"sessions of",
              [](Scene& scene) {
                scene.counted = 0;
                const int status = sess_sessions_of(scene.store, "ann", see, &scene);
                if (status != SESS_OK) scene.counted = 0;
                return status;
              },
              [](Scene& scene) { return scene.counted == 1; }},
             {"sweep",
              [](Scene& scene) {
                sess_gc_report report{};
                report.struct_size = sizeof report;
                scene.counted = 0;
                const int status = sess_gc(scene.store, nullptr, &report);
                if (status == SESS_OK) scene.counted = report.complete;
                return status;
              },
              [](Scene& scene) { return scene.counted == 1; }},
             {"sweeping thread", [&](Scene& scene) { return sess_gc_thread_start(scene.store, 60'000, 200, &thread); },
              [&](Scene&) { return thread != nullptr; }, [](Scene&) {},
              [&](Scene&) {
                sess_gc_thread_stop(thread);
                thread = nullptr;
              }}},
            store);
}

TEST_CASE("no function on values changed half of one when memory ran out") {
  const CStore store;
  const char* const name = "a name that is not kept in place, because it is long";
  const auto has = [name](Scene& scene) { return scene.holds(name); };
  const auto element = [](Scene& scene) { return sess_value_count(scene.value) == 1; };
  const auto list = [](Scene& scene) { REQUIRE_OK(sess_value_new(SESS_ARRAY, &scene.value)); };
  const auto object = [](Scene& scene) { REQUIRE_OK(sess_value_new(SESS_OBJECT, &scene.value)); };
  const auto both = [](Scene& scene) {
    take_snapshot(scene);
    REQUIRE_OK(sess_value_new(SESS_ARRAY, &scene.value));
    REQUIRE_OK(sess_put_string(scene.value, nullptr, long_text.c_str()));
  };
  fail_each(
      {{"set null", [=](Scene& scene) { return sess_set_null(scene.editor(), name); }, has, take_snapshot},
       {"set string", [=](Scene& scene) { return sess_set_string(scene.editor(), name, long_text.c_str()); }, has,
        take_snapshot},
       {"set bytes", [=](Scene& scene) { return sess_set_bytes(scene.editor(), name, long_text.data(), 50); }, has,
        take_snapshot},
       {"add", [=](Scene& scene) { return sess_add_integer(scene.editor(), name, 1); }, has, take_snapshot},
       {"append", [=](Scene& scene) { return sess_append_string(scene.editor(), name, long_text.c_str()); }, has,
        take_snapshot},
       {"set if absent",
        [=](Scene& scene) { return sess_set_string_if_absent(scene.editor(), name, long_text.c_str()); }, has,
        take_snapshot},
       {"set value", [=](Scene& scene) { return sess_set_value(scene.editor(), name, scene.value); }, has, both},
       {"append value", [=](Scene& scene) { return sess_append_value(scene.editor(), name, scene.value); }, has, both},
       {"erase", [](Scene& scene) { return sess_erase(scene.editor(), "text"); },
        [](Scene& scene) { return !scene.holds("text"); }, take_snapshot},
       {"clear", [](Scene& scene) { return sess_clear(scene.editor()); },
        [](Scene& scene) { return !scene.holds("text"); }, take_snapshot},
       {"get", [](Scene& scene) { return sess_get_value(scene.editor(), "text", &scene.found); },
        [](Scene& scene) { return scene.found != nullptr; }, take_snapshot},
       {"get string", [](Scene& scene) { return sess_get_string(scene.editor(), "text", &scene.text, nullptr); },
        [](Scene& scene) { return scene.text != nullptr; }, take_snapshot},
       {"visit",
        [](Scene& scene) {
          const auto one = [](const char*, const sess_value*, void* data) {
            return ++*static_cast<std::int64_t*>(data), 0;
          };
          scene.counted = 0;
          const int status = sess_visit_values(scene.editor(), one, &scene.counted);
          if (status != SESS_OK) scene.counted = 0;
          return status;
        },
        [](Scene& scene) { return scene.counted > 1; }, take_snapshot},
       {"new value", [](Scene& scene) { return sess_value_new(SESS_OBJECT, &scene.value); },
        [](Scene& scene) { return scene.value != nullptr; }},
       {"copy value", [](Scene& scene) { return sess_value_copy(scene.found, &scene.value); },
        [](Scene& scene) { return scene.value != nullptr; },
        [](Scene& scene) {
          take_snapshot(scene);
          scene.found = sess_peek(scene.editor(), "text");
        }},
       {"put at the end", [](Scene& scene) { return sess_put_string(scene.value, nullptr, long_text.c_str()); },
        element, list},
       {"put as a member", [=](Scene& scene) { return sess_put_text(scene.value, name, long_text.data(), 60); },
        element, object}},
      store);
}

TEST_CASE("no function on sessions did half of its work, or kept a lock, when memory ran out") {
  const CStore store;
  const auto has_two = [](Scene& scene) { return scene.n() == 2; };
  const auto change = [](Scene& scene) {
    take_snapshot(scene);
    REQUIRE_OK(sess_add_integer(scene.editor(), "n", 1));
  };
  const auto change_locked = [](Scene& scene) {
    lock(scene);
    REQUIRE_OK(sess_set_integer(sess_session_editor(scene.session), "n", 2));
  };
  const auto made = [](Scene& scene) { return scene.session != nullptr; };
  sess_session* next = nullptr;
  sess_create_options login;
  REQUIRE_OK(sess_create_options_init(&login, sizeof login));
  login.authenticated = 1;
  login.principal = "ann";
  fail_each(
      {{"snapshot", [](Scene& scene) { return sess_snapshot(scene.store, scene.id.c_str(), &scene.changes); },
        [](Scene& scene) { return scene.changes != nullptr; }},
       {"merge", [](Scene& scene) { return sess_merge(scene.store, scene.changes, nullptr); }, has_two, change},
       {"update",
        [](Scene& scene) {
          const auto two = [](sess_editor* editor, void*) { return sess_set_integer(editor, "n", 2); };
          const int status = sess_update(scene.store, scene.id.c_str(), two, nullptr, nullptr);
          return status == SESS_ROLLED_BACK ? static_cast<int>(SESS_ERROR_MEMORY) : status;
        },
        has_two},
       {"lock", [](Scene& scene) { return sess_lock(scene.store, scene.id.c_str(), 0, &scene.session); }, made},
       {"commit", [](Scene& scene) { return sess_commit(scene.session, nullptr); }, has_two, change_locked},
       {"create", [&](Scene& scene) { return sess_create(scene.store, &login, &scene.session); }, made},
       {"first commit", [](Scene& scene) { return sess_commit(scene.session, nullptr); },
        [](Scene& scene) {
          char key[SESS_KEY_SIZE];
          sess_facts facts{};
          facts.struct_size = sizeof facts;
          return sess_session_key(scene.session, key) == SESS_OK && sess_facts_of(scene.store, key, &facts) == SESS_OK;
        },
        [&](Scene& scene) {
          REQUIRE_OK(sess_create(scene.store, &login, &scene.session));
          REQUIRE_OK(sess_set_integer(sess_session_editor(scene.session), "n", 2));
        },
        [](Scene& scene) { CHECK(sess_session_destroy(scene.session) == SESS_OK); }},
       {"ID",
        [](Scene& scene) {
          char id[SESS_ID_SIZE];
          const int status = sess_session_id(scene.session, id);
          scene.counted = id[0] != '\0' ? 1 : 0;
          return status;
        },
        [](Scene& scene) { return scene.counted == 1; },
        [&](Scene& scene) { REQUIRE_OK(sess_create(scene.store, &login, &scene.session)); }},
       {"regenerate", [&](Scene& scene) { return sess_regenerate(scene.session, &next); },
        [&](Scene&) { return next != nullptr; }, change_locked,
        [&](Scene&) {
          CHECK(sess_session_destroy(next) == SESS_OK);
          sess_session_free(next);
          next = nullptr;
        }},
       {"destroy a locked session", [](Scene& scene) { return sess_session_destroy(scene.session); }, is_gone, lock}},
      store);
}

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
    failed = run_without(number, [&] {
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

TEST_CASE("an error whose sentence finds no memory has its word, and not the sentence of the one before") {
  const CStore store;
  sess_store* opened = nullptr;
  CHECK(sess_open("/dev/null/store", nullptr, &opened) == SESS_ERROR_IO);
  REQUIRE(sess_error_number() != 0);
  const std::string before = sess_error_message();
  const std::string no_key(300, 'x');  // a longer sentence than any before it: it takes memory to keep
  int without = 0;
  std::uint64_t number = 0;
  for (bool failed = true; failed; ++number) {
    int status = 0;
    failed = run_without(number, [&] { status = sess_destroy_key(store.get(), no_key.c_str()); });
    const std::string message = sess_error_message();
    CAPTURE(number);
    CHECK(sess_error_number() == 0);
    CHECK(message != before);
    if (status == SESS_ERROR_MEMORY) {
      CHECK(message == "out of memory");
    } else {
      CHECK(status == SESS_ERROR_USAGE);
      if (failed) CHECK(message == "usage error");
      without += failed ? 1 : 0;
    }
  }
  CHECK(without == 1);
  CHECK(std::string(sess_error_message()).find(no_key) != std::string::npos);
}

}  // namespace
}  // namespace sess::test
