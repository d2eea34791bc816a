#include "demo/site/site.hpp"

#include <nlohmann/json.hpp>

#include "demo/site/captcha.hpp"
#include "demo/site/html.hpp"

#include <map>
#include <random>

namespace demo {

namespace {

using sess::web::HttpRequest;
using sess::web::Response;

// Everybody may know them: this is a demo, and the page names them.
const std::map<std::string, std::string>& passwords() {
  static const std::map<std::string, std::string> known = {{"ann", "apples"}, {"bob", "bananas"}};
  return known;
}

/// What a page of the site answers to a script.
struct Answer {
  nlohmann::json json;
  int status = 200;
  /// The same for people whose browser runs no script: shown on the page that they are sent back to.
  std::string words = {};
};

void answer_json(Response& response, const nlohmann::json& json, int status = 200) {
  response.status(status);
  response.content_type("application/json");
  response.header("Cache-Control", "no-cache");
  forbid_all_content(response);
  // The page may hold bytes that a client sent, so what is no UTF-8 is replaced instead of thrown about.
  response << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

nlohmann::json facts(SiteSession& session) {
  nlohmann::json json = {{"user", nullptr}, {"polls", session.number("polls")}, {"visits", session.number("visits")}};
  if (const auto user = session.user()) json["user"] = *user;
  json["cart"] = session.cart();
  return json;
}

Answer login(const HttpRequest& request, SiteSession& session) {
  const std::string user = request.form("user").value_or("");
  const auto known = passwords().find(user);
  if (known == passwords().end() || request.form("password") != known->second)
    return {.json = {{"error", "There is no such user, or the password is another one."}},
            .status = 401,
            .words = "There is no such user, or the password is another one."};
  session.login(user);
  session.add_notice("Welcome, " + user + ".");
  return {.json = {{"user", user}}};
}

Answer logout(const HttpRequest&, SiteSession& session) {
  session.logout();
  return {.json = {{"user", nullptr}}, .words = "You are logged out."};
}

Answer info(const HttpRequest&, SiteSession& session) {
  session.add("polls", 1);
  nlohmann::json json = facts(session);
  json["notices"] = session.take_notices();
  if (const std::string lost = session.lost_login(); !lost.empty()) json["lost_login"] = lost;
  return {.json = json};
}

/// With a token: after a login or a logout the page needs another one.
Answer me(const HttpRequest&, SiteSession& session) {
  nlohmann::json json = facts(session);
  if (const std::string token = session.csrf_token(); !token.empty()) json["token"] = token;
  return {.json = json};
}

Answer visit(const HttpRequest&, SiteSession& session) {
  session.add("visits", 1);
  return {.json = {{"visits", session.number("visits")}}, .words = "Counted."};
}

Answer captcha_check(const HttpRequest& request, SiteSession& session) {
  // Taken, so that nobody tries all answers against one picture.
  const auto code = session.take_text("captcha");
  const bool right = code.has_value() && request.form("answer") == code;
  return {.json = {{"right", right}},
          .words = right ? "Those were the digits." : "Those were not the digits; here are others."};
}

Answer cart_add(const HttpRequest& request, SiteSession& session) {
  const std::string item = request.form("item").value_or("");
  if (item.empty() || item.size() > 100)
    return {.json = {{"error", "an item has 1 to 100 bytes"}}, .status = 422, .words = "An item has 1 to 100 bytes."};
  session.add_to_cart(item);
  return {.json = {{"cart", session.cart()}}, .words = "It is in the cart."};
}

Answer cart(const HttpRequest&, SiteSession& session) { return {.json = {{"cart", session.cart()}}}; }

using Page = Answer (*)(const HttpRequest&, SiteSession&);

Page page_for(const std::string& method, const std::string& path) {
  static const std::map<std::string, Page> pages = {
      {"POST /login", login},       {"POST /logout", logout},
      {"GET /info", info},          {"GET /me", me},
      {"POST /visit", visit},       {"POST /captcha/check", captcha_check},
      {"POST /cart/add", cart_add}, {"GET /cart", cart},
  };
  const auto found = pages.find(method + " " + path);
  return found == pages.end() ? nullptr : found->second;
}

void captcha(SiteSession& session, Response& response, bool tell) {
  const std::string code = random_code();
  session.set_text("captcha", code);
  // Demo only: a replay cannot read pictures.
  if (tell) response.header("X-Demo-Captcha", code);
  response.content_type("image/svg+xml");
  response.header("Cache-Control", "no-store");
  forbid_all_content(response);
  response << captcha_picture(code, std::random_device()());
}

}  // namespace

void Site::answer(const SitePath& path, const HttpRequest& request, SiteSession& session, Response& response) const {
  if (const Page page = page_for(request.method(), path.path)) {
    const Answer answer = page(request, session);
    if (request.method() != "POST" || !wants_page(request)) return answer_json(response, answer.json, answer.status);
    if (!answer.words.empty()) session.add_notice(answer.words);
    response.redirect(request.script() + "/");
  } else if (request.method() == "GET" && path.path == "/captcha") {
    captcha(session, response, path.is_replayed || gate_.enabled());
  } else if (request.method() == "GET" && path.path == "/" && !path.is_replayed) {
    answer_site_page({kept_by_, has_session_pages_}, request, session, response);
  } else if (!answer_replay(path, request, session, response)) {
    answer_json(response, {{"error", "there is no such page"}}, 404);
  }
}

bool Site::answer_replay(const SitePath& path, const HttpRequest& request, SiteSession& session,
                         Response& response) const {
  if (request.method() != "POST") return false;
  if (path.path == "/demo/expire" && (path.is_replayed || gate_.enabled())) {
    session.expire_at_once();
  } else if (path.path == "/demo/sweep" && gate_.enabled()) {
    sweep_();
  } else {
    return false;
  }
  answer_json(response, nlohmann::json::object());
  return true;
}

}  // namespace demo
