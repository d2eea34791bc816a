#include "format/forward.hpp"

#include "format/keyring.hpp"

#include <algorithm>

namespace sess::format {

namespace {

// Offsets in bytes.
constexpr std::size_t at_secret = 0;
constexpr std::size_t at_issued = 1;
constexpr std::size_t at_nonce = 5;
constexpr std::size_t forward_size = at_nonce + nonce_size;

}  // namespace

std::vector<std::byte> encode_forward(const Forward& forward) {
  std::vector<std::byte> payload(forward_size);
  payload[at_secret] = static_cast<std::byte>(forward.secret);
  for (std::size_t i = 0; i < 4; ++i) payload[at_issued + i] = static_cast<std::byte>(forward.issued >> (8 * i));
  std::ranges::transform(forward.nonce, payload.begin() + at_nonce,
                         [](std::uint8_t byte) { return static_cast<std::byte>(byte); });
  return payload;
}

std::optional<Forward> decode_forward(std::span<const std::byte> payload) {
  if (payload.size() != forward_size) return std::nullopt;
  Forward forward;
  forward.secret = std::to_integer<unsigned>(payload[at_secret]);
  if (forward.secret == 0 || forward.secret > secret_number_limit) return std::nullopt;
  for (std::size_t i = 0; i < 4; ++i)
    forward.issued |= std::to_integer<std::uint32_t>(payload[at_issued + i]) << (8 * i);
  std::ranges::transform(payload.subspan(at_nonce), forward.nonce.begin(),
                         [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  return forward;
}

}  // namespace sess::format
