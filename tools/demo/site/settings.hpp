// What the demo programs take from their environment, where the web server's configuration puts it.
#pragma once

#include <string>

namespace demo {

struct Settings {
  std::string store;  // DEMO_STORE: directory of the sessions
  std::string gate;   // DEMO_GATE: see gate.hpp; unset for real use
  int threads = 1;    // DEMO_THREADS: of a FastCGI process
};

/// Throws std::runtime_error if DEMO_STORE is not set or a number is none.
Settings settings_from_environment();

/// Runs a program's main part; words about what it throws go to standard error. Answers the exit status.
int guarded(int (*program)());

}  // namespace demo
