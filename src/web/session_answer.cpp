// What an answer brings to the client: cookies, and what is derived from the ID that they hold.
#include "store/core.hpp"
#include "web/address.hpp"
#include "web/request_work.hpp"

#include <sess/error.hpp>

#include <chrono>

namespace sess::web {

namespace {

/// Neither has a character that HTML would need quoted.
std::string hidden_field(std::string_view name, std::string_view value) {
  return std::string(R"(<input type="hidden" name=")").append(name).append(R"(" value=")").append(value).append("\">");
}

}  // namespace

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
  return choice_.accepts(token);
}

bool RequestSession::Work::uses_addresses() const {
  return !cookies_->address_parameter().empty() && (choice_.from_address() || choice_.named().empty());
}

std::string RequestSession::Work::link(std::string_view reference) {
  require_started();
  if (cookies_->address_parameter().empty() || !stays_on_host(reference)) return std::string(reference);
  std::string own = without_parameter(reference, cookies_->address_parameter());
  if (!uses_addresses()) return own;
  return with_parameter(own, marks_.make(Marks::Kind::first_parameter, store_),
                        marks_.make(Marks::Kind::next_parameter, store_));
}

std::string RequestSession::Work::address_field() {
  require_started();
  if (!uses_addresses()) return {};
  return marks_.make(Marks::Kind::address_field, store_);
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

/// Before anything is written: once it is, nothing may fail that keeps its cookies from the client.
void RequestSession::Work::prepare_answer() {
  if (!marks_.has_csrf()) return;
  StoreAccess::random(store_, mask_);
  if (!exists() && !holds_stale_id()) form_id_ = store_.create().id();
}

/// After finish() has taken effect. `created` is the session that the client does not know yet.
void RequestSession::Work::answer(Finished& finished, std::optional<SessionId> created) {
  std::optional<format::CsrfSecret> secret;
  if (marks_.has_csrf()) {
    if (created) {
      secret = continues_ || created == choice_.current() ? choice_.csrf_secret() : format::CsrfSecret::of(*created);
    } else if ((choice_.current() && !logout_) || holds_stale_id()) {
      secret = choice_.csrf_secret();
    } else {
      created = form_id_;
      secret = format::CsrfSecret::of(*created);
    }
  }
  // An ID that came in an address was perhaps given to this client by somebody else: it does not become its cookie, nor
  // decides about the cookies that a browser holds back from requests of other sites.
  if (created && !choice_.from_address()) finished.set_cookie.push_back(cookies_->set(*created));
  if (logout_ && !choice_.from_address()) {
    for (const SessionKind kind : {SessionKind::authenticated, SessionKind::anonymous})
      if (!created || created->kind() != kind) finished.set_cookie.push_back(cookies_->remove(kind));
    if (std::string what = cookies_->data_to_clear(created.has_value()); !what.empty())
      finished.headers.emplace_back("Clear-Site-Data", std::move(what));
  }
  texts_.emplace();
  if (secret) complete_tokens(*secret);
  const std::optional<SessionId> in_addresses = marks_.has_address() ? id_for_addresses(created) : std::nullopt;
  // Who reads a token in a cache can forge requests of this client. Of an address with an ID the browser is to tell
  // this site alone.
  const bool has_id = choice_.from_address() || in_addresses;
  if (secret || has_id) finished.headers.emplace_back("Cache-Control", "no-store");
  if (has_id) finished.headers.emplace_back("Referrer-Policy", "same-origin");
  if (!in_addresses) return;
  const std::string id = in_addresses->reveal();
  const std::string& name = cookies_->address_parameter();
  texts_->address_parameter.append(name).append("=").append(id);
  texts_->address_field = hidden_field(name, id);
}

/// Of an anonymous session, where the client has sent no cookie with one.
std::optional<SessionId> RequestSession::Work::id_for_addresses(const std::optional<SessionId>& created) const {
  if (created) return created->kind() == SessionKind::anonymous ? created : std::nullopt;
  if (logout_ || !choice_.from_address()) return std::nullopt;
  return choice_.current() ? choice_.current() : choice_.stale();
}

void RequestSession::Work::complete_tokens(const format::CsrfSecret& secret) {
  texts_->csrf_token = secret.token(mask_);
  texts_->csrf_field = hidden_field(csrf_parameter, texts_->csrf_token);
}

}  // namespace sess::web
