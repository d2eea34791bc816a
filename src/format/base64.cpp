#include "format/base64.hpp"

#include <sodium.h>

#include <algorithm>

namespace sess::format {

namespace {

constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

}  // namespace

std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
  text.pop_back();  // the final zero
  return text;
}

bool from_base64(std::string_view text, std::span<std::uint8_t> bytes) {
  // libsodium's comparisons in constant time are made for ASCII: where char is signed, 1.0.18 takes each byte from
  // 0x80 on for '_' (EQ in sodium/codecs.c).
  if (!std::ranges::all_of(text, is_ascii)) return false;
  std::size_t size = 0;
  const char* end = nullptr;
  return sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, &end, variant) == 0 &&
         size == bytes.size() && end == text.data() + text.size();
}

}  // namespace sess::format
