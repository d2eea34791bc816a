// What all pages of the demo site have in common: the frame of an HTML page, and the headers that say what a browser
// may do with an answer. Style sheets and scripts are files of the server (tools/demo/htdocs/assets), none is in a
// page.
#pragma once

#include <sess/web/http_request.hpp>
#include <sess/web/response.hpp>

#include <string>
#include <string_view>

namespace demo {

/// All texts are raw; the frame escapes them.
struct Frame {
  std::string title;
  std::string base;                // the program's own address (SCRIPT_NAME), before the links of the site
  std::string path;                // of this page below the base: the link to it is marked as the current one
  bool has_session_pages = false;  // the site has /session and /plain
  std::string token = {};          // for the script, to be sent back as X-CSRF-Token; may be empty
  std::string_view script = {};    // a file of /assets; empty: none
};

/// An HTML page: sets its headers, and writes the frame round `content`, which is HTML.
void answer_html(sess::web::Response& response, const Frame& frame, std::string_view content);

/// For what is no page (JSON, pictures, text): nothing in it is ever run, and it is what its Content-Type says.
void forbid_all_content(sess::web::Response& response);

/// True for a browser that sends a form without the help of a script: it wants a page, not JSON.
bool wants_page(const sess::web::HttpRequest& request);

}  // namespace demo
