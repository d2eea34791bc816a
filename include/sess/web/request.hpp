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
/// is written before the handler has returned.
class SESS_API Request : public HttpRequest {
 public:
  /// `session` outlives the request.
  Request(HttpRequest request, RequestSession& session);
  ~Request() override;

  /// Merge mode; a session is created when something has been written.
  Editor& session() { return session_->editor(); }
  const std::optional<std::string>& principal() const noexcept { return session_->principal(); }
  void authenticate(std::string_view principal) { session_->authenticate(principal); }
  void regenerate() { session_->regenerate(); }
  void logout() { session_->logout(); }
  void logout_everywhere() { session_->logout_everywhere(); }
  void logout_others() { session_->logout_others(); }
  void renew(bool renew) noexcept { session_->renew(renew); }

 private:
  RequestSession* session_;
};

}  // namespace sess::web
