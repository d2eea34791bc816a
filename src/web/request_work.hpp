// What a RequestSession does: the state of one request between start() and finish(), and the steps of finish().
//
//   request_session.cpp      start, the handler's decisions, finish
//   session_choice.cpp       which session it is
//   session_replacement.cpp  a login, a new ID, a first session
//   session_renewal.cpp      what is done now and then for the cookie and the deadline
//   session_ends.cpp         logouts
//   session_answer.cpp       cookies, tokens, addresses that carry the ID
#pragma once

#include "web/marks.hpp"
#include "web/session_choice.hpp"

#include <sess/editor.hpp>
#include <sess/session.hpp>
#include <sess/web/request_session.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sess::web {

class RequestSession::Work {
 public:
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  /// Tells of what was decided and is not done.
  ~Work();

  Work(Store store, std::shared_ptr<const SessionCookies> cookies, std::string_view cookie_header,
       std::string_view address_id);

  Status start(Mode mode);
  Editor& editor();
  void authenticate(std::string_view principal);
  void regenerate();
  void logout();
  void logout_everywhere();
  void logout_others();
  void renew(bool renew) noexcept { renew_ = renew; }
  Finished finish();

  std::string csrf_token();
  std::string csrf_field();
  bool check_csrf_token(std::string_view token) const;
  std::string link(std::string_view reference);
  std::string address_field();
  void complete(std::string& text) const;

  const std::optional<std::string>& principal() const noexcept { return principal_; }
  bool exists() const noexcept { return choice_.current().has_value() && !logout_; }
  bool superseded() const noexcept { return choice_.superseded(); }
  std::optional<SessionFacts> facts() const { return exists() ? facts_ : std::nullopt; }
  std::optional<SessionKey> key() const {
    return facts() ? std::optional<SessionKey>(*choice_.current()) : std::nullopt;
  }
  bool from_address() const noexcept { return choice_.from_address(); }
  bool needs_cookies() const noexcept { return authenticate_ && choice_.from_address(); }

 private:
  bool is_abandoned() const noexcept;
  void forget();
  void work_on_nothing(Editor changes = Editor());
  void require_started() const;
  void require_writable(const char* what) const;
  Status reload(Mode mode);
  Status commit();
  void restore_own_values();
  Status take_changes(Session& session) const;
  Status commit_locked(Session& session) const;

  // session_replacement.cpp. What they make is `created`.
  Status write_first(std::optional<SessionId>& created);
  Status replace(std::optional<SessionId>& created);
  Status replace_id(std::optional<SessionId>& created, bool leads,
                    std::optional<std::chrono::milliseconds> timeout = std::nullopt);
  Status create(SessionKind kind, const Values& values, std::optional<SessionId>& created);
  Status lock_current(std::optional<Session>& mine, std::optional<std::chrono::milliseconds> timeout = std::nullopt);

  // session_renewal.cpp
  bool cookie_is_due() const;
  bool may_be_on_its_way(const Values& values) const;
  bool retire_previous();
  Status roll(std::optional<SessionId>& created);
  void look_after(bool send_cookie, bool has_timeout, std::optional<SessionId>& created);

  // session_answer.cpp
  Value continued_secret() const;
  void prepare_answer();
  bool holds_stale_id() const;
  bool uses_addresses() const;
  std::optional<SessionId> id_for_addresses(const std::optional<SessionId>& created) const;
  void complete_tokens(const format::CsrfSecret& secret);
  void answer(Finished& finished, std::optional<SessionId> created);

  // session_ends.cpp
  Status end_all();
  Status end_others(const std::optional<SessionId>& created);

  Store store_;
  std::shared_ptr<const SessionCookies> cookies_;
  SessionChoice choice_;
  std::int64_t begun_;  // on the wall clock, as deadlines are; milliseconds

  // What the handler works on is one of these; the others are empty.
  std::optional<Changes> changes_;
  std::optional<Session> locked_;
  std::optional<SessionFacts> facts_;  // of the version that was read
  Editor empty_;
  Editor* editor_ = &empty_;

  Values own_;  // of this layer, as they are to stay

  // What the handler has decided.
  std::optional<std::string> principal_;
  bool authenticate_ = false;
  bool regenerate_ = false;
  bool logout_ = false;
  bool ends_others_ = false;
  std::optional<Session> login_;  // to be made by finish(); its principal's sessions may all be ended meanwhile
  bool renew_ = true;
  bool continues_ = false;  // what is created takes the place of the current session, its CSRF tokens included
  Marks marks_;
  std::array<std::byte, format::CsrfSecret::size> mask_{};  // of the token
  std::optional<SessionId> form_id_;                        // of a client that has none, for its token
  std::optional<Marks::Texts> texts_;                       // what they become; from finish() on
  bool has_ended_ = false;                                  // the session, as finish() has found
  int exceptions_;                                          // under way when the request began
  Mode mode_ = Mode::merge;
  bool started_ = false;
};

/// For somebody who found the session live before: it is not any more.
inline Status as_gone(Status status) {
  return status == Outcome::busy || status == Outcome::superseded ? status : Status(Outcome::gone);
}

}  // namespace sess::web
