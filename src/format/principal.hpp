// The payload of a principal's record: which sessions belong to it (src/FORMAT.md, "Principals").
#pragma once

#include <sess/session_id.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sess::format {

struct PrincipalEntry {
  struct Session {
    SessionKey key;
    std::uint64_t since = 0;  // what `ended` was when its login was decided
    friend bool operator==(const Session&, const Session&) = default;
  };
  /// How often all of its sessions have been ended. Those with a smaller number are ended, or about to be.
  std::uint64_t ended = 0;
  /// In the order in which they were entered. May list sessions that are not there, and never lacks one that is.
  std::vector<Session> sessions = {};
  friend bool operator==(const PrincipalEntry&, const PrincipalEntry&) = default;
};

std::vector<std::byte> encode_principal(const PrincipalEntry& entry);
/// Nothing for bytes that are no such payload.
std::optional<PrincipalEntry> decode_principal(std::span<const std::byte> payload);

}  // namespace sess::format
