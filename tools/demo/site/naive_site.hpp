// The site over a file store of the kind that many programs have: the counter-example of the demo. Do not copy it.
//
// What it does is what two widely used session providers do:
//   - the session's file is read when the request starts and written, as a whole, when it ends, whether or not it has
//     changed; there is no lock, and no look at what another request has written meanwhile;
//   - where the cookie names no file, or one that has expired, the request makes an ID of its own and sets the cookie;
//   - logout removes the file.
// Beyond that it is careful (temp file and rename, random IDs, no torn files), so that what goes wrong is the design.
#pragma once

#include <sess/web/http_request.hpp>

#include "demo/site/gate.hpp"
#include "demo/site/settings.hpp"
#include "demo/site/site.hpp"
#include "demo/site/slowness.hpp"

#include <filesystem>
#include <string>

namespace demo {

class NaiveSite {
 public:
  /// Makes the directory (settings.naive) if need be. Throws std::runtime_error if none is named.
  NaiveSite(const Settings& settings, const Gate& gate);

  /// Handles one request; answers the response as CGI text. May be called by several threads at once.
  std::string answer(const sess::web::HttpRequest& request) const;

 private:
  void sweep() const;

  std::filesystem::path directory_;
  const Gate& gate_;
  Slowness slowness_;
  bool secure_;
  Site site_;
};

}  // namespace demo
