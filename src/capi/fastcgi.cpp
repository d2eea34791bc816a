// FastCGI programs of the C interface; in libsess-fcgi.
#include <sess/fcgi.h>

#include "capi/programs.hpp"

#include <sess/web/fastcgi.hpp>

#include <atomic>

using namespace sess::capi;

struct sess_fcgi_stop {
  std::atomic<bool> requested = false;
  static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");
};

namespace {

sess_fcgi_options default_fcgi_options() {
  const sess::fcgi::Options all;
  sess_fcgi_options options{};
  options.threads = all.threads;
  options.request_limit = all.request_limit;
  options.socket = all.socket;
  return options;
}

sess::fcgi::Options fcgi_options(const sess_fcgi_options* given) {
  const sess_fcgi_options all = with_defaults(given, default_fcgi_options());
  sess::fcgi::Options options;
  options.threads = all.threads;
  options.request_limit = all.request_limit;
  options.socket = all.socket;
  if (all.stop != nullptr) options.stop = &all.stop->requested;
  return options;
}

}  // namespace

int sess_fcgi_stop_new(sess_fcgi_stop** stop) {
  return guarded([&] {
    sess_fcgi_stop*& out = emptied(stop, "make stop");
    out = new sess_fcgi_stop;
    return SESS_OK;
  });
}

void sess_fcgi_stop_now(sess_fcgi_stop* stop) {
  if (stop != nullptr) stop->requested.store(true);
}

void sess_fcgi_stop_free(sess_fcgi_stop* stop) { delete stop; }

int sess_fcgi_options_init(sess_fcgi_options* options, size_t size) {
  return initialize(options, size, default_fcgi_options());
}

int sess_fcgi_run(sess_store* store, sess_handler handler, void* data, const sess_run_options* run_options,
                  const sess_fcgi_options* options) {
  return guarded([&]() -> int {
    const sess::Store& in = required(store, "run program: store").store;
    const sess::fcgi::Options how = fcgi_options(options);
    static_cast<void>(sess::fcgi::run(in, handler_of(handler, data), sess::capi::run_options(run_options), how));
    return SESS_OK;
  });
}
