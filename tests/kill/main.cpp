// Where processes may not be traced the cases that do it are skipped, which doctest counts, and a line says so.
#define DOCTEST_CONFIG_IMPLEMENT
#include "traced_process.hpp"

#include <doctest/doctest.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  if (const std::string why = sess::test::why_tracing_is_refused(); !why.empty()) {
    std::cerr << "SKIPPED: no process was killed at a system call: " << why << '\n';
    context.addFilter("test-suite-exclude", "traced");
  }
  return context.run();
}
