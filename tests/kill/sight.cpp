#include "sight.hpp"

#include <chrono>
#include <string_view>

namespace sess::test {

namespace {

std::int64_t milliseconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Seen seen(const Values& values, const SessionFacts& facts) {
  return {{Outcome::ok, values, milliseconds_of(facts.deadline)}, facts.generation};
}

}  // namespace

Seen by_snapshot(const Store& store, const SessionRef& session) {
  const Result<Snapshot> snapshot = store.snapshot(session);
  if (!snapshot) return {{snapshot.outcome()}};
  return seen(snapshot->values(), snapshot->facts());
}

Seen by_lock(const Store& store, const SessionRef& session) {
  const Result<Session> locked = store.lock(session, {.timeout = std::chrono::milliseconds(0), .renew = false});
  if (!locked) return {{locked.outcome()}};
  return seen(locked->values(), locked->facts());
}

std::string to_string(const Sight& sight) {
  std::string text(sess::to_string(sight.outcome));
  if (sight.outcome != Outcome::ok) return text;
  for (const auto& [name, value] : sight.values) text += " " + name;
  if (const auto found = sight.values.find("version"); found != sight.values.end())
    text += " version " + std::to_string(found->second.as<std::int64_t>("version"));
  return text + " deadline " + std::to_string(sight.deadline);
}

}  // namespace sess::test
