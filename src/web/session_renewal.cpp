// What a request does for its session and its cookie beside its own work, now and then: a new Max-Age, a longer
// deadline. Who only reads does not wait for the session's lock by it, and nothing fails by it: what cannot be done now
// is done by a later request.
#include "store/core.hpp"
#include "store/times.hpp"
#include "web/own_values.hpp"
#include "web/request_work.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>

namespace sess::web {

namespace {

using std::chrono::milliseconds;

std::optional<std::int64_t> integer_in(const Values& values, std::string_view name) {
  const auto found = values.find(name);
  if (found == values.end()) return std::nullopt;
  const auto* number = found->second.get_if<std::int64_t>();
  return number != nullptr ? std::optional(*number) : std::nullopt;
}

}  // namespace

/// True if the client has been sent its cookie so long ago that it is to be sent again: because the answer must have
/// been lost that was to bring it, or for its Max-Age (rolling renewal). That was when the ID was issued, or what the
/// session says.
bool RequestSession::Work::cookie_is_due() const {
  if (!renew_ || mode_ == Mode::snapshot) return false;
  if (!exists() || superseded() || choice_.is_successor() || choice_.from_address()) return false;
  if (choice_.was_led()) return !choice_.is_retired() && !may_be_on_its_way(own_);
  // Who ends all others wants nobody left who knows an ID before: with a new one, that would be the client itself.
  if (!cookies_->renewal_interval() || ends_others_ || may_be_on_its_way(own_)) return false;
  const std::int64_t sent =
      std::max(to_milliseconds(choice_.current()->issued()), integer_in(own_, sent_name).value_or(0));
  return StoreAccess::system(store_).wall_clock() - sent >= milliseconds(*cookies_->renewal_interval()).count();
}

/// Of an authenticated session with these values: true if an answer with its ID may be under way, counting on it that
/// one that takes longer than the grace time is lost. The first such answer has arrived when the ID has come back, so
/// then only one that has sent it again matters.
bool RequestSession::Work::may_be_on_its_way(const Values& values) const {
  if (choice_.current()->kind() == SessionKind::anonymous) return false;
  std::int64_t sent = integer_in(values, sent_name).value_or(0);
  if (choice_.was_led()) {
    // IDs say it to the second, rounded down.
    const auto issued = choice_.current()->issued() + std::chrono::seconds(1);
    sent = std::max(sent, to_milliseconds(issued));
  }
  const std::int64_t age = StoreAccess::system(store_).wall_clock() - sent;
  // A clock that was ahead then, and is not any more, is no reason to wait until it would be the time again.
  constexpr std::int64_t tolerance = 2000;
  return age < store_.options().grace.count() && age > -tolerance;
}

/// The ID has come back, so the one before it need not lead to it any more. True once it does not, but for the grace
/// time.
bool RequestSession::Work::retire_previous() {
  const auto found = own_.find(previous_name);
  const auto* const bytes = found != own_.end() ? found->second.get_if<Value::Bytes>() : nullptr;
  SessionKey::Bytes key;
  if (bytes == nullptr || bytes->size() != key.size()) return true;
  std::memcpy(key.data(), bytes->data(), key.size());
  return !(store_.retire(SessionKey(key)) == Outcome::busy);
}

/// An authenticated session gets its new Max-Age with a new ID: were the same ID sent again, an answer that arrives
/// late could put it in the place of that of a later login. The ID before leads on to it: the answer that brings the
/// new one may be lost.
Status RequestSession::Work::roll(std::optional<SessionId>& created) {
  const bool changed = editor_->changed();
  try {
    if (retire_previous()) {
      const Status status =
          replace_id(created, true, changed ? std::nullopt : std::optional(std::chrono::milliseconds::zero()));
      const bool is_later = status == Outcome::busy || status == Outcome::superseded;
      if (status.took_effect() || (changed && !is_later)) return status;
    }
  } catch (const IoError&) {
    // A new ID needs room on the disk, which a commit need not. The next request, then.
  } catch (const TooLarge&) {
    // And in the session, for what this layer keeps there.
  }
  if (locked_ && !changed) locked_->rollback();
  return commit();
}

/// After a commit: a cookie that is sent again (the same ID: an anonymous one is replaced by nothing but a successor,
/// and that is found by it; of a login only where the first answer is lost), and what there is to do when an ID has
/// come back: the end of the first, short idle timeout, and of the ID before.
void RequestSession::Work::look_after(bool send_cookie, bool has_timeout, std::optional<SessionId>& created) {
  const auto idle_timeout = renew_ ? integer_in(own_, first_name) : std::nullopt;
  bool has_arrived = renew_ && mode_ != Mode::snapshot && !choice_.was_led() && own_.contains(previous_name);
  if (!send_cookie && !idle_timeout && !has_arrived) return;
  try {
    // Before the session forgets which that was.
    has_arrived = has_arrived && retire_previous();
    std::optional<Session> mine;
    if (!lock_current(mine, milliseconds(0)).ok()) return;
    Session& session = mine ? *mine : *locked_;
    if (idle_timeout) {
      session.erase(first_name);
      // Unless this request has chosen one of its own.
      if (!has_timeout) session.set_idle_timeout(milliseconds(*idle_timeout));
    }
    if (has_arrived) session.erase(previous_name);
    // Unless another request has, meanwhile.
    send_cookie = send_cookie && !may_be_on_its_way(session.values()) &&
                  (!choice_.was_led() || session.values().contains(previous_name));
    if (send_cookie) session.set(sent_name, StoreAccess::system(store_).wall_clock());
    if (session.commit({.durability = std::nullopt, .renew = renew_}).took_effect() && send_cookie)
      created = choice_.current();
  } catch (const Error&) {
    // The next request, then.
  }
}

}  // namespace sess::web
