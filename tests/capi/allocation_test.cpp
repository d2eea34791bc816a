// Memory that runs out in functions on stores, values and sessions.
#include <cstdint>
#include <string>

#include "capi/failing_function.hpp"

namespace sess::test {
namespace {

void lock(Scene& scene) { REQUIRE_OK(sess_lock(scene.store, scene.id.c_str(), 0, &scene.session)); }

/// Counts what it sees, without an allocation.
int see(const char*, const sess_facts*, const char*, void* data) {
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
    failed = without_memory(number, [&] { status = sess_destroy_key(store.get(), no_key.c_str()); });
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
