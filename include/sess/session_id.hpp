// Session IDs (what a cookie holds) and session keys (what names a record on disk).
//
// A session ID is a secret: who has it has the session. So SessionId cannot be printed by accident, is
// wiped when it dies, and says its text only to reveal(). A session key is a hash of it, good for logs.
#pragma once

#include <sess/export.hpp>

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace sess {

/// 160 bits of BLAKE2b (RFC 7693) over the session ID. Names the record; cannot be turned back into an ID.
class SESS_API SessionKey {
 public:
  static constexpr std::size_t size = 20;             // bytes
  static constexpr std::size_t text_size = 2 * size;  // hexadecimal digits
  using Bytes = std::array<std::uint8_t, size>;

  SessionKey() = default;  // all zero: names no session
  explicit SessionKey(const Bytes& bytes) noexcept : bytes_(bytes) {}
  /// Exactly 40 lower-case hexadecimal digits, else nothing.
  static std::optional<SessionKey> parse(std::string_view text) noexcept;

  std::string to_string() const;  // 40 lower-case hexadecimal digits
  const Bytes& bytes() const noexcept { return bytes_; }
  friend auto operator<=>(const SessionKey&, const SessionKey&) = default;

 private:
  Bytes bytes_{};
};

SESS_API std::ostream& operator<<(std::ostream& stream, const SessionKey& key);

enum class SessionKind : std::uint8_t { anonymous = 0, authenticated = 1 };

/// An ID that this store has issued: it can be had only from the store, which checks the MAC of what a
/// client sent before it answers one (see Store::parse). Copies are wiped from memory when they die.
class SESS_API SessionId {
 public:
  static constexpr std::size_t size = 45;       // bytes
  static constexpr std::size_t text_size = 60;  // base64url characters (RFC 4648, section 5), no padding
  using Bytes = std::array<std::uint8_t, size>;

  SessionId(const SessionId&) = default;
  SessionId(SessionId&&) noexcept = default;
  SessionId& operator=(const SessionId&) = default;
  SessionId& operator=(SessionId&&) noexcept = default;
  ~SessionId();

  /// The text for the cookie: 60 base64url characters. Never log it.
  std::string reveal() const;
  SessionKind kind() const noexcept;
  /// When it was issued, to the second.
  std::chrono::system_clock::time_point issued() const noexcept;
  const SessionKey& key() const noexcept { return key_; }
  // An ID may stand wherever a key is asked for.
  operator const SessionKey&() const noexcept { return key_; }  // NOLINT(google-explicit-constructor)
  /// Constant time.
  friend SESS_API bool operator==(const SessionId& left, const SessionId& right) noexcept;

 private:
  friend class SessionIdAccess;  // src/format/keyring.cpp: makes one from verified bytes
  explicit SessionId(const Bytes& bytes) noexcept;

  Bytes bytes_;
  SessionKey key_;
};

/// How a caller names a session: by its ID, or by its key alone, which does for everything but the values of a sealed
/// session (StoreOptions::sealed). A view for parameters: whatever it was made of must outlive it.
class SessionRef {
 public:
  // Implicit: an ID or a key stands where a session is asked for.
  SessionRef(const SessionId& id) noexcept : key_(&id.key()), id_(&id) {}  // NOLINT(google-explicit-constructor)
  SessionRef(const SessionKey& key) noexcept : key_(&key) {}               // NOLINT(google-explicit-constructor)
  const SessionKey& key() const noexcept { return *key_; }
  /// Null where only the key is known.
  const SessionId* id() const noexcept { return id_; }

 private:
  const SessionKey* key_;
  const SessionId* id_ = nullptr;
};

// An ID cannot be streamed; write reveal() where it is meant.
template <class Stream>
Stream& operator<<(Stream& stream, const SessionId& id) = delete;

}  // namespace sess
