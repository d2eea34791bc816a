#include "demo/site/settings.hpp"

#include "demo/audit_log.hpp"

#include <charconv>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace demo {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool is_set(const char* name) { return !variable(name).empty(); }

/// What a variable says; `otherwise` if it is not set.
template <class Number>
Number number(const char* name, Number otherwise) {
  const std::string text = variable(name);
  if (text.empty()) return otherwise;
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    throw std::runtime_error(std::string(name) + " is no number: '" + text + "'");
  return value;
}

template <class Duration>
Duration duration(const char* name, Duration otherwise) {
  return Duration(number(name, otherwise.count()));
}

}  // namespace

Settings settings_from_environment() {
  Settings settings{.store = variable("DEMO_STORE"),
                    .naive = variable("DEMO_NAIVE"),
                    .gate = variable("DEMO_GATE"),
                    .audit = variable("DEMO_AUDIT")};
  settings.sealed = is_set("DEMO_SEALED");
  settings.secure = is_set("DEMO_SECURE");
  settings.slow_pages = is_set("DEMO_SLOW_PAGES");
  settings.idle_timeout = duration("DEMO_IDLE_TIMEOUT", settings.idle_timeout);
  settings.lock_timeout = duration("DEMO_LOCK_TIMEOUT", settings.lock_timeout);
  settings.waiter_limit = number("DEMO_WAITER_LIMIT", settings.waiter_limit);
  settings.threads = number("DEMO_THREADS", settings.threads);
  settings.request_limit = number("DEMO_REQUEST_LIMIT", settings.request_limit);
  settings.gc_interval = duration("DEMO_GC_INTERVAL", settings.gc_interval);
  return settings;
}

sess::Store open_store(const Settings& settings) {
  if (settings.store.empty()) throw std::runtime_error("DEMO_STORE is not set: it names the directory of the sessions");
  sess::StoreOptions options;
  options.idle_timeout = settings.idle_timeout;
  options.lock_timeout = settings.lock_timeout;
  options.waiter_limit = settings.waiter_limit;
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
