#include "format/keyring.hpp"

#include "format/text.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

namespace sess {

/// Makes a SessionId from bytes whose MAC has been made or checked here.
class SessionIdAccess {
 public:
  static SessionId make(const SessionId::Bytes& bytes) noexcept { return SessionId(bytes); }
};

namespace format {

namespace {

// Offsets of an ID's parts, in bytes: kind and secret number, issue time, chance, MAC over the three.
constexpr std::size_t at_issued = 1;
constexpr std::size_t at_random = 5;
constexpr std::size_t at_mac = at_random + random_part_size;
constexpr std::size_t mac_size = SessionId::size - at_mac;
static_assert(mac_size == crypto_generichash_BYTES_MIN);
constexpr unsigned kind_bit = 0x80;

constexpr std::string_view first_line = "libsess keys 1";

void put_mac(const Keyring::Secret& secret, std::span<const std::uint8_t> content, std::uint8_t* mac) {
  crypto_generichash(mac, mac_size, content.data(), content.size(), secret.data(), secret.size());
}

std::string to_hex(const Keyring::Secret& secret) {
  std::string text(2 * secret.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), secret.data(), secret.size());
  text.pop_back();
  return text;
}

std::optional<Keyring::Secret> from_hex(std::string_view text) {
  Keyring::Secret secret;
  std::size_t size = 0;
  if (text.size() != 2 * secret.size() ||
      sodium_hex2bin(secret.data(), secret.size(), text.data(), text.size(), nullptr, &size, nullptr) != 0 ||
      size != secret.size())
    return std::nullopt;
  return secret;
}

}  // namespace

Keyring Keyring::make(const Secret& for_ids, const Secret& for_principals) {
  Keyring keyring;
  keyring.ids_.push_back({1, for_ids});
  keyring.principals_ = for_principals;
  return keyring;
}

Keyring::~Keyring() {
  for (Numbered& id : ids_) sodium_memzero(id.secret.data(), id.secret.size());
  sodium_memzero(principals_.data(), principals_.size());
}

std::string Keyring::to_text() const {
  std::string text = fmt::format("{}\n", first_line);
  for (const Numbered& id : ids_) text += fmt::format("id {} {}\n", id.number, to_hex(id.secret));
  return text + fmt::format("principal {}\n", to_hex(principals_));
}

std::optional<Keyring> Keyring::parse(std::string_view text) {
  if (cut(text, '\n') != first_line) return std::nullopt;
  Keyring keyring;
  bool principal_seen = false;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    const std::string_view word = cut(line, ' ');
    if (word == "id") {
      unsigned number = 0;
      const bool numbered = parse_number(cut(line, ' '), number);
      const auto secret = from_hex(line);
      if (!numbered || number == 0 || number > secret_number_limit || !secret ||
          (!keyring.ids_.empty() && number <= keyring.ids_.back().number))
        return std::nullopt;
      keyring.ids_.push_back({number, *secret});
    } else if (word == "principal" && !principal_seen) {
      const auto secret = from_hex(line);
      if (!secret) return std::nullopt;
      keyring.principals_ = *secret;
      principal_seen = true;
    } else {
      return std::nullopt;
    }
  }
  if (keyring.ids_.empty() || !principal_seen) return std::nullopt;
  return keyring;
}

SessionId Keyring::issue(SessionKind kind, std::int64_t now,
                         std::span<const std::byte, random_part_size> random) const {
  const Numbered& newest = ids_.back();
  SessionId::Bytes bytes{};
  bytes[0] = static_cast<std::uint8_t>(newest.number | (kind == SessionKind::authenticated ? kind_bit : 0));
  for (std::size_t i = 0; i < 4; ++i)
    bytes[at_issued + i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(now) >> (8 * i));
  std::ranges::transform(random, bytes.begin() + at_random,
                         [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  put_mac(newest.secret, std::span(bytes).first(at_mac), bytes.data() + at_mac);
  SessionId id = SessionIdAccess::make(bytes);
  sodium_memzero(bytes.data(), bytes.size());
  return id;
}

std::optional<SessionId> Keyring::check(std::string_view text) const {
  SessionId::Bytes bytes;
  std::size_t size = 0;
  const char* end = nullptr;
  if (text.size() != SessionId::text_size ||
      sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, &end,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      size != bytes.size() || end != text.data() + text.size())
    return std::nullopt;
  const unsigned number = bytes[0] & secret_number_limit;
  const auto signer = std::ranges::find(ids_, number, &Numbered::number);
  if (signer == ids_.end()) return std::nullopt;
  std::array<std::uint8_t, mac_size> mac;
  put_mac(signer->secret, std::span(bytes).first(at_mac), mac.data());
  if (sodium_memcmp(mac.data(), bytes.data() + at_mac, mac.size()) != 0) return std::nullopt;
  return SessionIdAccess::make(bytes);
}

}  // namespace format
}  // namespace sess
