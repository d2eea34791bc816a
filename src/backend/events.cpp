#include "backend/events.hpp"

#include <chrono>
#include <utility>

namespace sess {

std::string_view to_string(Event::Kind kind) noexcept {
  switch (kind) {
    case Event::Kind::created:
      return "created";
    case Event::Kind::authenticated:
      return "authenticated";
    case Event::Kind::regenerated:
      return "regenerated";
    case Event::Kind::superseded:
      return "superseded";
    case Event::Kind::destroyed:
      return "destroyed";
    case Event::Kind::expired:
      return "expired";
    case Event::Kind::refused_id:
      return "refused_id";
    case Event::Kind::recovered:
      return "recovered";
    case Event::Kind::quarantined:
      return "quarantined";
    case Event::Kind::clock_jump:
      return "clock_jump";
    case Event::Kind::lock_timeout:
      return "lock_timeout";
    case Event::Kind::limit_reached:
      return "limit_reached";
    case Event::Kind::abandoned:
      return "abandoned";
    case Event::Kind::principal_ended:
      return "principal_ended";
  }
  return "unknown";
}

namespace backend {

Events::Events(sys::System& system, Listener listener) : system_(system), listener_(std::move(listener)) {}

void Events::deliver(Event event) const {
  event.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(system_.wall_clock()));
  listener_(event);
}

Event event_about(Event::Kind kind, const format::Header& session, Outcome outcome) {
  Event event{.kind = kind, .key = session.key};
  if (session.principal != format::PrincipalHash{}) event.principal = SessionKey(session.principal);
  if (outcome == Outcome::durability_unknown) event.detail = "a sync failed: a power cut may undo it";
  return event;
}

}  // namespace backend
}  // namespace sess
