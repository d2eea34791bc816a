// The demo site as a FastCGI program, its sessions kept by libsess. The environment is its configuration
// (demo/site/settings.hpp).
#include <sess/gc.hpp>
#include <sess/store.hpp>
#include <sess/web/fastcgi.hpp>

#include "demo/site/libsess_site.hpp"
#include "demo/site/settings.hpp"

#include <optional>

int main() {
  return demo::guarded([] {
    const demo::Settings settings = demo::settings_from_environment();
    const sess::Store store = demo::open_store(settings);
    const demo::Gate gate(settings.gate);
    const demo::LibsessSite site(store, gate, settings);
    std::optional<sess::GcThread> sweeper;
    if (settings.gc_interval.count() > 0)
      sweeper.emplace(store, sess::GcThreadOptions{.interval = settings.gc_interval});
    return sess::fcgi::run(store, site.handler(), site.run_options(),
                           {.threads = settings.threads, .request_limit = settings.request_limit});
  });
}
