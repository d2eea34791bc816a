// Sealed payloads: encrypted and authenticated under a key that only who has the session's ID can make (src/FORMAT.md,
// "Sealed payload"; PROTOCOL.md says what that protects against, and what not).
#pragma once

#include "format/header.hpp"

#include <sess/session_id.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sess::format {

inline constexpr std::size_t seal_nonce_size = 24;                  // bytes
inline constexpr std::size_t seal_overhead = seal_nonce_size + 16;  // by how much a sealed payload is larger

/// The key under which the values of one session are sealed. Wiped from memory when it dies; neither copied nor moved.
/// Thread-safe.
class SealingKey {
 public:
  explicit SealingKey(const SessionId& id);
  SealingKey(const SealingKey&) = delete;
  SealingKey& operator=(const SealingKey&) = delete;
  ~SealingKey();

  /// The payload of a record with this header: the nonce, which must be chance, and what it seals. Of the header it
  /// binds what never changes under one key: key, kind, principal.
  std::vector<std::byte> seal(std::span<const std::byte> plain, const Header& header,
                              std::span<const std::byte, seal_nonce_size> nonce) const;
  /// What was sealed; nothing if these bytes were not sealed under this key for such a header.
  std::optional<std::vector<std::byte>> open(std::span<const std::byte> sealed, const Header& header) const;

 private:
  std::array<unsigned char, 32> bytes_;
};

}  // namespace sess::format
