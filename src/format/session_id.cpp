#include <sess/session_id.hpp>

#include "format/base64.hpp"

#include <sodium.h>

#include <algorithm>
#include <ostream>

namespace sess {

std::optional<SessionKey> SessionKey::parse(std::string_view text) noexcept {
  if (text.size() != text_size) return std::nullopt;
  Bytes bytes;
  for (std::size_t i = 0; i < size; ++i) {
    unsigned byte = 0;
    for (const char digit : text.substr(2 * i, 2)) {
      byte *= 16;
      if (digit >= '0' && digit <= '9') {
        byte += static_cast<unsigned>(digit - '0');
      } else if (digit >= 'a' && digit <= 'f') {
        byte += static_cast<unsigned>(digit - 'a') + 10;
      } else {
        return std::nullopt;
      }
    }
    bytes[i] = static_cast<std::uint8_t>(byte);
  }
  return SessionKey(bytes);
}

std::string SessionKey::to_string() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(text_size);
  for (const std::uint8_t byte : bytes_) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::ostream& operator<<(std::ostream& stream, const SessionKey& key) { return stream << key.to_string(); }

SessionId::SessionId(const Bytes& bytes) noexcept : bytes_(bytes) {
  SessionKey::Bytes key;
  crypto_generichash(key.data(), key.size(), bytes_.data(), bytes_.size(), nullptr, 0);
  key_ = SessionKey(key);
}

SessionId::~SessionId() { sodium_memzero(bytes_.data(), bytes_.size()); }

std::string SessionId::reveal() const { return format::to_base64(bytes_); }

SessionKind SessionId::kind() const noexcept {
  return (bytes_[0] & 0x80) != 0 ? SessionKind::authenticated : SessionKind::anonymous;
}

std::chrono::system_clock::time_point SessionId::issued() const noexcept {
  std::int64_t seconds = 0;
  for (std::size_t i = 0; i < 4; ++i) seconds |= std::int64_t{bytes_[1 + i]} << (8 * i);
  return std::chrono::system_clock::time_point(std::chrono::seconds(seconds));
}

bool operator==(const SessionId& left, const SessionId& right) noexcept {
  return sodium_memcmp(left.bytes_.data(), right.bytes_.data(), SessionId::size) == 0;
}

}  // namespace sess
