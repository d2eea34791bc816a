// What a handler gets: the request and its session.
#pragma once

#include <sess/editor.hpp>
#include <sess/export.hpp>
#include <sess/web/http_request.hpp>
#include <sess/web/request_session.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sess::web {

/// Belongs to one thread at a time. The session members are those of RequestSession, which says what they mean; nothing
/// is written before the handler has returned. Where RunOptions::access has said that the address never touches the
/// session, they throw UsageError.
class SESS_API Request : public HttpRequest {
 public:
  /// `session` outlives the request.
  Request(HttpRequest request, RequestSession& session);
  /// Of an address that never touches the session.
  explicit Request(HttpRequest request);
  ~Request() override;

  /// Merge mode; a session is created when something has been written.
  Editor& session() { return own().editor(); }
  const std::optional<std::string>& principal() const { return own().principal(); }
  bool exists() const { return own().exists(); }
  bool superseded() const { return own().superseded(); }
  std::optional<SessionFacts> facts() const { return own().facts(); }
  std::optional<SessionKey> key() const { return own().key(); }
  void authenticate(std::string_view principal) { own().authenticate(principal); }
  void regenerate() { own().regenerate(); }
  void logout() { own().logout(); }
  void logout_everywhere() { own().logout_everywhere(); }
  void logout_others() { own().logout_others(); }
  void renew(bool renew) { own().renew(renew); }
  std::string csrf_token() { return own().csrf_token(); }
  std::string csrf_field() { return own().csrf_field(); }
  std::string link(std::string_view reference) { return own().link(reference); }
  std::string address_field() { return own().address_field(); }
  /// Of the token that came with this request: as a parameter of its body (csrf_parameter) or as a header
  /// (csrf_header), which is where scripts put it, and forms of other types than application/x-www-form-urlencoded.
  bool check_csrf_token() const;

  /// Something to be shown once, by whichever request comes next: "Saved." Several under one name are kept in their
  /// order. Stays when the user logs in.
  void flash(std::string_view name, Value value);
  /// What flash() has kept under this name since it was last taken, and takes it: of several requests one gets it. A
  /// HEAD request, of which nobody sees what it would show, leaves it there. Throws TypeMismatch if the program has put
  /// something else under the name "sess.flash.NAME".
  std::vector<Value> take_flash(std::string_view name);

 private:
  friend class RequestAccess;
  RequestSession& own() const;

  RequestSession* session_ = nullptr;
};

}  // namespace sess::web
