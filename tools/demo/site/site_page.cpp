#include <fmt/format.h>
#include <sess/web/request_session.hpp>

#include "demo/site/html.hpp"
#include "demo/site/site.hpp"

namespace demo {

namespace {

using sess::web::escape_html;

/// A form that a script sends for the browser (data-post), and that works without one too.
std::string form(const std::string& base, std::string_view post, std::string_view field, std::string_view more,
                 std::string_view content) {
  return fmt::format("<form method=\"post\" action=\"{0}{1}\" data-post=\"{1}\"{3}>{2}{4}</form>\n", base, post, field,
                     more, content);
}

std::string items(const std::map<std::string, std::int64_t>& cart) {
  std::string list;
  for (const auto& [item, count] : cart) list += fmt::format("<li>{} × {}</li>", count, escape_html(item));
  return list;
}

std::string account(const std::string& base, const std::string& field, const std::optional<std::string>& user,
                    bool has_logins) {
  const std::string_view shown_to_nobody = user ? " hidden" : "";
  const std::string_view shown_to_user = user ? "" : " hidden";
  std::string html = fmt::format(
      "<section class=\"card\" aria-labelledby=\"account-title\">\n<h2 id=\"account-title\">Account</h2>\n"
      "<p>Logged in as <output id=\"user\">{}</output>.</p>\n",
      user ? escape_html(*user) : "nobody");
  html += form(base, "/login", field, fmt::format(" id=\"login\"{}", shown_to_nobody), R"(
<div class="fields">
<p><label for="login-user">User</label>
<input id="login-user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required></p>
<p><label for="login-password">Password</label>
<input id="login-password" name="password" type="password" autocomplete="current-password" required></p>
</div>
<button>Log in</button>
<p class="hint">Users: <code>ann</code> with the password <code>apples</code>, <code>bob</code> with
<code>bananas</code>.</p>
)");
  html += form(base, "/logout", field, fmt::format(" id=\"logout\"{}", shown_to_user), "<button>Log out</button>");
  if (has_logins) {
    html += fmt::format("<div id=\"account\"{}>\n<h3>Your logins</h3>\n<ul id=\"logins\" class=\"list\"></ul>\n",
                        shown_to_user);
    html += form(base, "/logout-others", field, " id=\"logout-others\"",
                 "<button class=\"quiet\">Log out all others</button>");
    html += form(base, "/logout-everywhere", field, " id=\"logout-everywhere\"",
                 "<button class=\"quiet\">Log out everywhere</button>");
    html += "</div>\n";
  }
  return html + "</section>\n";
}

std::string others(const std::string& base, const std::string& field, SiteSession& session) {
  const auto cart = session.cart();
  std::string html = "<section class=\"card\" aria-labelledby=\"visits-title\">\n<h2 id=\"visits-title\">Visits</h2>\n";
  html += form(base, "/visit", field, " id=\"visit\"",
               fmt::format("<p class=\"figure\"><output id=\"visits\">{}</output> <span>counted</span></p>"
                           "<button>Count one more</button>",
                           session.number("visits")));
  html += fmt::format(
      "<p class=\"hint\">Polls in this session: <span id=\"polls\">{}</span>.</p>\n</section>\n"
      "<section class=\"card\" aria-labelledby=\"cart-title\">\n<h2 id=\"cart-title\">Cart</h2>\n"
      "<ul id=\"cart\" class=\"list\">{}</ul>\n"
      "<p id=\"cart-empty\"{}>Nothing is in it yet.</p>\n",
      session.number("polls"), items(cart), cart.empty() ? "" : " hidden");
  html += form(base, "/cart/add", field, " id=\"cart-add\"", R"(
<p><label for="item">Item</label>
<input id="item" name="item" maxlength="100" autocomplete="off" required></p>
<button>Add to the cart</button>)");
  html +=
      "</section>\n<section class=\"card\" aria-labelledby=\"captcha-title\">\n<h2 id=\"captcha-title\">Captcha</h2>\n";
  html += fmt::format(
      "<img id=\"captcha\" src=\"{}/captcha\" alt=\"A picture of five digits\" width=\"230\" height=\"90\">\n", base);
  html += form(base, "/captcha/check", field, " id=\"captcha-check\"", R"(
<p><label for="answer">The five digits</label>
<input id="answer" name="answer" inputmode="numeric" autocomplete="off" maxlength="10" required></p>
<button>Check</button>
<output id="right" for="answer" aria-live="polite"></output>)");
  return html + "</section>\n";
}

}  // namespace

void answer_site_page(const SitePage& page, const sess::web::HttpRequest& request, SiteSession& session,
                      sess::web::Response& response) {
  // SCRIPT_NAME comes from the server's configuration; escaped all the same.
  const std::string base = escape_html(request.script());
  const std::string token = session.csrf_token();
  const std::string field =
      token.empty() ? ""
                    : fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">", sess::web::csrf_parameter, token);
  std::string notices;
  for (const std::string& notice : session.take_notices()) notices += (notices.empty() ? "" : " ") + notice;
  std::string content = fmt::format(
      "<div class=\"head\">\n<h1>A small site</h1>\n"
      "<p class=\"lead\">Its sessions are kept by <strong>{}</strong>. <span id=\"connection\" class=\"pill\" "
      "role=\"status\" hidden>"
      "</span></p>\n</div>\n"
      "<div class=\"said\">\n<p id=\"error\" class=\"message bad\" role=\"alert\"></p>\n"
      "<p id=\"status\" class=\"message\" role=\"status\"></p>\n"
      "<p id=\"notice\" class=\"message good\" role=\"status\">{}</p>\n</div>\n<div class=\"cards\">\n",
      escape_html(page.kept_by), escape_html(notices));
  content += account(base, field, session.user(), page.has_session_pages);
  content += others(base, field, session) + "</div>\n";
  answer_html(response,
              {.title = "A small site",
               .base = request.script(),
               .path = "/",
               .has_session_pages = page.has_session_pages,
               .token = token,
               .script = "site.js"},
              content);
}

}  // namespace demo
