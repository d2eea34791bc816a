#include "demo/site/slowness.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <thread>

namespace demo {

void Slowness::take_time(const sess::web::HttpRequest& request) const {
  if (!allowed_) return;
  const std::string text = request.query("wait").value_or("");
  std::chrono::milliseconds::rep wait = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), wait).ec != std::errc() || wait <= 0) return;
  std::this_thread::sleep_for(std::min(std::chrono::milliseconds(wait), longest_wait));
}

}  // namespace demo
