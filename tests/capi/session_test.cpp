// Sessions by the C interface: made, read, merged, locked, ended.
#include <algorithm>
#include <barrier>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "capi/c_store.hpp"

namespace sess::test {
namespace {

TEST_CASE("a session is made, read and changed") {
  const CStore store;
  const std::string id = store.session("n", 1);
  CHECK(id.size() == SESS_ID_SIZE - 1);
  CHECK(store.integer(id, "n") == 1);
  CHECK(sess_touch(store.get(), id.c_str()) == SESS_OK);
  char key[SESS_KEY_SIZE];
  CHECK(sess_key_of(store.get(), id.c_str(), key) == SESS_OK);
  CHECK(std::string(key).size() == SESS_KEY_SIZE - 1);
  CHECK(sess_destroy(store.get(), id.c_str()) == SESS_OK);
  CHECK(sess_destroy(store.get(), id.c_str()) == SESS_ABSENT);
  CHECK(store.integer(id, "n") == -1);
}

TEST_CASE("a text that was never issued names no session, by any function") {
  const CStore store;
  for (const char* id : {"", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    sess_changes* changes = nullptr;
    sess_session* session = nullptr;
    char key[SESS_KEY_SIZE] = "x";
    CHECK(sess_snapshot(store.get(), id, &changes) == SESS_ABSENT);
    CHECK(changes == nullptr);
    CHECK(sess_lock(store.get(), id, -1, &session) == SESS_ABSENT);
    CHECK(session == nullptr);
    CHECK(sess_touch(store.get(), id) == SESS_ABSENT);
    CHECK(sess_destroy(store.get(), id) == SESS_ABSENT);
    CHECK(sess_key_of(store.get(), id, key) == SESS_ABSENT);
    CHECK(std::string(key).empty());
    CHECK(sess_update(
              store.get(), id, [](sess_editor*, void*) { return 0; }, nullptr, nullptr) == SESS_ABSENT);
    CHECK(sess_destroy_principal(store.get(), "ann", id) == SESS_ABSENT);
  }
}

TEST_CASE("changes are merged with what others did, and conflict where they were derived from it") {
  const CStore store;
  const std::string id = store.session("n", 1);
  sess_changes* first = nullptr;
  sess_changes* second = nullptr;
  REQUIRE_OK(sess_snapshot(store.get(), id.c_str(), &first));
  REQUIRE_OK(sess_snapshot(store.get(), id.c_str(), &second));
  std::int64_t n = 0;
  REQUIRE_OK(sess_get_integer(sess_changes_editor(second), "n", &n));
  REQUIRE_OK(sess_set_integer(sess_changes_editor(second), "m", n + 1));
  REQUIRE_OK(sess_add_integer(sess_changes_editor(first), "n", 10));
  REQUIRE_OK(sess_merge(store.get(), first, nullptr));
  CHECK(sess_merge(store.get(), second, nullptr) == SESS_CONFLICT);
  CHECK(store.integer(id, "n") == 11);
  CHECK(store.integer(id, "m") == -1);
  sess_facts facts{};
  facts.struct_size = sizeof facts;
  REQUIRE_OK(sess_changes_facts(first, &facts));
  CHECK(facts.generation == 1);
  CHECK(facts.idle_timeout == 24 * 60 * 1000);
  CHECK(facts.deadline_at == facts.created_at + facts.idle_timeout);
  CHECK(sess_destroy(store.get(), id.c_str()) == SESS_OK);
  REQUIRE_OK(sess_add_integer(sess_changes_editor(first), "n", 1));
  CHECK(sess_merge(store.get(), first, nullptr) == SESS_GONE);
  sess_changes_free(first);
  sess_changes_free(second);
}

TEST_CASE("what is only shown is no reason for a conflict") {
  const CStore store;
  const std::string id = store.session("n", 1);
  sess_changes* changes = nullptr;
  REQUIRE_OK(sess_snapshot(store.get(), id.c_str(), &changes));
  const sess_value* shown = sess_peek(sess_changes_editor(changes), "n");
  std::int64_t n = 0;
  REQUIRE_OK(sess_value_integer(shown, &n));
  CHECK(n == 1);
  REQUIRE_OK(sess_set_string(sess_changes_editor(changes), "text", "other"));
  REQUIRE_OK(sess_update(
      store.get(), id.c_str(), [](sess_editor* editor, void*) { return sess_add_integer(editor, "n", 1); }, nullptr,
      nullptr));
  CHECK(sess_merge(store.get(), changes, nullptr) == SESS_OK);
  sess_changes_free(changes);
  CHECK(store.integer(id, "n") == 2);
}

TEST_CASE("an update that asks for it is rolled back, and threads that update lose nothing") {
  const CStore store;
  const std::string id = store.session("n", 0);
  const auto no = [](sess_editor* editor, void* data) {
    static_cast<void>(sess_add_integer(editor, "n", 1));
    ++*static_cast<int*>(data);
    return 7;
  };
  int calls = 0;
  CHECK(sess_update(store.get(), id.c_str(), no, &calls, nullptr) == SESS_ROLLED_BACK);
  CHECK(calls == 1);
  CHECK(store.integer(id, "n") == 0);
  const auto add = [](sess_editor* editor, void*) {
    std::int64_t n = 0;
    if (sess_get_integer(editor, "n", &n) != SESS_OK) return 1;
    return sess_set_integer(editor, "n", n + 1);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int turn = 0; turn < 50; ++turn)
        static_cast<void>(sess_update(store.get(), id.c_str(), add, nullptr, nullptr));
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(store.integer(id, "n") == 400);
}

TEST_CASE("a locked session keeps others out, and is rolled back by its end") {
  const CStore store;
  const std::string id = store.session("n", 1);
  sess_session* session = nullptr;
  REQUIRE_OK(sess_lock(store.get(), id.c_str(), 0, &session));
  REQUIRE_OK(sess_set_integer(sess_session_editor(session), "n", 2));
  std::thread([&] {
    sess_session* other = nullptr;
    CHECK(sess_lock(store.get(), id.c_str(), 0, &other) == SESS_BUSY);
    CHECK(other == nullptr);
  }).join();
  sess_session* again = nullptr;
  CHECK(sess_lock(store.get(), id.c_str(), -1, &again) == SESS_ERROR_USAGE);  // this thread would wait for itself
  CHECK(again == nullptr);
  sess_session_free(session);
  CHECK(store.integer(id, "n") == 1);
}

TEST_CASE("a locked session is committed, rolled back, regenerated and destroyed") {
  const CStore store;
  const std::string id = store.session("n", 1);
  sess_session* session = nullptr;
  REQUIRE_OK(sess_lock(store.get(), id.c_str(), -1, &session));
  char text[SESS_ID_SIZE];
  CHECK(sess_session_id(session, text) == SESS_ABSENT);
  REQUIRE_OK(sess_set_integer(sess_session_editor(session), "n", 2));
  sess_commit_options durable;
  REQUIRE_OK(sess_commit_options_init(&durable, sizeof durable));
  durable.durable = 1;
  REQUIRE_OK(sess_commit(session, &durable));
  REQUIRE_OK(sess_set_integer(sess_session_editor(session), "n", 3));
  REQUIRE_OK(sess_rollback(session));
  sess_facts facts{};
  facts.struct_size = sizeof facts;
  REQUIRE_OK(sess_session_facts(session, &facts));
  CHECK(facts.generation == 2);
  sess_session* next = nullptr;
  REQUIRE_OK(sess_regenerate(session, &next));
  CHECK(sess_commit(session, nullptr) == SESS_ERROR_USAGE);  // it has been released
  sess_session_free(session);
  REQUIRE_OK(sess_session_id(next, text));
  char key[SESS_KEY_SIZE];
  REQUIRE_OK(sess_session_key(next, key));
  sess_session_free(next);
  CHECK(store.integer(text, "n") == 2);
  sess_changes* before = nullptr;
  CHECK(sess_snapshot(store.get(), id.c_str(), &before) == SESS_SUPERSEDED);
  CHECK(before != nullptr);  // can be read
  sess_changes_free(before);
  REQUIRE_OK(sess_lock(store.get(), text, -1, &session));
  CHECK(sess_session_destroy(session) == SESS_OK);
  sess_session_free(session);
  CHECK(sess_destroy_key(store.get(), key) == SESS_ABSENT);
  CHECK(sess_destroy_key(store.get(), "no key") == SESS_ERROR_USAGE);
}

TEST_CASE("the sessions of a principal are listed and ended") {
  const CStore store([](sess_store_options& options) {
    options.sessions_per_principal = 2;
    options.refuse_beyond_limit = 1;
  });
  sess_create_options login;
  REQUIRE_OK(sess_create_options_init(&login, sizeof login));
  login.authenticated = 1;
  login.principal = "ann";
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    sess_session* session = nullptr;
    REQUIRE_OK(sess_create(store.get(), &login, &session));
    CHECK(sess_commit(session, nullptr) == (i < 2 ? SESS_OK : SESS_LIMIT_REACHED));
    char id[SESS_ID_SIZE];
    REQUIRE_OK(sess_session_id(session, id));
    ids.emplace_back(id);
    sess_session_free(session);
  }
  using Keys = std::vector<std::string>;
  const auto collect = [](const char* key, const sess_facts* facts, const char* problem, void* data) {
    CHECK(facts->authenticated == 1);
    CHECK(facts->size > 128);
    CHECK(std::string(problem).empty());
    static_cast<Keys*>(data)->emplace_back(key);
    return 0;
  };
  Keys of_ann;
  REQUIRE_OK(sess_sessions_of(store.get(), "ann", collect, &of_ann));
  CHECK(of_ann.size() == 2);
  Keys all;
  REQUIRE_OK(sess_list(store.get(), collect, &all));
  std::ranges::sort(all);
  std::ranges::sort(of_ann);
  CHECK(all == of_ann);
  Keys one;
  const auto enough = [](const char* key, const sess_facts*, const char*, void* data) {
    static_cast<Keys*>(data)->emplace_back(key);
    return 1;
  };
  REQUIRE_OK(sess_list(store.get(), enough, &one));
  CHECK(one.size() == 1);
  REQUIRE_OK(sess_destroy_principal(store.get(), "ann", ids[1].c_str()));
  Keys left;
  REQUIRE_OK(sess_sessions_of(store.get(), "ann", collect, &left));
  CHECK(left.size() == 1);
  REQUIRE_OK(sess_destroy_principal(store.get(), "ann", nullptr));
  CHECK(sess_touch(store.get(), ids[1].c_str()) == SESS_ABSENT);
}

TEST_CASE("expired sessions are swept, by a call and by a thread, and what happens is told") {
  struct Told {
    std::vector<std::pair<int, std::string>> events;
  } told;
  const auto on_event = [](const sess_event* event, void* data) {
    CHECK(event->struct_size == sizeof(sess_event));
    CHECK(event->told_at > 1'600'000'000'000);
    static_cast<Told*>(data)->events.emplace_back(event->kind, event->kind_name);
  };
  const CStore store([&](sess_store_options& options) {
    options.idle_timeout = 1;
    options.on_event = on_event;
    options.on_event_data = &told;
  });
  const std::string id = store.session("n", 1);
  while (sess_touch(store.get(), id.c_str()) != SESS_EXPIRED) std::this_thread::yield();
  sess_gc_report report{};
  report.struct_size = sizeof report;
  sess_gc_options options;
  REQUIRE_OK(sess_gc_options_init(&options, sizeof options));
  options.dry_run = 1;
  REQUIRE_OK(sess_gc(store.get(), &options, &report));
  CHECK(report.expired == 1);
  REQUIRE_OK(sess_gc(store.get(), nullptr, &report));
  CHECK(report.expired == 1);
  CHECK(report.complete == 1);
  REQUIRE_OK(sess_gc(store.get(), nullptr, nullptr));
  CHECK(sess_key_of(store.get(), "what is this", std::string(41, ' ').data()) == SESS_ABSENT);
  using Event = std::pair<int, std::string>;
  CHECK(told.events == std::vector<Event>{{SESS_EVENT_CREATED, "created"},
                                          {SESS_EVENT_EXPIRED, "expired"},
                                          {SESS_EVENT_REFUSED_ID, "refused_id"}});
  sess_gc_thread* thread = nullptr;
  REQUIRE_OK(sess_gc_thread_start(store.get(), 60'000, 200, &thread));
  sess_gc_thread_stop(thread);
  CHECK(sess_gc_thread_start(store.get(), -5, 200, &thread) == SESS_ERROR_USAGE);
  CHECK(thread == nullptr);
}

TEST_CASE("what several threads do is told by each of them, and nothing twice") {
  constexpr int threads = 4;
  constexpr int turns = 25;
  struct Told {
    std::mutex mutex;
    std::map<std::pair<int, std::string>, int> events;
    std::set<std::thread::id> by;
  } told;
  const auto on_event = [](const sess_event* event, void* data) {
    auto& to = *static_cast<Told*>(data);
    const std::lock_guard lock(to.mutex);
    ++to.events[{event->kind, event->key}];
    to.by.insert(std::this_thread::get_id());
  };
  const CStore store([&](sess_store_options& options) {
    options.on_event = on_event;
    options.on_event_data = &told;
  });
  const std::string shared = store.session("n", 0);
  std::barrier all(threads);
  const auto work = [&] {
    for (int turn = 0; turn < turns; ++turn) {
      const std::string id = store.session("n", turn);
      CHECK(sess_destroy(store.get(), id.c_str()) == SESS_OK);
    }
    all.arrive_and_wait();
    const int ended = sess_destroy(store.get(), shared.c_str());  // one of them does
    CHECK((ended == SESS_OK || ended == SESS_ABSENT));
  };
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(work);
  for (std::thread& thread : running) thread.join();
  int created = 0;
  int destroyed = 0;
  for (const auto& [event, times] : told.events) {
    CHECK(times == 1);
    created += event.first == SESS_EVENT_CREATED ? 1 : 0;
    destroyed += event.first == SESS_EVENT_DESTROYED ? 1 : 0;
  }
  CHECK(created == threads * turns + 1);
  CHECK(destroyed == threads * turns + 1);
  CHECK(told.by.size() == threads + 1);
}

TEST_CASE("a key tells the facts of a sealed session, and new secrets leave everybody logged in") {
  const CStore store([](sess_store_options& options) { options.sealed = 1; });
  const std::string id = store.session("n", 7);
  char key[SESS_KEY_SIZE];
  REQUIRE_OK(sess_key_of(store.get(), id.c_str(), key));
  sess_facts facts{};
  facts.struct_size = sizeof facts;
  REQUIRE_OK(sess_facts_of(store.get(), key, &facts));
  CHECK(facts.sealed == 1);
  CHECK(facts.generation == 1);
  CHECK(sess_facts_of(store.get(), "no key", &facts) == SESS_ERROR_USAGE);
  CHECK(sess_facts_of(nullptr, key, &facts) == SESS_ERROR_USAGE);
  CHECK(sess_rotate_keys(nullptr, -1) == SESS_ERROR_USAGE);
  REQUIRE_OK(sess_rotate_keys(store.get(), -1));
  CHECK(sess_rotate_keys(store.get(), -1) == SESS_ERROR_USAGE);  // seconds ago
  CHECK(store.integer(id, "n") == 7);
  CHECK(sess_destroy(store.get(), id.c_str()) == SESS_OK);
  CHECK(sess_facts_of(store.get(), key, &facts) == SESS_ABSENT);
}

TEST_CASE("handles outlive the store's handle") {
  sess_session* session = nullptr;
  TemporaryDirectory directory;
  sess_store* store = nullptr;
  REQUIRE_OK(sess_store_init((directory / "store").c_str()));
  REQUIRE_OK(sess_open((directory / "store").c_str(), nullptr, &store));
  REQUIRE_OK(sess_create(store, nullptr, &session));
  sess_close(store);
  REQUIRE_OK(sess_set_integer(sess_session_editor(session), "n", 1));
  CHECK(sess_commit(session, nullptr) == SESS_OK);
  sess_session_free(session);
}

}  // namespace
}  // namespace sess::test
