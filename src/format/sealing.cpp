#include "format/sealing.hpp"

#include "format/id_hash.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace sess::format {

namespace {

constexpr Personalization personalization{'s', 'e', 's', 's', ' ', 's', 'e', 'a',
                                          'l', 'i', 'n', 'g', ' ', 'k', 'e', 'y'};
static_assert(seal_nonce_size == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(seal_overhead == seal_nonce_size + crypto_aead_xchacha20poly1305_ietf_ABYTES);

using Bound = std::array<unsigned char, SessionKey::size + 1 + std::tuple_size_v<PrincipalHash>>;

Bound bound_of(const Header& header) {
  Bound bound;
  auto* out = std::ranges::copy(header.key.bytes(), bound.begin()).out;
  *out++ = static_cast<unsigned char>(header.kind);
  std::ranges::copy(header.principal, out);
  return bound;
}

const unsigned char* bytes(const std::byte* data) { return reinterpret_cast<const unsigned char*>(data); }
unsigned char* bytes(std::byte* data) { return reinterpret_cast<unsigned char*>(data); }

}  // namespace

SealingKey::SealingKey(const SessionId& id) {
  static_assert(sizeof(bytes_) == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  hash_id(id, personalization, bytes_);
}

SealingKey::~SealingKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

std::vector<std::byte> SealingKey::seal(std::span<const std::byte> plain, const Header& header,
                                        std::span<const std::byte, seal_nonce_size> nonce) const {
  std::vector<std::byte> sealed(plain.size() + seal_overhead);
  std::ranges::copy(nonce, sealed.begin());
  const Bound bound = bound_of(header);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(sealed.data() + seal_nonce_size), nullptr, bytes(plain.data()),
                                             plain.size(), bound.data(), bound.size(), nullptr, bytes(nonce.data()),
                                             bytes_.data());
  return sealed;
}

std::optional<std::vector<std::byte>> SealingKey::open(std::span<const std::byte> sealed, const Header& header) const {
  if (sealed.size() < seal_overhead) return std::nullopt;
  std::vector<std::byte> plain(sealed.size() - seal_overhead);
  const Bound bound = bound_of(header);
  const auto text = sealed.subspan(seal_nonce_size);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes(plain.data()), nullptr, nullptr, bytes(text.data()), text.size(),
                                                 bound.data(), bound.size(), bytes(sealed.data()), bytes_.data()) != 0)
    return std::nullopt;
  return plain;
}

}  // namespace sess::format
