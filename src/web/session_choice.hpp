// Which session the cookies of a request name: the table of request_session.hpp, its first column.
#pragma once

#include "format/csrf.hpp"

#include <sess/result.hpp>
#include <sess/session_id.hpp>
#include <sess/snapshot.hpp>
#include <sess/store.hpp>
#include <sess/web/cookie.hpp>
#include <sess/web/session_cookies.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sess::web {

/// Whose session with these values it is; an anonymous one belongs to nobody, whatever it holds.
std::optional<std::string> principal_in(SessionKind kind, const Values& values);

/// What the IDs of a request named when it started. Chosen once: what becomes of the session meanwhile does not make it
/// another one. Belongs to one thread at a time.
class SessionChoice {
 public:
  /// Finds the IDs that the store has issued; looks at no session yet.
  SessionChoice(const Store& store, const SessionCookies& cookies, std::string_view cookie_header,
                std::string_view address_id);

  /// Decides, at the first call, by what is live now. Later only a successor that another request has made meanwhile is
  /// looked for. ok, also where there is none; busy.
  Status choose();

  /// Every ID of the header that the store has issued, live or not.
  const std::vector<SessionId>& named() const noexcept { return named_; }
  /// The only ID came in the address: the client has sent no cookie with one.
  bool from_address() const noexcept { return from_address_; }
  /// The one that was live, or superseded.
  const std::optional<SessionId>& current() const noexcept { return current_; }
  /// Its principal.
  const std::optional<std::string>& owner() const noexcept { return owner_; }
  /// It can only be read.
  bool superseded() const noexcept { return superseded_; }
  /// Because it goes on under another ID.
  bool regenerated() const noexcept { return regenerated_; }
  /// It is the successor of the one that the cookie names: the client does not know its ID.
  bool is_successor() const noexcept { return is_successor_; }
  /// The cookie names an earlier ID of it, which leads on: the answer with its ID is on its way, or lost, or has come
  /// lately.
  bool was_led() const noexcept { return was_led_; }
  /// It has come: that earlier ID leads on for the rest of the grace time, and no answer brings the new one again.
  bool is_retired() const noexcept { return is_retired_; }
  /// Where there is none: the anonymous ID whose successor is to be found or made.
  const std::optional<SessionId>& stale() const noexcept { return stale_; }
  /// What its CSRF tokens are made of; of the ID whose successor is to be made where there is none; nothing where there
  /// is no ID at all. An anonymous session's own ID, because only that is known when it has expired.
  std::optional<format::CsrfSecret> csrf_secret() const;
  /// A token of this session, or of the ID that it has followed.
  bool accepts(std::string_view token) const;
  /// Its version, once after it was chosen; then nothing.
  std::optional<Snapshot> take_snapshot() { return std::exchange(snapshot_, std::nullopt); }

 private:
  void find_issued(const SessionCookies& cookies, SessionKind kind, const std::vector<Cookie>& sent);
  Status choose_among(SessionKind kind);
  Status choose_successor();
  Result<Snapshot> look(SessionId& id) const;
  bool ends_soon(const SessionId& id) const;
  void use(const SessionId& id, const Result<Snapshot>& snapshot);

  Store store_;
  std::vector<SessionId> named_;
  bool from_address_ = false;
  bool chosen_ = false;
  std::optional<SessionId> current_;
  std::optional<std::string> owner_;
  bool superseded_ = false;
  bool regenerated_ = false;
  bool is_successor_ = false;
  bool was_led_ = false;
  bool is_retired_ = false;
  std::optional<SessionId> stale_;
  std::optional<format::CsrfSecret> stored_secret_;
  std::optional<Snapshot> snapshot_;
};

}  // namespace sess::web
