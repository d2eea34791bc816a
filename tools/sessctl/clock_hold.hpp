// What is said where sweeps remove nothing because the clock was set ahead: the same by all who tell of it.
#pragma once

#include <sess/gc.hpp>

#include <string>
#include <string_view>

namespace sessctl {

std::string told_of(const sess::ClockHold& hold);

/// What to do about it.
inline constexpr std::string_view advice_on_hold = "set it right, or sweep with --trust-clock if it is right";

}  // namespace sessctl
