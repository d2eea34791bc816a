#include "demo/site/site.hpp"

#include <nlohmann/json.hpp>

#include "demo/site/captcha.hpp"

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

void answer_json(Response& response, const nlohmann::json& json, int status = 200) {
  response.status(status);
  response.content_type("application/json");
  response.header("Cache-Control", "no-cache");
  // The page may hold bytes that a client sent, so what is no UTF-8 is replaced instead of thrown about.
  response << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

nlohmann::json facts(SiteSession& session) {
  nlohmann::json json = {{"user", nullptr}, {"polls", session.number("polls")}, {"visits", session.number("visits")}};
  if (const auto user = session.user()) json["user"] = *user;
  json["cart"] = session.cart();
  return json;
}

void login(const HttpRequest& request, SiteSession& session, Response& response) {
  const std::string user = request.form("user").value_or("");
  const auto known = passwords().find(user);
  if (known == passwords().end() || request.form("password") != known->second)
    return answer_json(response, {{"error", "no such user, or another password"}}, 401);
  session.login(user);
  session.add_notice("Welcome, " + user + ".");
  answer_json(response, {{"user", user}});
}

void logout(const HttpRequest&, SiteSession& session, Response& response) {
  session.logout();
  answer_json(response, {{"user", nullptr}});
}

void info(const HttpRequest&, SiteSession& session, Response& response) {
  session.add("polls", 1);
  nlohmann::json json = facts(session);
  json["notices"] = session.take_notices();
  answer_json(response, json);
}

/// With a token: after a login or a logout the page needs another one.
void me(const HttpRequest&, SiteSession& session, Response& response) {
  nlohmann::json json = facts(session);
  if (const std::string token = session.csrf_token(); !token.empty()) json["token"] = token;
  answer_json(response, json);
}

void visit(const HttpRequest&, SiteSession& session, Response& response) {
  session.add("visits", 1);
  answer_json(response, {{"visits", session.number("visits")}});
}

void captcha_check(const HttpRequest& request, SiteSession& session, Response& response) {
  // Taken, so that nobody tries all answers against one picture.
  const auto code = session.take_text("captcha");
  answer_json(response, {{"right", code.has_value() && request.form("answer") == code}});
}

void cart_add(const HttpRequest& request, SiteSession& session, Response& response) {
  const std::string item = request.form("item").value_or("");
  if (item.empty() || item.size() > 100) return answer_json(response, {{"error", "an item has 1 to 100 bytes"}}, 422);
  session.add_to_cart(item);
  answer_json(response, {{"cart", session.cart()}});
}

void cart(const HttpRequest&, SiteSession& session, Response& response) {
  answer_json(response, {{"cart", session.cart()}});
}

using Page = void (*)(const HttpRequest&, SiteSession&, Response&);

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

}  // namespace

void Site::answer(const HttpRequest& request, SiteSession& session, Response& response) const {
  if (request.method() == "GET" && request.path() == "/") {
    response << page(kept_by_, request.script(), session.csrf_token());
  } else if (request.method() == "GET" && request.path() == "/captcha") {
    const std::string code = random_code();
    session.set_text("captcha", code);
    // Demo only: the replay program cannot read pictures.
    if (gate_.enabled()) response.header("X-Demo-Captcha", code);
    response.content_type("image/svg+xml");
    response.header("Cache-Control", "no-store");
    response << captcha_picture(code, std::random_device()());
  } else if (const Page page = page_for(request.method(), request.path())) {
    page(request, session, response);
  } else if (!answer_replay(request, session, response)) {
    answer_json(response, {{"error", "there is no such page"}}, 404);
  }
}

bool Site::answer_replay(const HttpRequest& request, SiteSession& session, Response& response) const {
  if (!gate_.enabled() || request.method() != "POST") return false;
  if (request.path() == "/demo/expire") {
    session.expire_at_once();
  } else if (request.path() == "/demo/sweep") {
    sweep_();
  } else {
    return false;
  }
  answer_json(response, nlohmann::json::object());
  return true;
}

}  // namespace demo
