// The site over libsess: a handler for sess::cgi::run and sess::fcgi::run.
#pragma once

#include <sess/store.hpp>
#include <sess/web/runner.hpp>

#include "demo/site/gate.hpp"
#include "demo/site/libsess_session.hpp"
#include "demo/site/replay_part.hpp"
#include "demo/site/request_timings.hpp"
#include "demo/site/settings.hpp"
#include "demo/site/site.hpp"
#include "demo/site/slowness.hpp"

#include <vector>

namespace demo {

class LibsessSite {
 public:
  LibsessSite(const sess::Store& store, const Gate& gate, const Settings& settings);
  LibsessSite(const LibsessSite&) = delete;
  LibsessSite& operator=(const LibsessSite&) = delete;

  /// Refers to this object, which outlives the run.
  sess::web::Handler handler() const;
  /// Refers to this object.
  sess::web::RunOptions run_options() const;

 private:
  static sess::web::SessionCookieOptions cookie_options(bool secure);
  void answer(sess::web::Request& request, sess::web::Response& response) const;
  std::vector<sess::SessionKey> sessions_of(const sess::web::HttpRequest& request) const;

  const Gate& gate_;
  Slowness slowness_;
  bool secure_;
  sess::Store store_;
  sess::web::SessionCookies cookies_;
  LibsessSessionOptions session_options_;
  Site site_;
  LibsessReplayPart replay_part_;
  mutable RequestTimings timings_;
};

}  // namespace demo
