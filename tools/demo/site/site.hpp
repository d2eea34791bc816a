// The demo site: login, a polled /info, a captcha, a cart, a visit counter, logout. One source for every way to keep
// sessions (see site_session.hpp).
#pragma once

#include <sess/web/http_request.hpp>
#include <sess/web/response.hpp>

#include "demo/site/gate.hpp"
#include "demo/site/site_session.hpp"

#include <functional>
#include <string>

namespace demo {

/// One of the site's pages: everything but its links to other pages of the site is the same in the replay part
/// (replay_part.hpp), which has them below an address of its own.
struct SitePath {
  std::string path;          // below the site's address or the part's; begins with "/"
  bool is_replayed = false;  // a replay may end its session at once, and is told the captcha's digits
};

class Site {
 public:
  /// `kept_by` is shown on the page; `has_session_pages`: Frame (html.hpp); `sweep` removes expired sessions and is for
  /// the replay program alone.
  Site(std::string kept_by, bool has_session_pages, const Gate& gate, std::function<void()> sweep)
      : kept_by_(std::move(kept_by)), has_session_pages_(has_session_pages), gate_(gate), sweep_(std::move(sweep)) {}

  /// Answers one request. May be run more than once for it, as a handler of libsess may.
  void answer(const SitePath& path, const sess::web::HttpRequest& request, SiteSession& session,
              sess::web::Response& response) const;

 private:
  bool answer_replay(const SitePath& path, const sess::web::HttpRequest& request, SiteSession& session,
                     sess::web::Response& response) const;

  std::string kept_by_;
  bool has_session_pages_;
  const Gate& gate_;
  std::function<void()> sweep_;
};

/// What the site's own page shows.
struct SitePage {
  std::string kept_by;
  bool has_session_pages = false;
};

/// Answers with the page of a browser whose session this is; shows its notices, which are gone then.
void answer_site_page(const SitePage& page, const sess::web::HttpRequest& request, SiteSession& session,
                      sess::web::Response& response);

}  // namespace demo
