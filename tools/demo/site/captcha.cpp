#include "demo/site/captcha.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <random>
#include <vector>

namespace demo {

namespace {

struct Point {
  double x;
  double y;
};
using Stroke = std::vector<Point>;

/// Each digit in a box one wide and two high, y downwards.
const std::array<std::vector<Stroke>, 10>& digit_strokes() {
  static const std::array<std::vector<Stroke>, 10> strokes = {{
      {{{0.5, 0}, {0.1, 0.4}, {0, 1}, {0.1, 1.6}, {0.5, 2}, {0.9, 1.6}, {1, 1}, {0.9, 0.4}, {0.5, 0}}},
      {{{0.1, 0.5}, {0.6, 0}, {0.6, 2}}},
      {{{0.05, 0.5}, {0.3, 0.05}, {0.75, 0.05}, {0.95, 0.5}, {0.8, 0.95}, {0, 2}, {1, 2}}},
      {{{0.1, 0.1}, {0.7, 0}, {0.95, 0.4}, {0.8, 0.8}, {0.4, 0.95}},
       {{0.4, 0.95}, {0.9, 1.2}, {0.95, 1.6}, {0.6, 2}, {0.05, 1.85}}},
      {{{0.7, 0}, {0, 1.3}, {1, 1.3}}, {{0.7, 0.8}, {0.7, 2}}},
      {{{0.95, 0}, {0.15, 0}, {0.1, 0.85}, {0.6, 0.75}, {0.95, 1.2}, {0.85, 1.8}, {0.4, 2}, {0, 1.8}}},
      {{{0.85, 0.05}, {0.35, 0.4}, {0.05, 1.2}, {0.2, 1.85}, {0.6, 2}, {0.95, 1.6}, {0.85, 1.1}, {0.4, 1}, {0.1, 1.4}}},
      {{{0, 0}, {1, 0}, {0.4, 2}}, {{0.4, 1}, {0.9, 1}}},
      {{{0.5, 0.95}, {0.1, 0.6}, {0.2, 0.15}, {0.5, 0}, {0.8, 0.15}, {0.9, 0.6}, {0.5, 0.95}},
       {{0.5, 0.95}, {0, 1.4}, {0.15, 1.85}, {0.5, 2}, {0.85, 1.85}, {1, 1.4}, {0.5, 0.95}}},
      {{{0.9, 0.6}, {0.6, 1}, {0.2, 0.9}, {0.05, 0.4}, {0.4, 0}, {0.8, 0.15}, {0.95, 0.8}, {0.6, 2}}},
  }};
  return strokes;
}

}  // namespace

std::string random_code() {
  std::random_device random;
  std::uniform_int_distribution<int> digit(0, 9);
  std::string code;
  for (int place = 0; place < 5; ++place) code += static_cast<char>('0' + digit(random));
  return code;
}

std::string captcha_picture(const std::string& digits, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto between = [&random](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  const double width = 30.0 + 40.0 * static_cast<double>(digits.size());
  std::string picture = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} 90' width='{0}' height='90' fill='none' "
      "stroke-linecap='round' stroke-linejoin='round'><rect width='100%' height='100%' fill='#f4f1e8'/>",
      width);
  for (int line = 0; line < 5; ++line)
    picture += fmt::format("<path stroke='#b9b09a' stroke-width='1.5' d='M0 {:.0f} Q {:.0f} {:.0f} {} {:.0f}'/>",
                           between(0, 90), between(40, width), between(-20, 110), width, between(0, 90));
  for (std::size_t place = 0; place < digits.size(); ++place) {
    const double angle = between(-0.3, 0.3);
    const double size = between(22, 28);
    const Point middle{35.0 + 40.0 * static_cast<double>(place), 45.0 + between(-6, 6)};
    for (const Stroke& stroke : digit_strokes()[static_cast<std::size_t>(digits[place] - '0')]) {
      std::string path;
      for (const Point& point : stroke) {
        const double x = (point.x - 0.5 + between(-0.05, 0.05)) * size;
        const double y = (point.y - 1.0 + between(-0.05, 0.05)) * size;
        path += fmt::format("{}{:.1f} {:.1f} ", path.empty() ? 'M' : 'L',
                            middle.x + x * std::cos(angle) - y * std::sin(angle),
                            middle.y + x * std::sin(angle) + y * std::cos(angle));
      }
      picture += fmt::format("<path stroke='#2b3a55' stroke-width='{:.1f}' d='{}'/>", between(2.5, 4.5), path);
    }
  }
  return picture + "</svg>";
}

}  // namespace demo
