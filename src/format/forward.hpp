// The payload of a record that leads to another ID: under which the session of an expired one goes on, or one that was
// given a new ID and leads on (src/FORMAT.md, "Forward").
//
// The ID itself is nowhere on disk. It is computed from the old ID, which only its client has, and what stands here; so
// every request that comes with the old ID finds the same one, and whoever reads the disk finds none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sess::format {

inline constexpr std::size_t nonce_size = 24;  // bytes

struct Forward {
  unsigned secret = 0;       // number of the secret that signs the new ID, 1 to 127
  std::uint32_t issued = 0;  // when, in seconds since 1970-01-01 00:00 UTC
  std::array<std::uint8_t, nonce_size> nonce{};
  friend bool operator==(const Forward&, const Forward&) = default;
};

std::vector<std::byte> encode_forward(const Forward& forward);
/// Nothing for bytes that are no such payload.
std::optional<Forward> decode_forward(std::span<const std::byte> payload);

}  // namespace sess::format
