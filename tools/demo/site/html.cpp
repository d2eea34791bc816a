#include "demo/site/html.hpp"

#include <fmt/format.h>

namespace demo {

namespace {

using sess::web::escape_html;

std::string link(std::string_view address, std::string_view text, bool current) {
  return fmt::format("<li><a href=\"{}\"{}>{}</a></li>", address, current ? " aria-current=\"page\"" : "", text);
}

std::string navigation(const Frame& frame) {
  const std::string base = escape_html(frame.base);
  std::string links = link("/", "Start", false) + link(base + "/", "Site", frame.path == "/");
  if (frame.has_session_pages) {
    links += link(base + "/session", "Session", frame.path == "/session");
    links += link(base + "/plain", "Plain", frame.path == "/plain");
  }
  return links + link("/replay.html", "Replay", false);
}

}  // namespace

void answer_html(sess::web::Response& response, const Frame& frame, std::string_view content) {
  // Scripts and styles from this server's files only: what somebody smuggles into a page is not run.
  response.header("Content-Security-Policy",
                  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  response.header("X-Content-Type-Options", "nosniff");
  response.header("Referrer-Policy", "same-origin");
  response << fmt::format(
      R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · libsess demo</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/demo.css">
{script}</head>
<body data-base="{base}" data-token="{token}">
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="/">libsess <span>demo</span></a>
<nav aria-label="Pages"><ul>{navigation}</ul></nav>
</header>
<main id="main" tabindex="-1">
)",
      fmt::arg("title", escape_html(frame.title)), fmt::arg("base", escape_html(frame.base)),
      fmt::arg("token", escape_html(frame.token)), fmt::arg("navigation", navigation(frame)),
      fmt::arg("script",
               frame.script.empty() ? "" : fmt::format("<script src=\"/assets/{}\" defer></script>\n", frame.script)));
  response << content << "</main>\n</body>\n</html>\n";
}

void forbid_all_content(sess::web::Response& response) {
  response.header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  response.header("X-Content-Type-Options", "nosniff");
}

bool wants_page(const sess::web::HttpRequest& request) {
  return request.header("Accept").value_or("").find("text/html") != std::string::npos;
}

}  // namespace demo
