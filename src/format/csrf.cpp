#include "format/csrf.hpp"

#include "format/id_hash.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace sess::format {

namespace {

constexpr Personalization personalization{'s', 'e', 's', 's', ' ', 'c', 's', 'r', 'f', ' ', 't', 'o', 'k', 'e', 'n'};
constexpr std::size_t token_size = 2 * CsrfSecret::size;  // the mask, and the masked secret
constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

CsrfSecret CsrfSecret::of(const SessionId& id) {
  CsrfSecret secret;
  hash_id(id, personalization, secret.bytes_);
  return secret;
}

std::optional<CsrfSecret> CsrfSecret::from(std::span<const std::byte> stored) {
  if (stored.size() != size) return std::nullopt;
  CsrfSecret secret;
  std::memcpy(secret.bytes_.data(), stored.data(), size);
  return secret;
}

std::vector<std::byte> CsrfSecret::stored() const {
  std::vector<std::byte> bytes(size);
  std::memcpy(bytes.data(), bytes_.data(), size);
  return bytes;
}

CsrfSecret::~CsrfSecret() { sodium_memzero(bytes_.data(), bytes_.size()); }

std::string CsrfSecret::token(std::span<const std::byte, size> mask) const {
  std::array<unsigned char, token_size> bytes;
  std::memcpy(bytes.data(), mask.data(), size);
  for (std::size_t i = 0; i < size; ++i) bytes[size + i] = bytes[i] ^ bytes_[i];
  std::string text(sodium_base64_ENCODED_LEN(token_size, variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
  text.pop_back();
  return text;
}

bool CsrfSecret::matches(std::string_view token) const {
  std::array<unsigned char, token_size> bytes;
  std::size_t length = 0;
  const char* end = nullptr;
  if (sodium_base642bin(bytes.data(), bytes.size(), token.data(), token.size(), nullptr, &length, &end, variant) != 0 ||
      length != bytes.size() || end != token.data() + token.size())
    return false;
  for (std::size_t i = 0; i < size; ++i) bytes[i] ^= bytes[size + i];
  return sodium_memcmp(bytes.data(), bytes_.data(), size) == 0;
}

}  // namespace sess::format
