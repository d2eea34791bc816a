// A picture of digits for people to read: jittered strokes, no text in it.
#pragma once

#include <cstdint>
#include <string>

namespace demo {

/// Five random digits.
std::string random_code();

/// An SVG picture of these digits; another one for each seed.
std::string captcha_picture(const std::string& digits, std::uint32_t seed);

}  // namespace demo
