#include "web/session_choice.hpp"

#include "store/core.hpp"
#include "store/times.hpp"
#include "web/own_values.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sess::web {

namespace {

// IDs of one cookie's name that are looked at. Each costs a file access and each was issued here, so this bounds what
// somebody who collects IDs can make one request cost.
constexpr std::size_t candidate_limit = 8;

// New IDs that one client has not got, each of whose answers was lost.
constexpr std::size_t lead_limit = 64;

}  // namespace

std::optional<std::string> principal_in(SessionKind kind, const Values& values) {
  const auto found = values.find(principal_name);
  if (kind != SessionKind::authenticated || found == values.end()) return std::nullopt;
  const auto* text = found->second.get_if<std::string>();
  return text != nullptr ? std::optional(*text) : std::nullopt;
}

SessionChoice::SessionChoice(const Store& store, const SessionCookies& cookies, std::string_view cookie_header,
                             std::string_view address_id)
    : store_(store) {
  const std::vector<Cookie> sent = parse_cookies(cookie_header);
  find_issued(cookies, SessionKind::authenticated, sent);
  find_issued(cookies, SessionKind::anonymous, sent);
  if (!named_.empty() || cookies.address_parameter().empty() || address_id.empty()) return;
  if (auto id = store_.parse(address_id); id && id->kind() == SessionKind::anonymous) {
    named_.push_back(*std::move(id));
    from_address_ = true;
  }
}

void SessionChoice::find_issued(const SessionCookies& cookies, SessionKind kind, const std::vector<Cookie>& sent) {
  std::size_t candidates = 0;
  for (const Cookie& cookie : sent) {
    if (cookie.name != cookies.name(kind)) continue;
    auto id = store_.parse(cookie.value);
    if (!id || id->kind() != kind || std::find(named_.begin(), named_.end(), *id) != named_.end()) continue;
    if (++candidates > candidate_limit) return;
    named_.push_back(*std::move(id));
  }
}

Status SessionChoice::choose() {
  if (chosen_) return stale_ ? choose_successor() : Status();
  current_.reset();
  stale_.reset();
  Status status = choose_among(SessionKind::authenticated);
  if (status.ok() && !current_) status = choose_among(SessionKind::anonymous);
  if (status.ok() && !current_) status = choose_successor();
  if (!status.ok()) return status;
  if (current_) owner_ = principal_in(current_->kind(), snapshot_->values());
  chosen_ = true;
  return Outcome::ok;
}

void SessionChoice::use(const SessionId& id, const Result<Snapshot>& snapshot) {
  current_ = id;
  superseded_ = snapshot.outcome() == Outcome::superseded;
  was_led_ = false;
  is_retired_ = false;
  regenerated_ = snapshot->facts().successor.has_value();
  snapshot_ = *snapshot;
  stored_secret_.reset();
  const auto stored = snapshot->values().find(csrf_name);
  if (stored == snapshot->values().end()) return;
  if (const auto* bytes = stored->second.get_if<Value::Bytes>()) stored_secret_ = format::CsrfSecret::from(*bytes);
}

std::optional<format::CsrfSecret> SessionChoice::csrf_secret() const {
  if (current_ && current_->kind() == SessionKind::authenticated && stored_secret_) return stored_secret_;
  if (current_) return format::CsrfSecret::of(*current_);
  if (stale_) return format::CsrfSecret::of(*stale_);
  return std::nullopt;
}

bool SessionChoice::accepts(std::string_view token) const {
  const auto own = csrf_secret();
  return (own && own->matches(token)) || (current_ && stored_secret_ && stored_secret_->matches(token));
}

/// What an ID names; where it leads on, that is what it leads to, and `id` becomes the ID of that.
Result<Snapshot> SessionChoice::look(SessionId& id) const {
  for (std::size_t turn = 0; turn < lead_limit; ++turn) {
    auto snapshot = store_.snapshot(id);
    // An anonymous one leads nowhere.
    if (snapshot.outcome() != Outcome::superseded || id.kind() == SessionKind::anonymous) return snapshot;
    const auto next = store_.continuation(id);
    if (next.outcome() == Outcome::busy) return next.status();
    if (!next) return snapshot;
    id = *next;
  }
  return Outcome::absent;
}

/// An ID that leads on does so for the grace time at most.
bool SessionChoice::ends_soon(const SessionId& id) const {
  const auto facts = store_.facts_of(id);
  if (!facts) return true;
  return to_milliseconds(facts->deadline) <= StoreAccess::system(store_).wall_clock() + store_.options().grace.count();
}

Status SessionChoice::choose_among(SessionKind kind) {
  for (const SessionId& sent : named_) {
    if (sent.kind() != kind) continue;
    SessionId id = sent;
    const auto snapshot = look(id);
    if (snapshot.outcome() == Outcome::busy) return snapshot.status();
    if (!snapshot) continue;
    const bool was_led = !(id == sent);
    // Looked at after the new one, where it is noted later that this has come back.
    const bool is_retired = was_led && ends_soon(sent);
    // The end of the earlier ID is not on disk at once, and a power cut may have taken it.
    if (was_led && !is_retired && !snapshot->values().contains(previous_name)) continue;
    if (current_ && *current_ == id) {
      was_led_ = was_led_ && was_led;
      continue;
    }
    const bool is_superseded = snapshot.outcome() == Outcome::superseded;
    if (current_ && is_superseded && (superseded_ || kind == SessionKind::anonymous)) continue;
    // One that was regenerated, and what it goes on as, are one session.
    const auto& earlier = is_superseded ? *snapshot : snapshot_ ? *snapshot_ : *snapshot;
    const SessionKey& later = is_superseded && current_ ? current_->key() : id.key();
    const bool same = current_ && earlier.facts().successor == later;
    if (same && is_superseded) continue;
    if (current_ && kind == SessionKind::authenticated && !same) {
      // A second authenticated session: of these, none.
      current_.reset();
      snapshot_.reset();
      return Outcome::ok;
    }
    use(id, snapshot);
    was_led_ = was_led;
    is_retired_ = is_retired;
    if (!superseded_ && kind == SessionKind::anonymous) break;
  }
  return Outcome::ok;
}

/// Of an anonymous ID that names no session any more.
Status SessionChoice::choose_successor() {
  for (const SessionId& id : named_) {
    if (id.kind() != SessionKind::anonymous) continue;
    if (!stale_) stale_ = id;
    const auto successor = store_.successor(id);
    if (successor.outcome() == Outcome::busy) return successor.status();
    if (!successor) continue;
    const auto snapshot = store_.snapshot(*successor);
    if (snapshot.outcome() == Outcome::busy) return snapshot.status();
    if (!snapshot) continue;  // it has ended just now
    use(*successor, snapshot);
    is_successor_ = true;
    stale_.reset();
    return Outcome::ok;
  }
  return Outcome::ok;
}

}  // namespace sess::web
