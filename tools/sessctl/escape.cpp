#include "escape.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

namespace sessctl {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_unsafe(char32_t code) {
  if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return true;       // C0, DEL, C1
  if (code == 0x61C || code == 0x200E || code == 0x200F) return true;  // marks of direction
  if (code >= 0x2028 && code <= 0x202E) return true;                   // line separators, overrides of direction
  return (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;         // isolates, byte order mark
}

template <class Special>  // bool(char32_t, std::string&): appends its own form and answers true, or answers false
std::string escape(std::string_view text, const Special& special) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    if (!character.valid) {
      out += replacement;
    } else if (!special(character.code, out)) {
      if (is_unsafe(character.code))
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(character.code));
      else
        out += text.substr(0, character.length);
    }
    text.remove_prefix(character.length);
  }
  return out;
}

}  // namespace

Character first_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {};
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  char32_t code = first & (0x7Fu >> length);
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(at) & 0x3Fu);
  }
  if (code < smallest.at(length) || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, length, true};
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const Character character = first_character(text);
    if (!character.valid) return false;
    text.remove_prefix(character.length);
  }
  return true;
}

std::string without_controls(std::string_view text) {
  return escape(text, [](char32_t, std::string&) { return false; });
}

std::string without_controls_but_lines(std::string_view text) {
  return escape(text, [](char32_t code, std::string& out) {
    if (code != '\n') return false;
    out += '\n';
    return true;
  });
}

std::string json_quoted(std::string_view text) {
  return '"' +
         escape(text,
                [](char32_t code, std::string& out) {
                  switch (code) {
                    case '"':
                      out += "\\\"";
                      return true;
                    case '\\':
                      out += "\\\\";
                      return true;
                    case '\n':
                      out += "\\n";
                      return true;
                    case '\r':
                      out += "\\r";
                      return true;
                    case '\t':
                      out += "\\t";
                      return true;
                    default:
                      return false;
                  }
                }) +
         '"';
}

std::string quoted(std::string_view text) { return '"' + without_controls(text) + '"'; }

std::string quoted_name(std::string_view name) {
  constexpr std::size_t longest = 32;  // an ID has 60 characters, the last 21 of them from its MAC
  return name.size() <= longest ? quoted(name) : quoted(name.substr(0, longest)) + "...";
}

}  // namespace sessctl
