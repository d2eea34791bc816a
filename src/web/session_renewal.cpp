// What a request does for its session and its cookie beside its own work, now and then: a new Max-Age, a longer
// deadline. Who only reads does not wait for the session's lock by it, and nothing fails by it: what cannot be done now
// is done by a later request.
#include "store/core.hpp"
#include "web/own_values.hpp"
#include "web/request_work.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

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

/// True if the client has been sent its cookie so long ago that it is to be sent again (rolling renewal). That is when
/// the ID was issued, or what the session says.
bool RequestSession::Work::cookie_is_due() const {
  if (!cookies_->renewal_interval() || !renew_ || mode_ == Mode::snapshot) return false;
  if (!exists() || superseded() || choice_.is_successor() || choice_.from_address()) return false;
  const auto issued = std::chrono::duration_cast<milliseconds>(choice_.current()->issued().time_since_epoch());
  const std::int64_t sent = std::max<std::int64_t>(issued.count(), integer_in(own_, sent_name).value_or(0));
  return StoreAccess::system(store_).wall_clock() - sent >= milliseconds(*cookies_->renewal_interval()).count();
}

/// An authenticated session gets its new Max-Age with a new ID: were the same ID sent again, an answer that arrives
/// late could put it in the place of that of a later login.
Status RequestSession::Work::roll(std::optional<SessionId>& created) {
  const bool changed = editor_->changed();
  try {
    const Status status =
        replace_id(created, changed ? std::nullopt : std::optional(std::chrono::milliseconds::zero()));
    if (status.took_effect() || (changed && !(status == Outcome::busy))) return status;
  } catch (const IoError&) {
    // A new ID needs room on the disk, which a commit need not. The next request, then.
  }
  if (locked_ && !changed) locked_->rollback();
  return commit();
}

/// After a commit: a cookie that is sent again (the same ID: an anonymous one is replaced by nothing but a successor,
/// and that is found by it), and the end of the first, short idle timeout of an ID that has come back.
void RequestSession::Work::look_after(bool send_cookie, bool has_timeout, std::optional<SessionId>& created) {
  const auto idle_timeout = renew_ ? integer_in(own_, first_name) : std::nullopt;
  if (!send_cookie && !idle_timeout) return;
  try {
    std::optional<Session> mine;
    if (!lock_current(mine, milliseconds(0)).ok()) return;
    Session& session = mine ? *mine : *locked_;
    if (idle_timeout) {
      session.erase(first_name);
      // Unless this request has chosen one of its own.
      if (!has_timeout) session.set_idle_timeout(milliseconds(*idle_timeout));
    }
    if (send_cookie) session.set(sent_name, StoreAccess::system(store_).wall_clock());
    if (session.commit({.durability = std::nullopt, .renew = renew_}).took_effect() && send_cookie)
      created = choice_.current();
  } catch (const Error&) {
    // The next request, then.
  }
}

}  // namespace sess::web
