// Demo only: the part of a site that a page of the browser (htdocs/replay.html) replays races in.
//
// Where slow pages are allowed (DEMO_SLOW_PAGES) the site's pages are to be had a second time, below /replay, with
// sessions and cookies of their own: POST /replay/login, GET /replay/info, ... A session there can be told to expire at
// once, and the captcha's digits are told (X-Demo-Captcha). What a visitor has on the site itself is out of its reach:
// a browser sends neither part the other's cookies by name, a session of the site is refused here, and the users are
// others, so that a login here is none of the site's.
#pragma once

#include <sess/store.hpp>
#include <sess/web/http_request.hpp>
#include <sess/web/response.hpp>

#include "demo/site/site.hpp"
#include "demo/site/slowness.hpp"

#include <optional>
#include <string>
#include <vector>

namespace demo {

/// The path of a request below the part's address, if it is for the part and the site has one.
std::optional<SitePath> replayed_path(const sess::web::HttpRequest& request, const Slowness& slowness);

/// Of the part's cookies.
std::string replay_cookie_path(const sess::web::HttpRequest& request);

/// Tells a page, whose script cannot see them, which cookies this answer sets (X-Demo-Cookies): names only.
void tell_cookies(const std::vector<std::string>& set_cookie, sess::web::Response& response);

/// The part over libsess. It keeps the life cycle of a session by itself, because its cookies are not those of the
/// runner: an example of what a program does that has a framework of its own.
class LibsessReplayPart {
 public:
  LibsessReplayPart(const sess::Store& store, const Site& site, const Slowness& slowness, bool secure)
      : store_(store), site_(site), slowness_(slowness), secure_(secure) {}

  /// Handles one request, its wait and commit included.
  void answer(const SitePath& path, const sess::web::HttpRequest& request, sess::web::Response& response) const;

 private:
  const sess::Store& store_;
  const Site& site_;
  const Slowness& slowness_;
  bool secure_;
};

}  // namespace demo
