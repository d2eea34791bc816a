// The tokens against forged requests of other sites, derived from a session ID (src/FORMAT.md, "CSRF token").
#pragma once

#include <sess/session_id.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sess::format {

/// What the tokens of one session are made of. Who knows it can make tokens; he cannot make the ID of it. Wiped from
/// memory when it dies.
class CsrfSecret {
 public:
  static constexpr std::size_t size = 32;  // bytes

  static CsrfSecret of(const SessionId& id);
  /// As a session keeps it (bytes). Nothing for any other number of bytes.
  static std::optional<CsrfSecret> from(std::span<const std::byte> stored);
  std::vector<std::byte> stored() const;

  CsrfSecret(const CsrfSecret&) = default;
  CsrfSecret& operator=(const CsrfSecret&) = default;
  ~CsrfSecret();

  /// 86 base64url characters, others for each mask: 32 bytes of chance, so that a compressed response says nothing
  /// about the secret (https://www.breachattack.com).
  std::string token(std::span<const std::byte, size> mask) const;
  /// True if `token` was made from this secret. The time it takes depends on the token's length and form, and not on
  /// the secret (sodium_memcmp).
  bool matches(std::string_view token) const;

 private:
  CsrfSecret() = default;
  std::array<std::uint8_t, size> bytes_{};
};

}  // namespace sess::format
