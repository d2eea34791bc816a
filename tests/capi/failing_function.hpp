// Memory that runs out in a function of the C interface: a session to work on, and each allocation failing once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "capi/c_store.hpp"

namespace sess::test {

inline const std::string long_text(100, 'x');

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

struct Operation {
  std::string name;
  std::function<int(Scene&)> run;
  /// That it has been done can be seen.
  std::function<bool(Scene&)> done;
  std::function<void(Scene&)> prepare = [](Scene&) {};
  /// What it handed out is taken back, before it is run again.
  std::function<void(Scene&)> undo = [](Scene&) {};
};

/// Each of its allocations fails once. It answers so, has handed out nothing and done nothing, and works afterwards; or
/// it has gone on without.
void fail_each(const std::vector<Operation>& operations, const CStore& store);

/// Runs `work`, in which the allocation of this number fails. True if there was such a one.
bool without_memory(std::uint64_t number, const std::function<void()>& work);

inline void take_snapshot(Scene& scene) { REQUIRE_OK(sess_snapshot(scene.store, scene.id.c_str(), &scene.changes)); }
inline bool is_gone(Scene& scene) { return scene.n() == -1; }

}  // namespace sess::test
