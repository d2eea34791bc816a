#include "format/csrf.hpp"

#include "format/base64.hpp"
#include "format/id_hash.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace sess::format {

namespace {

constexpr Personalization personalization{'s', 'e', 's', 's', ' ', 'c', 's', 'r', 'f', ' ', 't', 'o', 'k', 'e', 'n'};
constexpr std::size_t token_size = 2 * CsrfSecret::size;  // the mask, and the masked secret

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
  return to_base64(bytes);
}

bool CsrfSecret::matches(std::string_view token) const {
  std::array<unsigned char, token_size> bytes;
  if (!from_base64(token, bytes)) return false;
  for (std::size_t i = 0; i < size; ++i) bytes[i] ^= bytes[size + i];
  return sodium_memcmp(bytes.data(), bytes_.data(), size) == 0;
}

}  // namespace sess::format
