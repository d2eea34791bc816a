// The demo site as a FastCGI program, its sessions kept by libsess. DEMO_STORE names the store, DEMO_AUDIT
// the file of an audit log.
#include <sess/store.hpp>
#include <sess/web/fastcgi.hpp>

#include "demo/site/libsess_site.hpp"
#include "demo/site/settings.hpp"

int main() {
  return demo::guarded([] {
    const demo::Settings settings = demo::settings_from_environment();
    const sess::Store store = demo::open_store(settings);
    // Static, because threads that still wait for a request when run returns live on until the process ends.
    static const demo::Gate gate(settings.gate);
    static const demo::LibsessSite site(store, gate);
    return sess::fcgi::run(store, site.handler(), site.run_options(), {.threads = settings.threads});
  });
}
