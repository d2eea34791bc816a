#include "styled_text.hpp"

#include "escape.hpp"

#include <cwchar>
#include <iterator>

#include <fmt/format.h>
#include <langinfo.h>

namespace sessctl {
namespace {

// ECMA-48, "SGR": 1 bold, 31 red, 32 green, 33 yellow. Only those that every terminal with colours has, and which its
// user has set to what can be read on his background.
std::string_view sequence_of(Accent accent) {
  switch (accent) {
    case Accent::none:
      return "";
    case Accent::heading:
      return "\x1b[1m";
    case Accent::good:
      return "\x1b[32m";
    case Accent::warning:
      return "\x1b[33m";
    case Accent::problem:
      return "\x1b[31m";
  }
  return "";
}

std::size_t columns_of(char32_t code) {
  if (code < 0x80) return 1;
  const int width = ::wcwidth(static_cast<wchar_t>(code));
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

/// How much of a text fits.
struct Fit {
  std::size_t bytes = 0;
  std::size_t columns = 0;
};

Fit fit(std::string_view text, std::size_t columns) {
  Fit found;
  while (found.bytes < text.size()) {
    const Character character = first_character(text.substr(found.bytes));
    const std::size_t width = columns_of(character.code);
    if (found.columns + width > columns) break;
    found.columns += width;
    found.bytes += character.length;
  }
  return found;
}

}  // namespace

std::string to_text(const StyledLine& line, bool coloured) {
  std::string text;
  for (const Styled& piece : line) {
    const bool is_plain = !coloured || piece.accent == Accent::none || piece.text.empty();
    if (is_plain)
      text += piece.text;
    else
      text.append(sequence_of(piece.accent)).append(piece.text).append("\x1b[m");
  }
  return text;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  return std::string(text.substr(0, fit(text, columns).bytes));
}

StyledLine cut_to(const StyledLine& line, std::size_t columns) {
  StyledLine cut;
  for (const Styled& piece : line) {
    const Fit found = fit(piece.text, columns);
    cut.push_back({piece.text.substr(0, found.bytes), piece.accent});
    if (found.bytes < piece.text.size()) break;
    columns -= found.columns;
  }
  return cut;
}

std::string ascii_only(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::uint32_t code = character.valid ? static_cast<std::uint32_t>(character.code) : 0xFFFDU;
    // So many digits that it is sure where they end, as in C and in a shell's $'...'.
    if (code < 0x80)
      out += text.front();
    else if (code <= 0xFFFF)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
    else
      fmt::format_to(std::back_inserter(out), "\\U{:08x}", code);
    text.remove_prefix(character.length);
  }
  return out;
}

bool locale_is_utf8() noexcept { return std::string_view(::nl_langinfo(CODESET)) == "UTF-8"; }

}  // namespace sessctl
