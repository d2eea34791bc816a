// The store's secrets, and the session IDs that are made and checked with them (src/FORMAT.md, "Session ID").
#pragma once

#include <sess/session_id.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sess::format {

inline constexpr std::size_t secret_size = 32;         // bytes
inline constexpr std::size_t random_part_size = 24;    // bytes of an ID: 192 bits
inline constexpr unsigned secret_number_limit = 0x7f;  // seven bits of the ID's first byte

/// A keyring is a value; wiped from memory when it dies. Thread-safe as long as nobody changes it.
class Keyring {
 public:
  using Secret = std::array<std::uint8_t, secret_size>;

  /// One new secret for IDs, number 1, and one for principals.
  static Keyring make(const Secret& for_ids, const Secret& for_principals);
  /// The text of the keys file and back. Nothing for text that is no keyring.
  static std::optional<Keyring> parse(std::string_view text);
  std::string to_text() const;

  Keyring(const Keyring&) = default;
  Keyring(Keyring&&) noexcept = default;
  Keyring& operator=(const Keyring&) = default;
  Keyring& operator=(Keyring&&) noexcept = default;
  ~Keyring();

  /// An ID from 24 bytes of chance, under the newest secret. `now`: seconds since 1970-01-01 00:00 UTC.
  SessionId issue(SessionKind kind, std::int64_t now, std::span<const std::byte, random_part_size> random) const;
  /// The ID that this text is, if it was issued under one of these secrets. Its MAC is compared in constant time.
  std::optional<SessionId> check(std::string_view text) const;

 private:
  struct Numbered {
    unsigned number;
    Secret secret;
  };
  Keyring() = default;
  std::vector<Numbered> ids_;  // ascending; the last one signs
  Secret principals_{};
};

}  // namespace sess::format
