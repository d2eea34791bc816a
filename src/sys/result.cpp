#include <sess/result.hpp>

namespace sess {

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::absent:
      return "absent";
    case Outcome::expired:
      return "expired";
    case Outcome::superseded:
      return "superseded";
    case Outcome::busy:
      return "busy";
    case Outcome::conflict:
      return "conflict";
    case Outcome::gone:
      return "gone";
    case Outcome::not_renewed:
      return "not_renewed";
    case Outcome::durability_unknown:
      return "durability_unknown";
    case Outcome::limit_reached:
      return "limit_reached";
  }
  return "unknown";
}

}  // namespace sess
