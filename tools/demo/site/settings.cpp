#include "demo/site/settings.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>

namespace demo {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

Settings settings_from_environment() {
  Settings settings{.store = variable("DEMO_STORE"), .gate = variable("DEMO_GATE")};
  if (settings.store.empty()) throw std::runtime_error("DEMO_STORE is not set: it names the directory of the sessions");
  if (const std::string threads = variable("DEMO_THREADS"); !threads.empty()) settings.threads = std::stoi(threads);
  return settings;
}

int guarded(int (*program)()) {
  try {
    return program();
  } catch (const std::exception& error) {
    std::cerr << "demo: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace demo
