// Snapshots and locked sessions of the C interface.
#include "capi/handles.hpp"

#include <optional>

using namespace sess::capi;

namespace {

using std::chrono::milliseconds;

sess_commit_options default_commit_options() {
  sess_commit_options options{};
  options.durable = -1;
  return options;
}

/// Thrown through update() to roll back.
struct RolledBack {};

}  // namespace

namespace sess::capi {

CommitOptions commit_options(const sess_commit_options* given) {
  const sess_commit_options all = with_defaults(given, default_commit_options());
  CommitOptions options;
  if (all.durable >= 0) options.durability = all.durable != 0 ? Durability::durable : Durability::relaxed;
  options.renew = all.keep_deadline == 0;
  options.scrub = all.scrub != 0;
  return options;
}

}  // namespace sess::capi

int sess_commit_options_init(sess_commit_options* options, size_t size) {
  return initialize(options, size, default_commit_options());
}

int sess_snapshot(sess_store* store, const char* id, sess_changes** changes) {
  return guarded([&]() -> int {
    sess_changes*& out = emptied(changes, "read session");
    return with_id(store, id, "read session", [&](const sess::Store& in, const sess::SessionId& of) -> int {
      const auto snapshot = in.snapshot(of);
      if (snapshot) out = new sess_changes{snapshot->edit(), snapshot->facts()};
      return number_of(snapshot.status());
    });
  });
}

sess_editor* sess_changes_editor(sess_changes* changes) {
  return changes != nullptr ? handle_of(&changes->changes) : nullptr;
}

int sess_changes_facts(const sess_changes* changes, sess_facts* facts) {
  return guarded([&] {
    hand_out(facts, to_c(required(changes, "read facts").facts));
    return SESS_OK;
  });
}

int sess_merge(sess_store* store, sess_changes* changes, const sess_commit_options* options) {
  return guarded([&]() -> int {
    return number_of(required(store, "merge: store")
                         .store.merge(required(changes, "merge: changes").changes, commit_options(options)));
  });
}

void sess_changes_free(sess_changes* changes) { delete changes; }

int sess_update(sess_store* store, const char* id, sess_change change, void* data, const sess_commit_options* options) {
  return guarded([&]() -> int {
    required(change, "update session: change");
    const sess::Store& in = required(store, "update session: store").store;
    const auto parsed = in.parse(required_text(id, "update session: ID"));
    if (!parsed) return SESS_ABSENT;
    try {
      return number_of(in.update(
          *parsed,
          [&](sess::Editor& editor) {
            if (change(handle_of(&editor), data) != 0) throw RolledBack();
          },
          commit_options(options)));
    } catch (const RolledBack&) {
      return SESS_ROLLED_BACK;
    }
  });
}

int sess_lock(sess_store* store, const char* id, int64_t timeout, sess_session** session) {
  return guarded([&]() -> int {
    sess_session*& out = emptied(session, "lock session");
    return with_id(store, id, "lock session", [&](const sess::Store& in, const sess::SessionId& of) -> int {
      sess::LockOptions options;
      if (timeout >= 0) options.timeout = milliseconds(timeout);
      auto handle = std::make_unique<sess_session>();
      auto locked = in.lock(of, options);
      if (!locked) return number_of(locked.status());
      handle->session.emplace(*std::move(locked));
      out = handle.release();
      return SESS_OK;
    });
  });
}

int sess_create_options_init(sess_create_options* options, size_t size) {
  return initialize(options, size, sess_create_options{});
}

int sess_create(sess_store* store, const sess_create_options* options, sess_session** session) {
  return guarded([&] {
    sess_session*& out = emptied(session, "create session");
    const sess_create_options all = with_defaults(options, sess_create_options{});
    sess::CreateOptions how;
    if (all.authenticated != 0) how.kind = sess::SessionKind::authenticated;
    if (all.principal != nullptr) how.principal = all.principal;
    if (all.idle_timeout != 0) how.idle_timeout = milliseconds(all.idle_timeout);
    if (all.lifetime != 0) how.lifetime = milliseconds(all.lifetime);
    out = new sess_session{required(store, "create session: store").store.create(how)};
    return SESS_OK;
  });
}

sess_editor* sess_session_editor(sess_session* session) {
  return session != nullptr ? handle_of(&*session->session) : nullptr;
}

int sess_session_facts(const sess_session* session, sess_facts* facts) {
  return guarded([&] {
    hand_out(facts, to_c(required(session, "read facts").session->facts()));
    return SESS_OK;
  });
}

int sess_session_id(const sess_session* session, char id[SESS_ID_SIZE]) {
  return guarded([&]() -> int {
    required(id, "read ID") = '\0';
    const auto of = required(session, "read ID: session").session->id();
    return of ? hand_out_text(of->reveal(), id) : SESS_ABSENT;
  });
}

int sess_session_key(const sess_session* session, char key[SESS_KEY_SIZE]) {
  return guarded([&] {
    required(key, "read key") = '\0';
    return hand_out_text(required(session, "read key: session").session->key().to_string(), key);
  });
}

int sess_commit(sess_session* session, const sess_commit_options* options) {
  return guarded(
      [&]() -> int { return number_of(required(session, "commit").session->commit(commit_options(options))); });
}

int sess_rollback(sess_session* session) {
  return guarded([&] {
    required(session, "roll back").session->rollback();
    return SESS_OK;
  });
}

int sess_session_destroy(sess_session* session) {
  return guarded([&]() -> int { return number_of(required(session, "destroy session").session->destroy()); });
}

int sess_regenerate(sess_session* session, sess_session** next) {
  return guarded([&]() -> int {
    sess_session*& out = emptied(next, "regenerate");
    // Before the old ID is superseded: afterwards nothing may fail.
    auto handle = std::make_unique<sess_session>();
    auto made = required(session, "regenerate: session").session->regenerate();
    const sess::Status status = made.status();
    if (!made) return number_of(status);
    handle->session.emplace(*std::move(made));
    out = handle.release();
    return number_of(status);
  });
}

void sess_session_free(sess_session* session) { delete session; }
