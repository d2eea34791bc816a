// What the C interface answers where something is wrong: by the caller, by the store, by memory.
#include <sess/version.hpp>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "capi/c_store.hpp"

namespace sess::test {
namespace {

TEST_CASE("the library is the one that the header is of") {
  CHECK(sess_abi_version() == SESS_ABI_VERSION);
  CHECK(std::string(sess_version()) == SESS_VERSION);
}

TEST_CASE("each status has a name of its own") {
  std::vector<std::string> names;
  for (int status = SESS_ERROR_MEMORY; status <= SESS_ROLLED_BACK; ++status) {
    const std::string name = sess_status_name(status);
    CHECK(name != "unknown");
    for (const std::string& other : names) CHECK(name != other);
    names.push_back(name);
  }
  CHECK(std::string(sess_status_name(SESS_ERROR_UNKNOWN)) == "unknown");
  CHECK(std::string(sess_status_name(77)) == "unknown");
}

TEST_CASE("a store that there is not is an error with one sentence, for this thread") {
  const TemporaryDirectory directory;
  sess_store* store = nullptr;
  CHECK(sess_open((directory / "nowhere").c_str(), nullptr, &store) == SESS_ERROR_STORE);
  CHECK(store == nullptr);
  const std::string message = sess_error_message();
  CHECK(message.find("nowhere") != std::string::npos);
  CHECK(sess_error_number() == 0);
  std::thread([] { CHECK(std::string(sess_error_message()).empty()); }).join();
  CHECK(sess_open("/dev/null/store", nullptr, &store) == SESS_ERROR_IO);
  CHECK(sess_error_number() == ENOTDIR);
  CHECK(sess_error_message() != message);
}

TEST_CASE("NULL where something must be is a usage error, and never a crash") {
  const CStore own;
  sess_store* const store = own.get();
  const std::string id_text = own.session("n", 1);
  const char* const id = id_text.c_str();
  sess_changes* changes = nullptr;
  REQUIRE_OK(sess_snapshot(store, id, &changes));
  sess_editor* const editor = sess_changes_editor(changes);
  const sess_value* const value = sess_peek(editor, "n");
  sess_cookies* cookies = nullptr;
  REQUIRE_OK(sess_cookies_new(nullptr, &cookies));
  sess_request* request = nullptr;
  REQUIRE_OK(sess_request_new(store, cookies, nullptr, nullptr, &request));
  REQUIRE_OK(sess_request_start(request, SESS_MERGE));
  sess_store* opened = nullptr;
  sess_session* session = nullptr;
  sess_session* made = nullptr;
  REQUIRE_OK(sess_create(store, nullptr, &made));
  sess_gc_thread* thread = nullptr;
  int boolean = 0;
  std::int64_t integer = 0;
  double real = 0;
  const char* text = nullptr;
  const void* bytes = nullptr;
  char key[SESS_KEY_SIZE];
  char id_out[SESS_ID_SIZE];
  sess_facts facts{};
  facts.struct_size = sizeof facts;
  const sess_visit_session visit = [](const char*, const sess_facts*, const char*, void*) { return 0; };
  const sess_change change = [](sess_editor*, void*) { return 0; };

  const std::vector<std::function<int()>> calls = {
      [&] { return sess_store_options_init(nullptr, 8); },
      [&] { return sess_gc_options_init(nullptr, 8); },
      [&] { return sess_commit_options_init(nullptr, 8); },
      [&] { return sess_create_options_init(nullptr, 8); },
      [&] { return sess_cookie_options_init(nullptr, 8); },
      [&] { return sess_store_init(nullptr); },
      [&] { return sess_open(nullptr, nullptr, &opened); },
      [&] { return sess_open("/", nullptr, nullptr); },
      [&] { return sess_key_of(nullptr, id, key); },
      [&] { return sess_key_of(store, nullptr, key); },
      [&] { return sess_key_of(store, id, nullptr); },
      [&] { return sess_touch(nullptr, id); },
      [&] { return sess_touch(store, nullptr); },
      [&] { return sess_destroy(nullptr, id); },
      [&] { return sess_destroy(store, nullptr); },
      [&] { return sess_destroy_key(nullptr, key); },
      [&] { return sess_destroy_key(store, nullptr); },
      [&] { return sess_destroy_principal(nullptr, "ann", nullptr); },
      [&] { return sess_destroy_principal(store, nullptr, nullptr); },
      [&] { return sess_list(nullptr, visit, nullptr); },
      [&] { return sess_list(store, nullptr, nullptr); },
      [&] { return sess_sessions_of(nullptr, "ann", visit, nullptr); },
      [&] { return sess_sessions_of(store, nullptr, visit, nullptr); },
      [&] { return sess_sessions_of(store, "ann", nullptr, nullptr); },
      [&] { return sess_gc(nullptr, nullptr, nullptr); },
      [&] { return sess_gc_thread_start(nullptr, 1000, 1000, &thread); },
      [&] { return sess_gc_thread_start(store, 1000, 1000, nullptr); },
      [&] { return sess_value_type(nullptr); },
      [&] { return sess_value_boolean(nullptr, &boolean); },
      [&] { return sess_value_integer(nullptr, &integer); },
      [&] { return sess_value_integer(value, nullptr); },
      [&] { return sess_value_real(nullptr, &real); },
      [&] { return sess_value_string(nullptr, &text, nullptr); },
      [&] { return sess_value_bytes(nullptr, &bytes, nullptr); },
      [&] { return sess_get_integer(nullptr, "n", &integer); },
      [&] { return sess_get_integer(editor, nullptr, &integer); },
      [&] { return sess_get_integer(editor, "n", nullptr); },
      [&] { return sess_get_boolean(editor, nullptr, &boolean); },
      [&] { return sess_get_real(editor, nullptr, &real); },
      [&] { return sess_get_string(editor, nullptr, &text, nullptr); },
      [&] { return sess_get_bytes(editor, nullptr, &bytes, nullptr); },
      [&] { return sess_visit_values(nullptr, nullptr, nullptr); },
      [&] { return sess_visit_values(editor, nullptr, nullptr); },
      [&] { return sess_set_null(nullptr, "n"); },
      [&] { return sess_set_null(editor, nullptr); },
      [&] { return sess_set_boolean(editor, nullptr, 1); },
      [&] { return sess_set_integer(editor, nullptr, 1); },
      [&] { return sess_set_real(editor, nullptr, 1); },
      [&] { return sess_set_string(editor, "n", nullptr); },
      [&] { return sess_set_text(editor, "n", nullptr, 1); },
      [&] { return sess_set_bytes(editor, "n", nullptr, 1); },
      [&] { return sess_add_integer(nullptr, "n", 1); },
      [&] { return sess_add_real(nullptr, "n", 1); },
      [&] { return sess_append_integer(nullptr, "n", 1); },
      [&] { return sess_append_string(editor, "n", nullptr); },
      [&] { return sess_set_integer_if_absent(nullptr, "n", 1); },
      [&] { return sess_set_string_if_absent(editor, "n", nullptr); },
      [&] { return sess_erase(editor, nullptr); },
      [&] { return sess_clear(nullptr); },
      [&] { return sess_set_idle_timeout(nullptr, 1); },
      [&] { return sess_set_lifetime(nullptr, 1); },
      [&] { return sess_snapshot(nullptr, id, &changes); },
      [&] { return sess_snapshot(store, id, nullptr); },
      [&] { return sess_changes_facts(nullptr, &facts); },
      [&] { return sess_merge(nullptr, nullptr, nullptr); },
      [&] { return sess_merge(store, nullptr, nullptr); },
      [&] { return sess_update(nullptr, id, change, nullptr, nullptr); },
      [&] { return sess_update(store, nullptr, change, nullptr, nullptr); },
      [&] { return sess_update(store, id, nullptr, nullptr, nullptr); },
      [&] { return sess_lock(nullptr, id, 0, &session); },
      [&] { return sess_lock(store, nullptr, 0, &session); },
      [&] { return sess_lock(store, id, 0, nullptr); },
      [&] { return sess_create(nullptr, nullptr, &session); },
      [&] { return sess_create(store, nullptr, nullptr); },
      [&] { return sess_session_facts(nullptr, &facts); },
      [&] { return sess_session_facts(made, nullptr); },
      [&] { return sess_session_id(nullptr, id_out); },
      [&] { return sess_session_id(made, nullptr); },
      [&] { return sess_session_key(nullptr, key); },
      [&] { return sess_session_key(made, nullptr); },
      [&] { return sess_commit(nullptr, nullptr); },
      [&] { return sess_rollback(nullptr); },
      [&] { return sess_session_destroy(nullptr); },
      [&] { return sess_regenerate(nullptr, &session); },
      [&] { return sess_regenerate(made, nullptr); },
      [&] { return sess_cookies_new(nullptr, nullptr); },
      [&] { return sess_request_new(nullptr, cookies, nullptr, nullptr, &request); },
      [&] { return sess_request_new(store, nullptr, nullptr, nullptr, &request); },
      [&] { return sess_request_new(store, cookies, nullptr, nullptr, nullptr); },
      [&] { return sess_request_start(nullptr, SESS_MERGE); },
      [&] { return sess_request_facts(nullptr, &facts, key); },
      [&] { return sess_request_facts(request, nullptr, key); },
      [&] { return sess_facts_of(store, std::string(40, '0').c_str(), nullptr); },
      [&] { return sess_authenticate(nullptr, "ann"); },
      [&] { return sess_request_regenerate(nullptr); },
      [&] { return sess_logout(nullptr, SESS_LOGOUT_HERE); },
      [&] { return sess_request_set_renew(nullptr, 0); },
      [&] { return sess_csrf_token(nullptr, &text); },
      [&] { return sess_csrf_field(nullptr, &text); },
      [&] { return sess_link(nullptr, "/", &text); },
      [&] { return sess_request_finish(nullptr); },
      [&] { return sess_request_others(nullptr); },
      [&] { return sess_request_header(nullptr, 0, &text, &text); },
      [&] { return sess_request_complete(nullptr, "", 0, &text, nullptr); },
  };
  sess_request* const used = request;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CAPTURE(i);
    sess_changes* const kept = changes;
    CHECK(calls[i]() == SESS_ERROR_USAGE);
    CHECK(!std::string(sess_error_message()).empty());
    if (changes == nullptr) changes = kept;  // an out parameter
  }
  CHECK(sess_request_new(store, cookies, nullptr, nullptr, &request) == SESS_OK);
  sess_request_free(used);
  CHECK(sess_authenticate(request, "ann") == SESS_ERROR_USAGE);  // not started
  CHECK(sess_authenticate(request, nullptr) == SESS_ERROR_USAGE);
  CHECK(sess_link(request, nullptr, &text) == SESS_ERROR_USAGE);
  CHECK(sess_request_header(request, 0, nullptr, nullptr) == SESS_ERROR_USAGE);
  CHECK(sess_request_complete(request, nullptr, 1, &text, nullptr) == SESS_ERROR_USAGE);
  CHECK(sess_request_editor(nullptr) == nullptr);
  CHECK(sess_session_editor(nullptr) == nullptr);
  CHECK(sess_changes_editor(nullptr) == nullptr);
  CHECK(sess_read(nullptr, "n") == nullptr);
  CHECK(sess_peek(editor, nullptr) == nullptr);
  CHECK(sess_value_count(nullptr) == 0);
  CHECK(sess_value_at(nullptr, 0, nullptr) == nullptr);
  CHECK(sess_request_principal(nullptr) == nullptr);
  CHECK(sess_request_exists(nullptr) == 0);
  CHECK(sess_csrf_check(nullptr, "x") == 0);
  sess_request_free(request);
  sess_cookies_free(cookies);
  sess_session_free(made);
  sess_changes_free(changes);
  sess_close(nullptr);
  sess_changes_free(nullptr);
  sess_session_free(nullptr);
  sess_cookies_free(nullptr);
  sess_request_free(nullptr);
  sess_gc_thread_stop(nullptr);
}

TEST_CASE("a program that knows less of a structure than the library gets the defaults of the rest") {
  const TemporaryDirectory directory;
  sess_store_options options;
  REQUIRE_OK(sess_store_options_init(&options, sizeof options));
  CHECK(options.struct_size == sizeof options);
  CHECK(options.idle_timeout == 24 * 60 * 1000);
  // Of a time when it ended here; what is behind is none of the library's.
  struct Short {
    std::size_t struct_size;
    std::int64_t idle_timeout;
  } shorter;
  REQUIRE_OK(sess_store_options_init(reinterpret_cast<sess_store_options*>(&shorter), sizeof shorter));
  CHECK(shorter.struct_size == sizeof shorter);
  REQUIRE_OK(sess_store_init((directory / "store").c_str()));
  shorter.idle_timeout = 5000;
  sess_store* store = nullptr;
  REQUIRE_OK(sess_open((directory / "store").c_str(), reinterpret_cast<sess_store_options*>(&shorter), &store));
  sess_session* session = nullptr;
  REQUIRE_OK(sess_create(store, nullptr, &session));
  REQUIRE_OK(sess_set_null(sess_session_editor(session), "n"));
  REQUIRE_OK(sess_commit(session, nullptr));
  sess_facts facts{};
  facts.struct_size = sizeof facts;
  REQUIRE_OK(sess_session_facts(session, &facts));
  CHECK(facts.idle_timeout == 5000);
  facts.generation = 77;
  facts.struct_size = offsetof(sess_facts, generation);
  REQUIRE_OK(sess_session_facts(session, &facts));
  CHECK(facts.generation == 77);
  // What only a newer header has is nothing, not what stood there.
  struct {
    sess_facts known;
    std::uint64_t later = 77;
  } longer;
  longer.known.struct_size = sizeof longer;
  REQUIRE_OK(sess_session_facts(session, &longer.known));
  CHECK(longer.known.struct_size == sizeof longer);
  CHECK(longer.later == 0);
  facts.struct_size = 0;
  CHECK(sess_session_facts(session, &facts) == SESS_ERROR_USAGE);
  sess_session_free(session);
  sess_close(store);
}

TEST_CASE("a program that knows more of a structure is refused if it uses that") {
  struct Longer {
    sess_commit_options known;
    std::int64_t later;
  } options;
  const CStore store;
  sess_session* session = nullptr;
  REQUIRE_OK(sess_create(store.get(), nullptr, &session));
  REQUIRE_OK(sess_set_null(sess_session_editor(session), "n"));
  REQUIRE_OK(sess_commit_options_init(&options.known, sizeof options));
  CHECK(options.later == 0);
  REQUIRE_OK(sess_commit(session, &options.known));
  options.later = 1;
  CHECK(sess_commit(session, &options.known) == SESS_ERROR_USAGE);
  options.known.struct_size = 0;
  CHECK(sess_commit(session, &options.known) == SESS_ERROR_USAGE);
  CHECK(sess_commit_options_init(&options.known, 4) == SESS_ERROR_USAGE);
  sess_session_free(session);
}

TEST_CASE("options that the store refuses are a usage error") {
  const TemporaryDirectory directory;
  sess_store_options options;
  REQUIRE_OK(sess_store_options_init(&options, sizeof options));
  options.create = 1;
  options.idle_timeout = 0;
  sess_store* store = nullptr;
  CHECK(sess_open((directory / "store").c_str(), &options, &store) == SESS_ERROR_USAGE);
}

TEST_CASE("a session that is too large is refused, and stays as it is") {
  const CStore store([](sess_store_options& options) { options.size_limit = 100; });
  const std::string id = store.session("n", 1);
  sess_session* session = nullptr;
  REQUIRE_OK(sess_lock(store.get(), id.c_str(), -1, &session));
  REQUIRE_OK(sess_set_string(sess_session_editor(session), "text", std::string(200, 'x').c_str()));
  CHECK(sess_commit(session, nullptr) == SESS_ERROR_TOO_LARGE);
  sess_session_free(session);
  CHECK(store.integer(id, "n") == 1);
}

}  // namespace
}  // namespace sess::test
