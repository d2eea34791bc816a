// Text that is safe to print. What a session holds comes from the network: a terminal must never be given the
// escape sequences in it, and neither control characters nor direction overrides may make a line look like another.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sessctl {

struct Character {
  char32_t code = 0;
  std::size_t length = 1;  // bytes
  bool valid = false;      // else one byte that begins none
};

/// Of a text that is not empty. RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
Character first_character(std::string_view text) noexcept;

/// Control characters (C0, DEL and C1, the latter also being how a terminal's sequences begin), line separators and
/// direction overrides become \uXXXX; what is not UTF-8 becomes U+FFFD, a sign per byte. The rest stays as it is.
std::string without_controls(std::string_view text);
/// The same, but lines stay lines: newlines are kept.
std::string without_controls_but_lines(std::string_view text);
/// RFC 3629: no overlong forms, no surrogates.
bool is_utf8(std::string_view text) noexcept;
/// In double quotes, as a JSON string.
std::string json_quoted(std::string_view text);
/// In double quotes as the library's own messages have it, for the thing that a message speaks of.
std::string quoted(std::string_view text);
/// The name of a value, for a message: quoted, and cut if it is long, so that no message repeats an ID that was given
/// in place of a name.
std::string quoted_name(std::string_view name);

}  // namespace sessctl
