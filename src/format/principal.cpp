#include "format/principal.hpp"

#include <algorithm>
#include <iterator>

namespace sess::format {

namespace {

constexpr std::size_t number_size = 8;  // bytes, little-endian
constexpr std::size_t session_size = SessionKey::size + number_size;

void put_number(std::uint64_t number, std::vector<std::byte>& bytes) {
  for (std::size_t i = 0; i < number_size; ++i) bytes.push_back(static_cast<std::byte>(number >> (8 * i)));
}

std::uint64_t number_at(std::span<const std::byte> bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < number_size; ++i) number |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return number;
}

}  // namespace

std::vector<std::byte> encode_principal(const PrincipalEntry& entry) {
  std::vector<std::byte> payload;
  payload.reserve(number_size + entry.sessions.size() * session_size);
  put_number(entry.ended, payload);
  for (const PrincipalEntry::Session& session : entry.sessions) {
    std::ranges::transform(session.key.bytes(), std::back_inserter(payload),
                           [](std::uint8_t byte) { return static_cast<std::byte>(byte); });
    put_number(session.since, payload);
  }
  return payload;
}

std::optional<PrincipalEntry> decode_principal(std::span<const std::byte> payload) {
  if (payload.size() < number_size || (payload.size() - number_size) % session_size != 0) return std::nullopt;
  PrincipalEntry entry;
  entry.ended = number_at(payload);
  entry.sessions.reserve((payload.size() - number_size) / session_size);
  for (auto rest = payload.subspan(number_size); !rest.empty(); rest = rest.subspan(session_size)) {
    SessionKey::Bytes bytes;
    std::ranges::transform(rest.first(SessionKey::size), bytes.begin(),
                           [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
    entry.sessions.push_back({SessionKey(bytes), number_at(rest.subspan(SessionKey::size))});
  }
  return entry;
}

}  // namespace sess::format
