// What a handler gets: the request and its session.
#pragma once

#include <sess/editor.hpp>
#include <sess/export.hpp>
#include <sess/web/http_request.hpp>
#include <sess/web/request_session.hpp>

#include <optional>
#include <string>
#include <string_view>

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
  void authenticate(std::string_view principal) { own().authenticate(principal); }
  void regenerate() { own().regenerate(); }
  void logout() { own().logout(); }
  void logout_everywhere() { own().logout_everywhere(); }
  void logout_others() { own().logout_others(); }
  void renew(bool renew) { own().renew(renew); }

 private:
  RequestSession& own() const;

  RequestSession* session_ = nullptr;
};

}  // namespace sess::web
