// The store's secrets, and the session IDs that are made and checked with them (src/FORMAT.md, "Session ID").
#pragma once

#include "format/forward.hpp"

#include <sess/session_id.hpp>

#include <array>
#include <chrono>
#include <cstddef>
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

/// A new secret signs only after this time, so that every program has come to know it before an ID of it is sent
/// (backend/keys_file.hpp).
inline constexpr std::chrono::seconds signing_delay(10);

/// A keyring is a value; wiped from memory when it dies. Thread-safe as long as nobody changes it.
class Keyring {
 public:
  using Secret = std::array<std::uint8_t, secret_size>;

  /// One new secret for IDs, number 1, and one for principals. Times are in seconds since 1970-01-01 00:00 UTC.
  static Keyring make(const Secret& for_ids, const Secret& for_principals, std::int64_t now);
  /// The text of the keys file and back. Nothing for text that is no keyring.
  static std::optional<Keyring> parse(std::string_view text);
  std::string to_text() const;

  Keyring(const Keyring&) = default;
  Keyring(Keyring&&) noexcept = default;
  Keyring& operator=(const Keyring&) = default;
  Keyring& operator=(Keyring&&) noexcept = default;
  ~Keyring();

  /// An ID from 24 bytes of chance. Signed by the newest secret that is older than signing_delay; `published` is when
  /// the newest one became visible to all. The oldest secret signs where none is old enough.
  SessionId issue(SessionKind kind, std::int64_t now, std::int64_t published,
                  std::span<const std::byte, random_part_size> random) const;
  /// Terms for an ID that follows another one, to be signed as one that is issued now; the nonce is chance.
  Forward forward(std::int64_t now, std::int64_t published, std::span<const std::byte, nonce_size> nonce) const;
  /// The anonymous ID that follows `id` on these terms: always the same. Nothing if the secret is not known (any more).
  std::optional<SessionId> successor(const SessionId& id, const Forward& terms) const;
  /// The key of a principal's record: BLAKE2b of the name, keyed with the secret for principals. Says nothing of the
  /// name to who has not this keyring.
  SessionKey principal_key(std::string_view name) const;
  /// For counting texts that are no ID of this keyring: BLAKE2b of the text, keyed with the secret for principals (it
  /// is never replaced) and with a purpose of its own, 64 bits as 16 hexadecimal digits.
  std::string refusal_mark(std::string_view text) const;
  /// By which another store knows these secrets: a hash for each that tells nothing of it, keyed with the one for
  /// principals; that one's first, the others in the order of their making. Each 64 bits as 16 hexadecimal digits.
  std::vector<std::string> marks() const;
  /// The ID that this text is, if it was issued under one of these secrets. Its MAC is compared in constant time.
  std::optional<SessionId> check(std::string_view text) const;
  /// True if this text has the form of an ID, of whatever secret.
  static bool has_form_of_id(std::string_view text);

  /// The same with one secret more, and without those that were replaced before `keep_since`; the one before the newest
  /// stays, because it may have signed until now, unless nothing is to be kept (`keep_since` not before `now`). Nothing
  /// if every number is taken.
  std::optional<Keyring> rotated(const Secret& for_ids, std::int64_t now, std::int64_t keep_since) const;
  std::size_t secrets() const noexcept { return ids_.size(); }
  unsigned newest_number() const noexcept { return ids_.back().number; }
  std::int64_t newest_made() const noexcept { return ids_.back().made; }

 private:
  struct Numbered {
    unsigned number;
    std::int64_t made;
    Secret secret;
  };
  Keyring() = default;
  static SessionId signed_id(const Numbered& signer, SessionKind kind, std::uint32_t issued,
                             std::span<const std::uint8_t, random_part_size> random);
  const Numbered& signer(std::int64_t now, std::int64_t published) const;
  const Numbered* find(unsigned number) const;
  std::vector<Numbered> ids_;  // in the order of their making
  Secret principals_{};
};

}  // namespace sess::format
