// The demo site as a CGI program over the naive file store. The environment is its configuration
// (demo/site/settings.hpp).
#include <sess/web/http_request.hpp>

#include "demo/site/naive_site.hpp"
#include "demo/site/settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

int main() {
  return demo::guarded([] {
    const demo::Settings settings = demo::settings_from_environment();
    const demo::Gate gate(settings.gate);
    const demo::NaiveSite site(settings, gate);
    const sess::web::Environment environment = [](const std::string& name) -> std::optional<std::string> {
      const char* value = std::getenv(name.c_str());
      if (value == nullptr) return std::nullopt;
      return value;
    };
    // The demo's forms are small; what is longer is cut.
    std::string body(std::min(std::strtoul(environment("CONTENT_LENGTH").value_or("0").c_str(), nullptr, 10), 65536UL),
                     0);
    std::cin.read(body.data(), static_cast<std::streamsize>(body.size()));
    body.resize(static_cast<std::size_t>(std::cin.gcount()));
    std::cout << site.answer(sess::web::HttpRequest(environment, body)) << std::flush;
    return 0;
  });
}
