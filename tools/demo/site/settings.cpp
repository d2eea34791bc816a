#include "demo/site/settings.hpp"

#include "demo/audit_log.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>

namespace demo {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

Settings settings_from_environment() {
  Settings settings{.store = variable("DEMO_STORE"), .gate = variable("DEMO_GATE"), .audit = variable("DEMO_AUDIT")};
  settings.sealed = !variable("DEMO_SEALED").empty();
  if (settings.store.empty()) throw std::runtime_error("DEMO_STORE is not set: it names the directory of the sessions");
  if (const std::string threads = variable("DEMO_THREADS"); !threads.empty()) settings.threads = std::stoi(threads);
  return settings;
}

sess::Store open_store(const Settings& settings) {
  sess::StoreOptions options;
  options.sealed = settings.sealed;
  if (!settings.audit.empty()) {
    const auto log = std::make_shared<AuditLog>(settings.audit);
    options.on_event = [log](const sess::Event& event) { log->write(event); };
  }
  return sess::Store::open(settings.store, options);
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
