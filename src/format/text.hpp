// Pieces of the small text files: words, lines and numbers.
#pragma once

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

namespace sess::format {

/// Cuts the next word or line off the text.
inline std::string_view cut(std::string_view& text, char separator) {
  const std::string_view piece = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(piece.size() + 1, text.size()));
  return piece;
}

/// False unless the whole text is a number that fits.
template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

}  // namespace sess::format
