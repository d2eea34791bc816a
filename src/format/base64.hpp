// base64url without padding (RFC 4648, section 5), as session IDs and CSRF tokens are written: one text for each bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sess::format {

std::string to_base64(std::span<const std::uint8_t> bytes);

/// The bytes that `text` stands for, if it has exactly bytes.size() of them and is what to_base64 makes of them; else
/// false, and `bytes` has anything in it.
[[nodiscard]] bool from_base64(std::string_view text, std::span<std::uint8_t> bytes);

}  // namespace sess::format
