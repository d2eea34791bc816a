// What replaces a session, or begins one: a login, a new ID, a first write.
#include "store/core.hpp"
#include "web/own_values.hpp"
#include "web/request_work.hpp"

#include <sess/error.hpp>

#include <utility>

namespace sess::web {

/// The successor of a stale ID may have been made by another request, and its forward record may have expired since:
/// with a second one the client would lose the first.
Status RequestSession::Work::write_first(std::optional<SessionId>& created) {
  restore_own_values();
  if (!choice_.stale() || logout_) return create(SessionKind::anonymous, empty_.values(), created);
  const std::int64_t age = StoreAccess::system(store_).wall_clock() - begun_;
  if (age >= store_.options().idle_timeout.count()) return Outcome::gone;
  // A form that was answered under the stale ID may be sent under the new one.
  empty_.set_if_absent(csrf_name, continued_secret());
  const auto successor = store_.succeed(*choice_.stale(), empty_, {.durability = std::nullopt, .renew = renew_});
  // Too old to be succeeded: as good as no cookie.
  if (successor.outcome() == Outcome::absent) return create(SessionKind::anonymous, empty_.values(), created);
  if (successor) created = *successor;
  return successor.status();
}

/// The current session under its lock: that of Mode::locked, or `mine`.
Status RequestSession::Work::lock_current(std::optional<Session>& mine,
                                          std::optional<std::chrono::milliseconds> timeout) {
  if (locked_) {
    // A lock holds off the idle timeout and not the absolute deadline.
    return locked_->touch() == Outcome::expired ? Outcome::gone : Outcome::ok;
  }
  auto session = store_.lock(*choice_.current(), {.timeout = timeout, .renew = false});
  if (!session) return as_gone(session.status());
  mine.emplace(*std::move(session));
  return Outcome::ok;
}

Status RequestSession::Work::replace(std::optional<SessionId>& created) {
  if (!choice_.current() || logout_) return create(SessionKind::authenticated, editor_->values(), created);
  // The cookie of its new ID is on its way, and would replace that of this login.
  const bool login = choice_.current()->kind() == SessionKind::authenticated;
  if (login && choice_.regenerated()) return Outcome::superseded;
  if (choice_.superseded()) return create(SessionKind::authenticated, editor_->values(), created);

  // Under the old session's lock from here on: nobody can write to it between the copy and its end.
  std::optional<Session> mine;
  const Status held = lock_current(mine);
  const bool carried = editor_ != &empty_;
  std::optional<Values> values;
  if (held == Outcome::superseded) {
    // By another login at the same time: this one is as good, and has the same data.
    const auto frozen = store_.snapshot(*choice_.current());
    if (!frozen) return as_gone(frozen.status());
    if (login && frozen->facts().successor) return Outcome::superseded;
    values = carried ? editor_->apply_to(frozen->values()) : editor_->values();
    if (!values) return Outcome::conflict;
    return create(SessionKind::authenticated, *values, created);
  }
  if (!held.ok()) return held;
  Session& old = locked_ ? *locked_ : *mine;
  if (login && may_be_on_its_way(locked_ ? own_ : old.values())) return Outcome::superseded;
  values = carried && mine ? editor_->apply_to(old.values()) : editor_->values();
  if (!values) return Outcome::conflict;

  Status status = create(SessionKind::authenticated, *values, created);
  if (!created) return status;
  try {
    if (old.supersede() == Outcome::durability_unknown) status = Outcome::durability_unknown;
  } catch (...) {
    // The client will not hear of the new session, so it must not stay behind. Whether that succeeds or not, the fault
    // to tell is the first one. Nobody waits for a lock while holding another, so the old one's goes first.
    mine.reset();
    locked_.reset();
    try {
      static_cast<void>(store_.destroy(*created));
    } catch (const Error&) {
    }
    throw;
  }
  return status;
}

Status RequestSession::Work::replace_id(std::optional<SessionId>& created, bool leads,
                                        std::optional<std::chrono::milliseconds> timeout) {
  if (choice_.superseded()) return Outcome::superseded;
  if (locked_) restore_own_values();
  std::optional<Session> mine;
  if (const Status held = lock_current(mine, timeout); !held.ok()) return held;
  if (mine)
    if (const Status taken = take_changes(*mine); !taken.ok()) return taken;
  Session& old = mine ? *mine : *locked_;
  // That of another new ID would be replaced by the answer that brings it.
  if (may_be_on_its_way(old.values())) return Outcome::superseded;
  old.set_if_absent(csrf_name, continued_secret());
  old.erase(sent_name);
  old.erase(previous_name);
  if (leads) {
    const SessionKey::Bytes& key = choice_.current()->key().bytes();
    const auto* const bytes = reinterpret_cast<const std::byte*>(key.data());
    old.set(previous_name, Value::Bytes(bytes, bytes + key.size()));
  }
  continues_ = true;
  auto next = old.regenerate({.leads_from = leads ? choice_.current() : std::nullopt, .timeout = timeout});
  if (!next) return as_gone(next.status());
  created = next->id();
  return next.status();
}

Status RequestSession::Work::create(SessionKind kind, const Values& values, std::optional<SessionId>& created) {
  const bool login = kind == SessionKind::authenticated;
  Session session = login ? *std::move(login_) : store_.create();
  for (const auto& [name, value] : values)
    if (!is_own_value(name)) session.set(name, value);
  if (login) session.set(principal_name, *principal_);
  // Who logs in again has forms open; who was anonymous may have had an ID that somebody else knows.
  continues_ = login && !logout_ && choice_.current() && choice_.owner() == principal_;
  if (continues_) session.set(csrf_name, continued_secret());
  if (editor_->idle_timeout()) session.set_idle_timeout(*editor_->idle_timeout());
  if (editor_->lifetime()) session.set_lifetime(*editor_->lifetime());
  if (const auto first = cookies_->first_idle_timeout(); first && !login && choice_.named().empty()) {
    const auto idle_timeout = editor_->idle_timeout().value_or(store_.options().idle_timeout);
    if (*first < idle_timeout) {
      session.set(first_name, idle_timeout.count());
      session.set_idle_timeout(*first);
    }
  }
  // A login that the client has been told of must survive a power cut; the start of an anonymous session need not.
  const Status status =
      session.commit({.durability = login ? std::optional(Durability::durable) : std::nullopt, .renew = true});
  if (status.took_effect()) created = session.id();
  return status;
}

}  // namespace sess::web
