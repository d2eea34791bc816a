#include "format/header.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace sess::format {

namespace {

// "\x89" makes it no text, "\r\n" shows damage by text conversion (the idea is PNG's signature, RFC 2083, 12.12).
constexpr std::array<std::uint8_t, 8> magic = {0x89, 's', 'e', 's', 's', '\r', '\n', 0x1a};

// Offsets in bytes.
constexpr std::size_t at_magic = 0;
constexpr std::size_t at_version = 8;
constexpr std::size_t at_header_size = 10;
constexpr std::size_t at_state = 12;
constexpr std::size_t at_kind = 13;
constexpr std::size_t at_flags = 14;
constexpr std::size_t at_generation = 16;
constexpr std::size_t at_created = 24;
constexpr std::size_t at_idle_timeout = 32;
constexpr std::size_t at_deadline = 40;
constexpr std::size_t at_absolute_deadline = 48;
constexpr std::size_t at_key = 56;
constexpr std::size_t at_principal = 76;
constexpr std::size_t at_payload_size = 96;
constexpr std::size_t at_successor = 100;
constexpr std::size_t at_checksum = 120;
static_assert(at_key + SessionKey::size == at_principal);
static_assert(at_principal + std::tuple_size_v<PrincipalHash> == at_payload_size);
static_assert(at_successor + SessionKey::size == at_checksum);
static_assert(at_checksum + 8 == header_size);

template <class T>
void put(std::span<std::byte> record, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    record[at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
}

template <class T>
T get(std::span<const std::byte> record, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::to_integer<std::uint64_t>(record[at + i]) << (8 * i);
  return static_cast<T>(value);
}

template <std::size_t size>
void put_array(std::span<std::byte> record, std::size_t at, const std::array<std::uint8_t, size>& bytes) {
  std::memcpy(record.data() + at, bytes.data(), size);
}

template <std::size_t size>
std::array<std::uint8_t, size> get_array(std::span<const std::byte> record, std::size_t at) {
  std::array<std::uint8_t, size> bytes;
  std::memcpy(bytes.data(), record.data() + at, size);
  return bytes;
}

/// XXH3 (64 bits, xxHash 0.8) of the payload, seeded with that of the header up to the checksum's own field:
/// both are covered, and neither has to be copied or changed for it.
std::uint64_t checksum(std::span<const std::byte> record) {
  const auto payload = record.subspan(header_size);
  return XXH3_64bits_withSeed(payload.data(), payload.size(), XXH3_64bits(record.data(), at_checksum));
}

/// Milliseconds: nearly nine thousand years after 1970.
constexpr std::int64_t time_limit = std::int64_t{1} << 48;
constexpr std::uint64_t generation_limit = std::uint64_t{1} << 62;

constexpr std::uint16_t sealed_flag = 1;
constexpr std::uint16_t leads_flag = 2;

bool is_time(std::int64_t milliseconds) { return milliseconds >= 0 && milliseconds <= time_limit; }

Header read_header(std::span<const std::byte> file) {
  const auto flags = get<std::uint16_t>(file, at_flags);
  Header header;
  header.state = static_cast<RecordState>(get<std::uint8_t>(file, at_state));
  header.kind = static_cast<SessionKind>(get<std::uint8_t>(file, at_kind));
  header.key = SessionKey(get_array<SessionKey::size>(file, at_key));
  header.generation = get<std::uint64_t>(file, at_generation);
  header.created = get<std::int64_t>(file, at_created);
  header.idle_timeout = get<std::int64_t>(file, at_idle_timeout);
  header.deadline = get<std::int64_t>(file, at_deadline);
  header.absolute_deadline = get<std::int64_t>(file, at_absolute_deadline);
  header.principal = get_array<std::tuple_size_v<PrincipalHash>>(file, at_principal);
  header.payload_size = get<std::uint32_t>(file, at_payload_size);
  header.sealed = (flags & sealed_flag) != 0;
  header.successor = SessionKey(get_array<SessionKey::size>(file, at_successor));
  header.leads = (flags & leads_flag) != 0;
  return header;
}

Unverified corrupt(std::string why) { return {Unverified::Kind::corrupt, std::move(why)}; }

}  // namespace

void encode_record(const Header& header, std::span<const std::byte> payload, FormatVersion version,
                   std::vector<std::byte>& record) {
  record.assign(header_size, std::byte{0});
  record.insert(record.end(), payload.begin(), payload.end());
  put_array(record, at_magic, magic);
  put(record, at_version, version);
  put(record, at_header_size, static_cast<std::uint16_t>(header_size));
  put(record, at_state, static_cast<std::uint8_t>(header.state));
  put(record, at_kind, static_cast<std::uint8_t>(header.kind));
  put(record, at_flags,
      static_cast<std::uint16_t>((header.sealed ? sealed_flag : 0) | (header.leads ? leads_flag : 0)));
  put(record, at_generation, header.generation);
  put(record, at_created, header.created);
  put(record, at_idle_timeout, header.idle_timeout);
  put(record, at_deadline, header.deadline);
  put(record, at_absolute_deadline, header.absolute_deadline);
  put_array(record, at_key, header.key.bytes());
  put_array(record, at_principal, header.principal);
  put(record, at_payload_size, static_cast<std::uint32_t>(payload.size()));
  put_array(record, at_successor, header.successor.bytes());
  put(record, at_checksum, checksum(record));
}

std::variant<Header, Unverified> verify_record(std::span<const std::byte> file, const SessionKey& key) {
  if (file.empty()) return corrupt("the file is empty");
  if (file.size() < at_header_size) return corrupt(fmt::format("{} bytes are no header", file.size()));
  if (get_array<8>(file, at_magic) != magic) return corrupt("no record: wrong magic");
  const auto version = get<FormatVersion>(file, at_version);
  if (version == 0) return corrupt("format version 0 was never written");
  if (version > newest_format)
    return Unverified{
        Unverified::Kind::foreign,
        fmt::format("format version {} is newer than {}, the newest this program knows", version, newest_format)};
  if (file.size() < header_size) return corrupt(fmt::format("{} bytes are no header", file.size()));
  if (get<std::uint16_t>(file, at_header_size) != header_size) return corrupt("wrong header size");
  const auto payload_size = get<std::uint32_t>(file, at_payload_size);
  if (payload_size > payload_limit || payload_size > file.size() - header_size)
    return corrupt(fmt::format("the payload should have {} bytes and has {}", payload_size, file.size() - header_size));
  if (payload_size != file.size() - header_size) return corrupt("there are bytes after the payload");
  if (get<std::uint64_t>(file, at_checksum) != checksum(file)) return corrupt("wrong checksum");
  if (SessionKey(get_array<SessionKey::size>(file, at_key)) != key)
    return corrupt("the record belongs to another session");

  const auto state = get<std::uint8_t>(file, at_state);
  const auto kind = get<std::uint8_t>(file, at_kind);
  const auto flags = get<std::uint16_t>(file, at_flags);
  const SessionKey successor(get_array<SessionKey::size>(file, at_successor));
  const bool successor_fits = successor == SessionKey() || state == static_cast<int>(RecordState::superseded);
  const bool sealed = (flags & sealed_flag) != 0;
  const bool leads = (flags & leads_flag) != 0;
  const bool seal_fits = !sealed || (state != static_cast<int>(RecordState::forward) && !leads);
  const bool lead_fits = !leads || successor != SessionKey();
  const bool known_flags = (flags & ~(sealed_flag | leads_flag)) == 0;
  if (state < 1 || state > 3 || kind > 1 || !known_flags || !successor_fits || !seal_fits || !lead_fits)
    return Unverified{Unverified::Kind::foreign, "the record uses a state or flag that this program does not know"};

  const Header header = read_header(file);
  // Nobody has written these: sums of times would leave 64 bits, and a generation could not be raised any more.
  const bool sensible = is_time(header.created) && is_time(header.deadline) && is_time(header.absolute_deadline) &&
                        header.idle_timeout > 0 && header.idle_timeout <= time_limit && header.generation > 0 &&
                        header.generation <= generation_limit;
  if (!sensible) return corrupt("a time or the generation is out of range");
  return header;
}

std::optional<std::uint64_t> claimed_generation(std::span<const std::byte> file, const SessionKey& key) {
  if (file.size() < header_size || get_array<8>(file, at_magic) != magic) return std::nullopt;
  if (SessionKey(get_array<SessionKey::size>(file, at_key)) != key) return std::nullopt;
  return get<std::uint64_t>(file, at_generation);
}

std::optional<Header> claimed_header(std::span<const std::byte> file) {
  if (file.size() < header_size || get_array<8>(file, at_magic) != magic) return std::nullopt;
  if (get<FormatVersion>(file, at_version) != newest_format) return std::nullopt;
  Header header = read_header(file);
  constexpr std::int64_t latest = 7'258'118'400'000;  // the year 2200: what a clock of nanoseconds can say
  for (std::int64_t* time : {&header.created, &header.deadline, &header.absolute_deadline, &header.idle_timeout})
    *time = std::clamp(*time, std::int64_t{0}, latest);
  header.generation = std::min(header.generation, generation_limit);
  if (header.kind != SessionKind::authenticated) header.kind = SessionKind::anonymous;
  return header;
}

std::optional<SessionKey> verified_key(std::span<const std::byte> file) {
  if (file.size() < header_size) return std::nullopt;
  const SessionKey key(get_array<SessionKey::size>(file, at_key));
  if (!std::holds_alternative<Header>(verify_record(file, key))) return std::nullopt;
  return key;
}

}  // namespace sess::format
