// A store in a directory of its own, by the C interface.
#pragma once

#include <doctest/doctest.h>
#include <sess/sess.h>

#include <string>

#include "support/temporary_directory.hpp"

namespace sess::test {

/// Expects ok, and says what went wrong.
#define REQUIRE_OK(call)                     \
  do {                                       \
    const int status_of_call = (call);       \
    INFO(sess_status_name(status_of_call));  \
    INFO(std::string(sess_error_message())); \
    REQUIRE(status_of_call == SESS_OK);      \
  } while (false)

class CStore {
 public:
  CStore() : CStore([](sess_store_options&) {}) {}
  template <class Set>
  explicit CStore(Set set) {
    sess_store_options options;
    REQUIRE_OK(sess_store_options_init(&options, sizeof options));
    options.create = 1;
    set(options);
    REQUIRE_OK(sess_open(path().c_str(), &options, &store_));
  }
  CStore(const CStore&) = delete;
  CStore& operator=(const CStore&) = delete;
  ~CStore() { sess_close(store_); }

  sess_store* get() const { return store_; }
  std::string path() const { return directory_ / "store"; }

  /// A new session with an integer of this name; its ID.
  std::string session(const char* name, std::int64_t integer) const {
    sess_session* made = nullptr;
    REQUIRE_OK(sess_create(store_, nullptr, &made));
    REQUIRE_OK(sess_set_integer(sess_session_editor(made), name, integer));
    REQUIRE_OK(sess_commit(made, nullptr));
    char id[SESS_ID_SIZE];
    REQUIRE_OK(sess_session_id(made, id));
    sess_session_free(made);
    return id;
  }
  /// An integer of a session; -1: there is none.
  std::int64_t integer(const std::string& id, const char* name) const {
    sess_changes* changes = nullptr;
    if (sess_snapshot(store_, id.c_str(), &changes) != SESS_OK) return -1;
    std::int64_t found = -1;
    static_cast<void>(sess_get_integer(sess_changes_editor(changes), name, &found));
    sess_changes_free(changes);
    return found;
  }

 private:
  TemporaryDirectory directory_;
  sess_store* store_ = nullptr;
};

}  // namespace sess::test
