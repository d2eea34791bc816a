// The demo site as a FastCGI program over the naive file store. The environment is its configuration
// (demo/site/settings.hpp).
#include <fcgiapp.h>
#include <sess/web/http_request.hpp>

#include "demo/site/naive_site.hpp"
#include "demo/site/settings.hpp"

#include <algorithm>
#include <array>
#include <thread>

namespace {

void serve(const demo::NaiveSite& site) {
  FCGX_Request connection;
  FCGX_InitRequest(&connection, 0, 0);
  while (FCGX_Accept_r(&connection) >= 0) {
    const sess::web::Environment environment = [&connection](const std::string& name) -> std::optional<std::string> {
      const char* value = FCGX_GetParam(name.c_str(), connection.envp);
      if (value == nullptr) return std::nullopt;
      return value;
    };
    std::array<char, 65536> body;  // the demo's forms are small; what is longer is cut
    const int size = FCGX_GetStr(body.data(), static_cast<int>(body.size()), connection.in);
    const std::string answer =
        site.answer(sess::web::HttpRequest(environment, {body.data(), static_cast<std::size_t>(std::max(0, size))}));
    FCGX_PutStr(answer.data(), static_cast<int>(answer.size()), connection.out);
    FCGX_Finish_r(&connection);
  }
}

}  // namespace

int main() {
  return demo::guarded([] {
    const demo::Settings settings = demo::settings_from_environment();
    // Static, because the other threads still wait for a request when this one is told to end.
    static const demo::Gate gate(settings.gate);
    static const demo::NaiveSite site(settings, gate);
    FCGX_Init();
    for (int thread = 1; thread < settings.threads; ++thread) std::thread([] { serve(site); }).detach();
    serve(site);
    return 0;
  });
}
