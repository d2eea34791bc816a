// What an answer brings to the client: cookies, and what is derived from the ID that they hold.
#include "store/core.hpp"
#include "web/own_values.hpp"
#include "web/request_work.hpp"

#include <sess/error.hpp>

#include <array>
#include <chrono>

namespace sess::web {

std::string RequestSession::Work::csrf_token() {
  require_started();
  return marks_.make(Marks::Kind::csrf_token, store_);
}

std::string RequestSession::Work::csrf_field() {
  require_started();
  return marks_.make(Marks::Kind::csrf_field, store_);
}

bool RequestSession::Work::check_csrf_token(std::string_view token) const {
  require_started();
  const auto secret = choice_.csrf_secret();
  return secret && secret->matches(token);
}

void RequestSession::Work::complete(std::string& text) const {
  if (!texts_) throw UsageError("complete a response: its session is not finished");
  marks_.replace(text, *texts_);
}

/// Another session takes the place of the current one, and its tokens are still good.
Value RequestSession::Work::continued_secret() const { return choice_.csrf_secret().value().stored(); }

/// The ID that the client holds after this answer needs no session yet: it is the same that the session of its first
/// write is found by (Store::succeed). So a form costs no file before it is sent.
bool RequestSession::Work::holds_stale_id() const {
  if (!choice_.stale() || logout_) return false;
  const auto age = std::chrono::milliseconds(begun_) - choice_.stale()->issued().time_since_epoch();
  return age < store_.options().succession_age;
}

/// After finish() has taken effect. `created` is the session that the client does not know yet.
void RequestSession::Work::answer(Finished& finished, std::optional<SessionId> created) {
  std::optional<format::CsrfSecret> secret;
  if (marks_.has_csrf()) {
    if (created) {
      secret = continues_ ? choice_.csrf_secret() : format::CsrfSecret::of(*created);
    } else if ((choice_.current() && !logout_) || holds_stale_id()) {
      secret = choice_.csrf_secret();
    } else {
      created = store_.create().id();
      secret = format::CsrfSecret::of(*created);
    }
  }
  if (created) finished.set_cookie.push_back(cookies_->set(*created));
  if (logout_) {
    for (const SessionKind kind : {SessionKind::authenticated, SessionKind::anonymous})
      if (!created || created->kind() != kind) finished.set_cookie.push_back(cookies_->remove(kind));
  }
  texts_.emplace();
  if (!secret) return;
  std::array<std::byte, format::CsrfSecret::size> mask;
  StoreAccess::random(store_, mask);
  texts_->csrf_token = secret->token(mask);
  texts_->csrf_field =
      R"(<input type="hidden" name=")" + std::string(csrf_parameter) + R"(" value=")" + texts_->csrf_token + R"(">)";
}

}  // namespace sess::web
