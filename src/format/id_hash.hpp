// Secrets that are made of a session ID, each for one purpose.
#pragma once

#include <sess/session_id.hpp>

#include <sodium.h>

#include <array>
#include <cstdint>
#include <string>

namespace sess::format {

/// Keeps the hashes of an ID apart from each other, and from the one that names its record.
using Personalization = std::array<unsigned char, crypto_generichash_blake2b_PERSONALBYTES>;

/// 32 bytes of BLAKE2b of the ID's 60 characters, without a key, under a personalization (RFC 7693 with the parameter
/// block of the BLAKE2 paper, section 2.8; libsodium: crypto_generichash_blake2b_salt_personal). To be wiped.
inline void hash_id(const SessionId& id, const Personalization& personalization, std::array<std::uint8_t, 32>& hash) {
  constexpr std::array<unsigned char, crypto_generichash_blake2b_SALTBYTES> no_salt{};
  std::string text = id.reveal();
  crypto_generichash_blake2b_salt_personal(hash.data(), hash.size(),
                                           reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0,
                                           no_salt.data(), personalization.data());
  sodium_memzero(text.data(), text.size());
}

}  // namespace sess::format
