// Stores of the C interface.
#include "capi/handles.hpp"

#include <sess/event.hpp>
#include <sess/gc.hpp>

#include <memory>
#include <optional>

using namespace sess::capi;

struct sess_gc_thread {
  sess::GcThread thread;
};

namespace {

using std::chrono::milliseconds;

sess_store_options default_options() {
  const sess::StoreOptions all;
  sess_store_options options{};
  options.idle_timeout = all.idle_timeout.count();
  options.lifetime = all.lifetime.count();
  options.grace = all.grace.count();
  options.succession_age = all.succession_age.count();
  options.lock_timeout = all.lock_timeout.count();
  options.sessions_per_principal = all.sessions_per_principal;
  options.size_limit = all.size_limit;
  options.waiter_limit = all.waiter_limit;
  return options;
}

sess_gc_options default_gc_options() {
  const sess::GcOptions all;
  sess_gc_options options{};
  options.budget = all.budget.count();
  options.clock_hold = all.clock_hold.count();
  options.spare_idle = all.spare_idle.count();
  return options;
}

int number_of(sess::Event::Kind kind) {
  using Kind = sess::Event::Kind;
  switch (kind) {
    case Kind::created:
      return SESS_EVENT_CREATED;
    case Kind::authenticated:
      return SESS_EVENT_AUTHENTICATED;
    case Kind::regenerated:
      return SESS_EVENT_REGENERATED;
    case Kind::superseded:
      return SESS_EVENT_SUPERSEDED;
    case Kind::destroyed:
      return SESS_EVENT_DESTROYED;
    case Kind::expired:
      return SESS_EVENT_EXPIRED;
    case Kind::refused_id:
      return SESS_EVENT_REFUSED_ID;
    case Kind::recovered:
      return SESS_EVENT_RECOVERED;
    case Kind::quarantined:
      return SESS_EVENT_QUARANTINED;
    case Kind::clock_jump:
      return SESS_EVENT_CLOCK_JUMP;
    case Kind::lock_timeout:
      return SESS_EVENT_LOCK_TIMEOUT;
    case Kind::limit_reached:
      return SESS_EVENT_LIMIT_REACHED;
    case Kind::abandoned:
      return SESS_EVENT_ABANDONED;
    case Kind::principal_ended:
      return SESS_EVENT_PRINCIPAL_ENDED;
  }
  return -1;
}

std::string text_of(const std::optional<sess::SessionKey>& key) { return key ? key->to_string() : std::string(); }

void tell(sess_on_event on_event, void* data, const sess::Event& event) {
  const std::string name(sess::to_string(event.kind));
  const std::string key = text_of(event.key);
  const std::string replaced = text_of(event.replaced);
  const std::string principal = text_of(event.principal);
  const sess_event told{
      sizeof(sess_event),       number_of(event.kind), name.c_str(),       to_milliseconds(event.time), key.c_str(),
      replaced.c_str(),         principal.c_str(),     event.sent.c_str(), event.detail.c_str(),        event.holder,
      event.clock_jump.count(), event.held_for.count()};
  on_event(&told, data);
}

sess::StoreOptions store_options(const sess_store_options* given) {
  const sess_store_options all = with_defaults(given, default_options());
  sess::StoreOptions options;
  options.idle_timeout = milliseconds(all.idle_timeout);
  options.lifetime = milliseconds(all.lifetime);
  options.grace = milliseconds(all.grace);
  options.succession_age = milliseconds(all.succession_age);
  options.lock_timeout = milliseconds(all.lock_timeout);
  options.sessions_per_principal = all.sessions_per_principal;
  options.size_limit = all.size_limit;
  options.waiter_limit = all.waiter_limit;
  options.refuse_beyond_limit = all.refuse_beyond_limit != 0;
  options.sealed = all.sealed != 0;
  options.durability = all.durable != 0 ? sess::Durability::durable : sess::Durability::relaxed;
  options.early_writeback = all.early_writeback != 0;
  options.create = all.create != 0;
  if (all.on_event != nullptr) {
    options.on_event = [on_event = all.on_event, data = all.on_event_data](const sess::Event& event) {
      tell(on_event, data, event);
    };
  }
  return options;
}

sess::SessionKey parsed_key(const char* key, const std::string& what) {
  const auto parsed = sess::SessionKey::parse(required_text(key, (what + ": key").c_str()));
  if (!parsed) throw sess::UsageError(what + " \"" + key + "\": a key has 40 hexadecimal digits");
  return *parsed;
}

/// Answers false when the visitor has had enough.
bool visited(const sess::SessionEntry& entry, sess_visit_session visit, void* data) {
  const std::string key = entry.key.to_string();
  const sess_facts facts = to_c(entry.facts);
  return visit(key.c_str(), &facts, entry.problem.c_str(), data) == 0;
}

}  // namespace

namespace sess::capi {

int hand_out_text(const std::string& text, char* to) {
  std::memcpy(to, text.c_str(), text.size() + 1);
  return SESS_OK;
}

sess_facts to_c(const SessionFacts& facts) {
  return {sizeof(sess_facts),
          facts.kind == SessionKind::authenticated ? 1 : 0,
          facts.sealed ? 1 : 0,
          facts.generation,
          to_milliseconds(facts.created),
          to_milliseconds(facts.deadline),
          to_milliseconds(facts.absolute_deadline),
          facts.idle_timeout.count(),
          facts.size};
}

}  // namespace sess::capi

int sess_store_options_init(sess_store_options* options, size_t size) {
  return initialize(options, size, default_options());
}

int sess_store_init(const char* path) {
  return guarded([&] {
    sess::Store::init(required_text(path, "make store: path"));
    return SESS_OK;
  });
}

int sess_open(const char* path, const sess_store_options* options, sess_store** store) {
  return guarded([&] {
    sess_store*& out = emptied(store, "open store");
    out = new sess_store{sess::Store::open(required_text(path, "open store: path"), store_options(options))};
    return SESS_OK;
  });
}

void sess_close(sess_store* store) { delete store; }

int sess_key_of(sess_store* store, const char* id, char key[SESS_KEY_SIZE]) {
  return guarded([&]() -> int {
    required(key, "find key") = '\0';
    return with_id(store, id, "find key", [&](const sess::Store&, const sess::SessionId& of) {
      return hand_out_text(of.key().to_string(), key);
    });
  });
}

int sess_touch(sess_store* store, const char* id) {
  return guarded([&]() -> int {
    return with_id(store, id, "touch session",
                   [](const sess::Store& in, const sess::SessionId& of) { return number_of(in.touch(of)); });
  });
}

int sess_destroy(sess_store* store, const char* id) {
  return guarded([&]() -> int {
    return with_id(store, id, "destroy session",
                   [](const sess::Store& in, const sess::SessionId& of) { return number_of(in.destroy(of)); });
  });
}

int sess_destroy_key(sess_store* store, const char* key) {
  return guarded([&]() -> int {
    const sess::Store& in = required(store, "destroy session: store").store;
    return number_of(in.destroy(parsed_key(key, "destroy session")));
  });
}

int sess_destroy_principal(sess_store* store, const char* principal, const char* except) {
  return guarded([&]() -> int {
    const sess::Store& in = required(store, "destroy principal: store").store;
    required_text(principal, "destroy principal: name");
    std::optional<sess::SessionKey> kept;
    if (except != nullptr) {
      const auto parsed = in.parse(except);
      if (!parsed) return SESS_ABSENT;
      kept = parsed->key();
    }
    return number_of(in.destroy_principal(principal, kept));
  });
}

int sess_facts_of(sess_store* store, const char* key, sess_facts* facts) {
  return guarded([&]() -> int {
    const sess::Store& in = required(store, "read facts: store").store;
    required(facts, "read facts");
    const auto found = in.facts_of(parsed_key(key, "read facts"));
    if (found) hand_out(facts, to_c(*found));
    return number_of(found.status());
  });
}

int sess_rotate_keys(sess_store* store, int64_t keep) {
  return guarded([&] {
    const sess::Store& in = required(store, "rotate keys: store").store;
    sess::KeyRotationOptions options;
    if (keep >= 0) options.keep = std::chrono::duration_cast<std::chrono::seconds>(milliseconds(keep));
    static_cast<void>(in.rotate_keys(options));
    return SESS_OK;
  });
}

int sess_list(sess_store* store, sess_visit_session visit, void* data) {
  return guarded([&] {
    required(visit, "list sessions: visitor");
    required(store, "list sessions: store").store.list([&](const sess::SessionEntry& entry) {
      return visited(entry, visit, data);
    });
    return SESS_OK;
  });
}

int sess_sessions_of(sess_store* store, const char* principal, sess_visit_session visit, void* data) {
  return guarded([&]() -> int {
    required(visit, "list sessions: visitor");
    const auto entries =
        required(store, "list sessions: store").store.sessions_of(required_text(principal, "list sessions: principal"));
    if (!entries) return number_of(entries.status());
    for (const sess::SessionEntry& entry : *entries)
      if (!visited(entry, visit, data)) break;
    return SESS_OK;
  });
}

int sess_gc_options_init(sess_gc_options* options, size_t size) {
  return initialize(options, size, default_gc_options());
}

int sess_gc(sess_store* store, const sess_gc_options* options, sess_gc_report* report) {
  return guarded([&]() -> int {
    const sess::Store& in = required(store, "sweep: store").store;
    const sess_gc_options all = with_defaults(options, default_gc_options());
    sess::GcOptions how;
    how.budget = milliseconds(all.budget);
    how.dry_run = all.dry_run != 0;
    how.clock_hold = milliseconds(all.clock_hold);
    how.spare_idle = milliseconds(all.spare_idle);
    // Looked at before anything is removed.
    if (report != nullptr) hand_out(report, sess_gc_report{});
    const sess::GcReport done = in.gc(how);
    if (report != nullptr) {
      hand_out(report, sess_gc_report{0, done.examined, done.expired, done.in_use, done.leftovers, done.spares,
                                      done.quarantined, done.unreadable, done.errors, done.complete ? 1 : 0,
                                      done.clock_jump.count(), done.held_for.count()});
    }
    return number_of(done.status);
  });
}

int sess_gc_thread_start(sess_store* store, int64_t interval, int64_t budget, sess_gc_thread** thread) {
  return guarded([&] {
    sess_gc_thread*& out = emptied(thread, "start sweeping");
    sess::GcThreadOptions options;
    options.interval = milliseconds(interval);
    options.budget = milliseconds(budget);
    out = new sess_gc_thread{sess::GcThread(required(store, "start sweeping: store").store, std::move(options))};
    return SESS_OK;
  });
}

void sess_gc_thread_stop(sess_gc_thread* thread) { delete thread; }
