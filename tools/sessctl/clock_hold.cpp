#include "clock_hold.hpp"

#include "human.hpp"

#include <fmt/format.h>

namespace sessctl {

std::string told_of(const sess::ClockHold& hold) {
  return fmt::format("the system clock was set ahead by {}, so nothing is removed for another {}", human_age(hold.jump),
                     human_age(hold.held_for));
}

}  // namespace sessctl
