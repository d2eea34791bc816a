// What the demo programs take from their environment, where the web server's configuration puts it.
#pragma once

#include <sess/store.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace demo {

/// A text is "" where its variable is not set, a switch is true where its variable holds any text, and a number is the
/// one that stands here where its variable is not set.
struct Settings {
  std::string store = {};                   // DEMO_STORE: directory of the sessions
  std::string naive = {};                   // DEMO_NAIVE: directory of the naive sites' sessions
  std::string gate = {};                    // DEMO_GATE: see gate.hpp; unset for real use
  std::string audit = {};                   // DEMO_AUDIT: file of the audit log (demo/audit_log.hpp); unset: none
  bool sealed = false;                      // DEMO_SEALED: sessions are sealed on disk
  bool secure = false;                      // DEMO_SECURE: the site is on HTTPS, so its cookies are for HTTPS alone
  bool slow_pages = false;                  // DEMO_SLOW_PAGES: a request may ask for time (slowness.hpp)
  std::chrono::seconds idle_timeout{1440};  // DEMO_IDLE_TIMEOUT
  std::chrono::milliseconds lock_timeout{30'000};  // DEMO_LOCK_TIMEOUT, in milliseconds
  unsigned waiter_limit = 0;                       // DEMO_WAITER_LIMIT: StoreOptions::waiter_limit
  // Of a FastCGI process:
  int threads = 1;                      // DEMO_THREADS
  std::uint64_t request_limit = 0;      // DEMO_REQUEST_LIMIT: it ends after so many; 0: never
  std::chrono::seconds gc_interval{0};  // DEMO_GC_INTERVAL: of its GC thread; 0: it has none
};

/// Throws std::runtime_error for a number that is none.
Settings settings_from_environment();

/// Opens the store (throws std::runtime_error where DEMO_STORE does not name one), and has it tell its events to the
/// audit log if one is wanted. Throws std::system_error if there can be no such log, and what Store::open throws.
sess::Store open_store(const Settings& settings);

/// Runs a program's main part; words about what it throws go to standard error. Answers the exit status.
int guarded(int (*program)());

}  // namespace demo
