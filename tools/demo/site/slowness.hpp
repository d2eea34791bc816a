// Demo only: a page that takes its time, as real ones do, so that people and tests can see what others do meanwhile.
//
// Where the site allows it (DEMO_SLOW_PAGES) a request with `?wait=MILLISECONDS` waits so long between the work of its
// page and the commit.
#pragma once

#include <sess/web/http_request.hpp>

#include <chrono>

namespace demo {

constexpr std::chrono::milliseconds longest_wait{10'000};

class Slowness {
 public:
  explicit Slowness(bool allowed) : allowed_(allowed) {}

  bool allowed() const noexcept { return allowed_; }
  /// Waits as long as this request asks, longest_wait at most; what is no number is none.
  void take_time(const sess::web::HttpRequest& request) const;

 private:
  bool allowed_;
};

}  // namespace demo
