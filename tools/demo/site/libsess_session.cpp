#include "demo/site/libsess_session.hpp"

#include <string_view>

namespace demo {

namespace {

constexpr std::string_view cart_prefix = "cart:";

}  // namespace

std::optional<sess::SessionId> id_in_cookie(const sess::Store& store, const sess::web::SessionCookies& cookies,
                                            const sess::web::HttpRequest& request, sess::SessionKind kind) {
  const auto text = request.cookie(cookies.name(kind));
  if (!text) return std::nullopt;
  auto id = store.parse(*text);
  if (!id || id->kind() != kind) return std::nullopt;
  return id;
}

std::vector<sess::SessionId> ids_in_cookies(const sess::Store& store, const sess::web::SessionCookies& cookies,
                                            const sess::web::HttpRequest& request) {
  std::vector<sess::SessionId> ids;
  for (const sess::SessionKind kind : {sess::SessionKind::authenticated, sess::SessionKind::anonymous})
    if (const auto id = id_in_cookie(store, cookies, request, kind)) ids.push_back(*id);
  return ids;
}

std::optional<std::string> LibsessSession::user() {
  const auto& principal = request_.principal();
  if (!principal) return std::nullopt;
  return principal->substr(std::min(principal->size(), options_.principal_prefix.size()));
}

std::string LibsessSession::lost_login() {
  if (request_.principal()) return {};
  const auto id = id_in_cookie(options_.store, options_.cookies, request_, sess::SessionKind::authenticated);
  if (!id) return {};
  switch (options_.store.snapshot(*id).outcome()) {
    case sess::Outcome::expired:
      return "expired";
    case sess::Outcome::absent:
      return "ended";
    default:
      return {};
  }
}

// A name for each item, so that two requests that add to the cart at once never conflict.
void LibsessSession::add_to_cart(const std::string& item) { values().add(std::string(cart_prefix) + item, 1); }

std::map<std::string, std::int64_t> LibsessSession::cart() {
  std::map<std::string, std::int64_t> items;
  for (const auto& [name, value] : values().values())
    if (name.starts_with(cart_prefix)) items.emplace(name.substr(cart_prefix.size()), value.as<std::int64_t>(name));
  return items;
}

std::vector<std::string> LibsessSession::take_notices() {
  std::vector<std::string> notices;
  for (const sess::Value& notice : request_.take_flash("notice")) notices.push_back(notice.as<std::string>());
  return notices;
}

}  // namespace demo
