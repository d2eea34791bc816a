// Text for a person's terminal: what stands out in it, and what fits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sessctl {

/// How a piece of text stands out, where it does.
enum class Accent : std::uint8_t { none, heading, good, warning, problem };

struct Styled {
  std::string text;
  Accent accent = Accent::none;
};

using StyledLine = std::vector<Styled>;

/// As one text, with the control sequences of ECMA-48 (SGR) where `coloured`.
std::string to_text(const StyledLine& line, bool coloured);

/// As much from the beginning as fits so many columns. Characters count as wide as the locale says (wcwidth).
std::string cut_to(std::string_view text, std::size_t columns);
StyledLine cut_to(const StyledLine& line, std::size_t columns);

/// Characters beyond ASCII as \uXXXX, for a terminal that cannot show them.
std::string ascii_only(std::string_view text);

/// That of LC_CTYPE: main has taken the locale over.
bool locale_is_utf8() noexcept;

}  // namespace sessctl
