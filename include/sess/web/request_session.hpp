// The session of one web request, from its Cookie header to its Set-Cookie lines.
//
//   web::RequestSession session(store, cookies, cookie_header);
//   sess::Status started = session.start();         // what the cookie names now decides
//   session.editor().add("visits", 1);              // nothing happens in the store yet
//   auto [status, set_cookie] = session.finish();   // commits
//   // conflict: session.start() again, and all that follows
//
// finish() is the only member that writes. Without it (exception, early return) nothing has happened.
//
// Which session it is: IDs that the store never issued, and IDs of the wrong kind for their cookie, are ignored. A live
// or superseded authenticated session wins over an anonymous one. Where the header names two different live
// authenticated sessions, neither is used: one of them was planted by somebody else. Of several live anonymous ones the
// first is used. Of each cookie at most eight different IDs are looked at. What they name when the request starts
// decides what it may do:
//
//   the cookies name                 it reads        its first write               authenticate
//   nothing that was issued here,    nothing         new anonymous session         new session
//   or an authenticated session
//   that has expired or was ended
//   a live session                   the session     commit to it                  new session with the data of an
//                                                                                  anonymous one or of the same
//                                                                                  principal; the old one superseded
//   an anonymous one that has        the successor's one successor for all         new session with the successor's
//   expired (Store::succeed)         data, if any    requests with this ID         data, which is superseded; nothing
//                                                                                  of what has expired
//   a superseded one                 its last        superseded, nothing           as if it were live, with its last
//                                    version         written                       version
//   an authenticated one that was    its last        superseded, nothing           superseded, nothing written: its
//   regenerated                      version         written                       new cookie, on its way, would
//                                                                                  replace that of the login
//   one that was given a new ID      the session     commit to it; the new ID is   the same, for the grace time; then
//   as by rolling renewal                               sent again after the grace    a live one
//                                                    time
//   a live one, ended since          what was read   gone, nothing written         gone, nothing written
//   a live one, superseded since     what was read   as if superseded at the start
//
// The principal is kept in the session under the name "sess.principal". Names that begin with "sess." belong to this
// layer: what a program does to the principal there is undone by finish(), and in an anonymous session it means
// nothing.
#pragma once

#include <sess/editor.hpp>
#include <sess/export.hpp>
#include <sess/result.hpp>
#include <sess/session.hpp>
#include <sess/session_id.hpp>
#include <sess/snapshot.hpp>
#include <sess/store.hpp>
#include <sess/web/session_cookies.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sess::web {

enum class Mode : std::uint8_t {
  merge,     // no lock before finish(); what concurrent requests did is merged, or it is a conflict
  locked,    // the session, if there is one, is locked from start() to finish(): no conflicts and no idle timeout, but
             // others wait
  snapshot,  // is only read; what would change it is a UsageError, at the latest of finish()
};

/// Where a form, or a script, sends a token back.
inline constexpr std::string_view csrf_parameter = "csrf_token";
inline constexpr std::string_view csrf_header = "X-CSRF-Token";

/// What finish() has done.
struct [[nodiscard]] Finished {
  /// ok, durability_unknown: done (also when there was nothing to do).
  /// conflict: nothing written; start again and run the handler again.
  /// gone: the session was live at the start and is not any more; nothing written.
  /// superseded: its ID was replaced, and the new one is on its way to the client; nothing written. The same request,
  /// sent again, will find it.
  /// busy: its lock was not free in time; nothing written, but of several sessions that a logout ends some may be gone.
  /// limit_reached: a login, and the principal has as many sessions as the store allows; nothing written.
  Status status;
  /// Of logout_others(), where `status` has taken effect: anything but ok and durability_unknown says that some of the
  /// other sessions may not be ended (busy: locked for too long, or the file system failed). The cookies are to be sent
  /// all the same.
  Status others = {};
  /// What follows "Set-Cookie: ", a line each. Send them only with this response; never log them. A response with one
  /// must not be cached: Cache-Control: no-store.
  std::vector<std::string> set_cookie = {};
  /// Other headers that the response must have, in place of its own: names and values.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Belongs to one thread at a time. Neither copyable nor movable: handlers hold references to its editor.
class SESS_API RequestSession {
 public:
  /// Only parses the header. `cookies` is never null. `address_id` is the value of the parameter of the request's
  /// address that may carry an ID (SessionCookieOptions::address_parameter); it means nothing where there is no such
  /// option, or a cookie with an ID.
  RequestSession(Store store, std::shared_ptr<const SessionCookies> cookies, std::string_view cookie_header,
                 std::string_view address_id = {});
  RequestSession(const RequestSession&) = delete;
  RequestSession& operator=(const RequestSession&) = delete;
  /// Rolls back what finish() has not written; releases the lock of Mode::locked. If there was something to be written,
  /// and no exception is under way, StoreOptions::on_event is told (Event::Kind::abandoned).
  ~RequestSession();

  /// Reads the session that the header names; in Mode::merge without a lock and without waiting for writers. Again
  /// after a conflict: on the same session as it is then, every change and decision of this request forgotten. Answers
  /// ok, also where there is no session; gone if the session that an earlier start() found is not live any more, and
  /// superseded if its ID was replaced meanwhile; busy if a lock was not free in time. Throws IoError, CorruptRecord as
  /// Store::snapshot and lock do. Until it has answered ok, editor, authenticate, logout and finish throw UsageError;
  /// after start(Mode::snapshot) authenticate, regenerate and the logouts do.
  [[nodiscard]] Status start(Mode mode = Mode::merge);

  /// The values and this request's changes. The reference means the session of this request until logout, authenticate,
  /// finish or start; ask again after those.
  Editor& editor();
  /// Whose session it is: what authenticate() said in this request, else what it said in an earlier one. Nothing for an
  /// anonymous session, for none, and after logout().
  const std::optional<std::string>& principal() const noexcept;
  /// True if the ID came in the address, and no cookie had one.
  bool from_address() const noexcept;
  /// True if authenticate() was called and the ID came in the address. Such a client cannot log in: finish() throws
  /// UsageError. It may be a browser that another site has sent here with an ID, and a token, of somebody else's, and
  /// that holds back its cookies from such requests.
  bool needs_cookies() const noexcept;
  /// True if there is a session to read: live or superseded, and not yet ended by logout().
  bool exists() const noexcept;
  /// True if that is the last version of a session whose ID was replaced: it can be read and not be changed.
  bool superseded() const noexcept;
  /// Of the version that start() has read: how old it is, when it expires, which one it is. Nothing where there is no
  /// session to read, and after logout().
  std::optional<SessionFacts> facts() const;
  /// Its key, by which logs may name it, never by its ID. Nothing where there are no facts.
  std::optional<SessionKey> key() const;

  /// From finish() on, the session is a new one that belongs to this principal (table above). Counts as a set: if a
  /// value that this request has read is changed by another one meanwhile, finish() answers conflict. Where data is not
  /// carried, what this request has changed so far is dropped as well. The new session has the timeouts that this
  /// request's editor sets, else the store's; never the old session's own. Throws UsageError if `principal` is
  /// empty or has a zero byte, IoError where it cannot be read how often the principal's sessions were ended.
  void authenticate(std::string_view principal);
  /// From finish() on, the session has a new ID. For moments at which the rights of somebody who is logged in change.
  /// Where there is no session nothing happens. Throws UsageError for an anonymous one: several answers may be on their
  /// way with its ID, and the last of them would replace the new one; its rights change with authenticate().
  void regenerate();
  /// Ends, at finish(), every session that the request's cookies name (or what those have become), and removes both
  /// cookies. What this request has changed so far is dropped; what it changes from now on makes a new anonymous
  /// session. Calling it where nobody is logged in is no error.
  void logout();
  /// The same, and ends every other session of the principal that is logged in, wherever it is, and every login that is
  /// just under way.
  void logout_everywhere();
  /// Ends, once finish() has committed, every other session of the principal that is logged in, and every login that is
  /// just under way; where nobody is logged in nothing happens.
  void logout_others();
  /// False: this request does not renew the session's deadline. A poll must not keep a session alive for ever.
  void renew(bool renew) noexcept;

  /// Commits: creates where there was no session and something has been written, merges changes, renews the deadline
  /// where nothing has changed (where that fails the request has not failed, and the next one tries again). Waits for
  /// a session's lock at most as long as the store's lock_timeout. Once; a second call before start() throws
  /// UsageError.
  ///
  /// A request in Mode::merge has no lock before this: one that runs longer than what is left of its session's idle
  /// timeout, and then changes something, finds the session expired and is `gone`. What may take that long, such as an
  /// upload, uses Mode::locked.
  ///
  /// Throws IoError, TooLarge, TypeMismatch, CorruptRecord, UnsupportedRecord. What has happened by then:
  /// - without authenticate() and logout(): nothing has been written;
  /// - where authenticate() or regenerate() was to replace a session: that session is as it was, unless superseding it
  ///   was what failed: then it may be superseded, and the new one, whose ID nobody knows, may have stayed behind until
  ///   it expires;
  /// - after logout(): each session has been ended, unless ending it was what failed, also where what failed is the
  ///   writing of a new one; and there is no new one. After logout_everywhere() the request's own is live still where
  ///   ending the others was what failed: who comes again with it can try again.
  [[nodiscard]] Finished finish();

  // Tokens against requests that other sites have a browser send (cross-site request forgery). A token belongs to the
  // session's ID, is derived from it, and stored nowhere. What is known only after the commit (a login changes the ID)
  // is written as a mark of letters and digits, which complete() replaces.

  /// A mark for the token: where it stands in the response a token will, of 86 base64url characters, other ones in each
  /// response. Needs no session: where there is none, finish() sets the cookie of an ID whose session is made by its
  /// first write. Throws IoError if there is no chance to be had.
  std::string csrf_token();
  /// The same as a hidden field of a form, in HTML; its name is csrf_parameter.
  std::string csrf_field();
  /// True if `token` was given to this client for the session as it was when the request started. Tokens stay good when
  /// the session's ID is regenerated, when the same principal logs in again, and when an expired session goes on under
  /// a successor; after a login from an anonymous session they do not. Takes as long for a wrong token as for a right
  /// one.
  bool check_csrf_token(std::string_view token) const;
  /// For clients without cookies, where SessionCookieOptions::address_parameter allows it: this reference to an address
  /// of the site (raw, not yet quoted for HTML), with a mark where the session's ID goes. It becomes the ID, or
  /// nothing: where the client has cookies, where there is no session, and where that is an authenticated one.
  /// References that lead to other hosts, or may do so, are answered as they are. An ID that the reference has already
  /// is taken out.
  std::string link(std::string_view reference);
  /// The same for a form with method GET, whose fields take the place of the parameters of its address: a mark for a
  /// hidden field.
  std::string address_field();
  /// Replaces the marks of this request in a text of its response (body or header). After finish() has taken effect, or
  /// it throws UsageError. For nothing else than this response, and not to be cached.
  void complete(std::string& text) const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace sess::web
