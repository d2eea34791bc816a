// The demo site as a CGI program, its sessions kept by libsess. The environment is its configuration
// (demo/site/settings.hpp).
#include <sess/store.hpp>
#include <sess/web/runner.hpp>

#include "demo/site/libsess_site.hpp"
#include "demo/site/settings.hpp"

int main() {
  return demo::guarded([] {
    const demo::Settings settings = demo::settings_from_environment();
    const sess::Store store = demo::open_store(settings);
    const demo::Gate gate(settings.gate);
    const demo::LibsessSite site(store, gate, settings);
    return sess::cgi::run(store, site.handler(), site.run_options());
  });
}
