// The header of a record: fixed size, little-endian, versioned (src/FORMAT.md, "Record").
#pragma once

#include <sess/session_id.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace sess::format {

inline constexpr std::size_t header_size = 128;  // bytes
/// Versions of the record format. This program reads every version up to the newest, and writes the one that the file
/// `store` names: so programs of two releases share a store until somebody raises it.
using FormatVersion = std::uint16_t;
inline constexpr FormatVersion newest_format = 1;
/// No record is larger than this, whatever a store's size limit; bytes of payload.
inline constexpr std::uint32_t payload_limit = std::uint32_t{1} << 30;

enum class RecordState : std::uint8_t {
  live = 1,
  superseded = 2,  // the ID was replaced by another; the last version can still be read for a while
  forward = 3,     // the session has expired; the payload says which ID follows this one (forward.hpp)
};

using PrincipalHash = std::array<std::uint8_t, 20>;  // all zero: no principal

/// Times are milliseconds since 1970-01-01 00:00 UTC.
struct Header {
  RecordState state = RecordState::live;
  SessionKind kind = SessionKind::anonymous;
  SessionKey key;
  std::uint64_t generation = 0;
  std::int64_t created = 0;
  std::int64_t idle_timeout = 0;       // milliseconds
  std::int64_t deadline = 0;           // of this commit; a touch moves only the file's mtime
  std::int64_t absolute_deadline = 0;  // never passed, whatever mtime says
  PrincipalHash principal{};
  std::uint32_t payload_size = 0;  // bytes; set by encode_record
  bool sealed = false;             // the payload is (sealing.hpp); never that of a record that leads to another ID
  SessionKey successor;            // of a superseded one whose session goes on under another ID; else all zero
  bool leads = false;              // whoever has its ID gets that other ID: the payload says which, as a forward's does
  friend bool operator==(const Header&, const Header&) = default;
};

/// Header and payload in one buffer, with size and checksum filled in, in this version of the format (1 to the newest).
void encode_record(const Header& header, std::span<const std::byte> payload, FormatVersion version,
                   std::vector<std::byte>& record);

/// Why bytes are not a record.
struct Unverified {
  enum class Kind : std::uint8_t {
    corrupt,  // does not verify: torn, empty, damaged, or another session's
    foreign,  // verifies as something that this program must leave alone: a newer format
  };
  Kind kind;
  std::string why;
};

/// Verifies magic, version, key, length and checksum of a whole file, in an order that trusts nothing unchecked.
/// The payload is what follows the header.
std::variant<Header, Unverified> verify_record(std::span<const std::byte> file, const SessionKey& key);

/// The generation that a header names, without a look at the checksum: the generation rule counts what a killed
/// writer left. Nothing if these are not the beginnings of a record of this key.
std::optional<std::uint64_t> claimed_generation(std::span<const std::byte> file, const SessionKey& key);

/// What the header of bytes says that do not verify, as far as it can be told: for people. Nothing if there is none of
/// this format; times that cannot be are moved to the nearest that can.
std::optional<Header> claimed_header(std::span<const std::byte> file);

/// The key that bytes are a record of, which verify in all else; nothing if they do not.
std::optional<SessionKey> verified_key(std::span<const std::byte> file);

}  // namespace sess::format
