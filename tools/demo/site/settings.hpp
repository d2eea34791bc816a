// What the demo programs take from their environment, where the web server's configuration puts it.
#pragma once

#include <sess/store.hpp>

#include <string>

namespace demo {

struct Settings {
  std::string store = {};  // DEMO_STORE: directory of the sessions
  std::string gate = {};   // DEMO_GATE: see gate.hpp; unset for real use
  std::string audit = {};  // DEMO_AUDIT: file of the audit log (demo/audit_log.hpp); unset: none is kept
  bool sealed = false;     // DEMO_SEALED: any text; sessions are sealed on disk
  int threads = 1;         // DEMO_THREADS: of a FastCGI process
};

/// Throws std::runtime_error if DEMO_STORE is not set or a number is none.
Settings settings_from_environment();

/// Opens the store, and has it tell its events to the audit log if one is wanted. Throws std::system_error if there can
/// be no such log, and what Store::open throws.
sess::Store open_store(const Settings& settings);

/// Runs a program's main part; words about what it throws go to standard error. Answers the exit status.
int guarded(int (*program)());

}  // namespace demo
