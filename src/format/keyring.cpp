#include "format/keyring.hpp"

#include "format/base64.hpp"
#include "format/text.hpp"

#include <fmt/format.h>
#include <sodium.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace sess {

/// Makes a SessionId from bytes whose MAC has been made or checked here.
class SessionIdAccess {
 public:
  static SessionId make(const SessionId::Bytes& bytes) noexcept { return SessionId(bytes); }
  static const SessionId::Bytes& bytes(const SessionId& id) noexcept { return id.bytes_; }
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

std::uint64_t sum_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

/// 16 digits, lower case.
bool parse_hex(std::string_view text, std::uint64_t& number) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, 16);
  return text.size() == 16 && parsed.ec == std::errc{} && parsed.ptr == end && text == fmt::format("{:016x}", number);
}

/// The bytes of a text that has the form of an ID.
std::optional<SessionId::Bytes> id_bytes(std::string_view text) {
  SessionId::Bytes bytes;
  if (text.size() != SessionId::text_size || !from_base64(text, bytes)) return std::nullopt;
  return bytes;
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

/// BLAKE2b's personalization (RFC 7693, section 2.8 leaves it to the parameter block; 16 bytes in libsodium): nothing
/// has the same hash under two of them, or as a principal's name, which has none.
using Purpose = const char[crypto_generichash_blake2b_PERSONALBYTES + 1];

std::string mark_of(const Keyring::Secret& key, std::span<const std::byte> text, Purpose& purpose) {
  std::array<unsigned char, crypto_generichash_blake2b_BYTES_MIN> hash;
  crypto_generichash_blake2b_salt_personal(hash.data(), hash.size(),
                                           reinterpret_cast<const unsigned char*>(text.data()), text.size(), key.data(),
                                           key.size(), nullptr, reinterpret_cast<const unsigned char*>(&purpose));
  constexpr std::size_t mark_size = 8;
  std::string mark(2 * mark_size + 1, '\0');
  sodium_bin2hex(mark.data(), mark.size(), hash.data(), mark_size);
  mark.pop_back();
  return mark;
}

}  // namespace

Keyring Keyring::make(const Secret& for_ids, const Secret& for_principals, std::int64_t now) {
  Keyring keyring;
  keyring.ids_.push_back({1, now, for_ids});
  keyring.principals_ = for_principals;
  return keyring;
}

Keyring::~Keyring() {
  for (Numbered& id : ids_) sodium_memzero(id.secret.data(), id.secret.size());
  sodium_memzero(principals_.data(), principals_.size());
}

std::string Keyring::to_text() const {
  std::string text = fmt::format("{}\n", first_line);
  for (const Numbered& id : ids_) text += fmt::format("id {} {} {}\n", id.number, id.made, to_hex(id.secret));
  text += fmt::format("principal {}\n", to_hex(principals_));
  return text + fmt::format("sum {:016x}\n", sum_of(text));
}

std::optional<Keyring> Keyring::parse(std::string_view text) {
  // The sum over all lines before it. A secret with a flipped bit would be a secret all the same, and end every
  // session.
  const std::size_t sum_at = text.rfind("\nsum ");
  std::uint64_t sum = 0;
  if (sum_at == std::string_view::npos) return std::nullopt;
  const std::string_view lines = text.substr(0, sum_at + 1);
  std::string_view last = text.substr(sum_at + 5);
  if (!parse_hex(cut(last, '\n'), sum) || !last.empty() || sum != sum_of(lines)) return std::nullopt;
  text = lines;

  if (cut(text, '\n') != first_line) return std::nullopt;
  Keyring keyring;
  bool principal_seen = false;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    const std::string_view word = cut(line, ' ');
    if (word == "id") {
      unsigned number = 0;
      std::int64_t made = 0;
      const bool numbered = parse_number(cut(line, ' '), number) && parse_number(cut(line, ' '), made);
      const auto secret = from_hex(line);
      if (!numbered || number == 0 || number > secret_number_limit || made < 0 || !secret ||
          keyring.find(number) != nullptr)
        return std::nullopt;
      keyring.ids_.push_back({number, made, *secret});
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

std::optional<Keyring> Keyring::rotated(const Secret& for_ids, std::int64_t now, std::int64_t keep_since) const {
  Keyring next;
  next.principals_ = principals_;
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    const std::int64_t replaced = i + 1 < ids_.size() ? ids_[i + 1].made : now;
    const bool may_have_signed_lately = i + 2 >= ids_.size() && keep_since < now;
    if (replaced > keep_since || may_have_signed_lately) next.ids_.push_back(ids_[i]);
  }
  unsigned number = newest_number();
  for (unsigned tried = 0; tried < secret_number_limit; ++tried) {
    number = number % secret_number_limit + 1;
    // A number that has only just been given up may still be in cookies: their MAC would not fit, so they are refused.
    if (next.find(number) != nullptr) continue;
    next.ids_.push_back({number, now, for_ids});
    return next;
  }
  return std::nullopt;
}

const Keyring::Numbered* Keyring::find(unsigned number) const {
  const auto found = std::ranges::find(ids_, number, &Numbered::number);
  return found == ids_.end() ? nullptr : &*found;
}

const Keyring::Numbered& Keyring::signer(std::int64_t now, std::int64_t published) const {
  for (std::size_t i = ids_.size() - 1; i > 0; --i) {
    // A time to come is of a clock that was ahead, and says nothing.
    const bool counts = i + 1 == ids_.size() && published <= now + 1;
    const std::int64_t known_since = counts ? std::max(ids_[i].made, published) : ids_[i].made;
    if (known_since <= now - signing_delay.count()) return ids_[i];
  }
  return ids_.front();
}

SessionId Keyring::signed_id(const Numbered& signer, SessionKind kind, std::uint32_t issued,
                             std::span<const std::uint8_t, random_part_size> random) {
  SessionId::Bytes bytes{};
  bytes[0] = static_cast<std::uint8_t>(signer.number | (kind == SessionKind::authenticated ? kind_bit : 0));
  for (std::size_t i = 0; i < 4; ++i) bytes[at_issued + i] = static_cast<std::uint8_t>(issued >> (8 * i));
  std::ranges::copy(random, bytes.begin() + at_random);
  put_mac(signer.secret, std::span(bytes).first(at_mac), bytes.data() + at_mac);
  SessionId id = SessionIdAccess::make(bytes);
  sodium_memzero(bytes.data(), bytes.size());
  return id;
}

SessionId Keyring::issue(SessionKind kind, std::int64_t now, std::int64_t published,
                         std::span<const std::byte, random_part_size> random) const {
  std::array<std::uint8_t, random_part_size> part;
  std::ranges::transform(random, part.begin(), [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  SessionId id = signed_id(signer(now, published), kind, static_cast<std::uint32_t>(now), part);
  sodium_memzero(part.data(), part.size());
  return id;
}

Forward Keyring::forward(std::int64_t now, std::int64_t published, std::span<const std::byte, nonce_size> nonce) const {
  Forward terms{signer(now, published).number, static_cast<std::uint32_t>(now), {}};
  std::ranges::transform(nonce, terms.nonce.begin(),
                         [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  return terms;
}

std::optional<SessionId> Keyring::successor(const SessionId& id, const Forward& terms) const {
  const Numbered* const signer = find(terms.secret);
  if (signer == nullptr) return std::nullopt;
  // BLAKE2b of the old ID, keyed with the nonce: chance to whoever has not both.
  std::array<std::uint8_t, random_part_size> part;
  const SessionId::Bytes& old = SessionIdAccess::bytes(id);
  crypto_generichash(part.data(), part.size(), old.data(), old.size(), terms.nonce.data(), terms.nonce.size());
  SessionId next = signed_id(*signer, id.kind(), terms.issued, part);
  sodium_memzero(part.data(), part.size());
  return next;
}

SessionKey Keyring::principal_key(std::string_view name) const {
  SessionKey::Bytes key;
  crypto_generichash(key.data(), key.size(), reinterpret_cast<const unsigned char*>(name.data()), name.size(),
                     principals_.data(), principals_.size());
  return SessionKey(key);
}

std::string Keyring::refusal_mark(std::string_view text) const {
  return mark_of(principals_, std::as_bytes(std::span(text)), "sess refused ID ");
}

std::vector<std::string> Keyring::marks() const {
  constexpr Purpose purpose = "sess keyring    ";
  std::vector<std::string> marks{mark_of(principals_, {}, purpose)};
  for (const Numbered& id : ids_) marks.push_back(mark_of(principals_, std::as_bytes(std::span(id.secret)), purpose));
  return marks;
}

std::optional<SessionId> Keyring::check(std::string_view text) const {
  const auto bytes = id_bytes(text);
  if (!bytes) return std::nullopt;
  const Numbered* const signer = find((*bytes)[0] & secret_number_limit);
  if (signer == nullptr) return std::nullopt;
  std::array<std::uint8_t, mac_size> mac;
  put_mac(signer->secret, std::span(*bytes).first(at_mac), mac.data());
  if (sodium_memcmp(mac.data(), bytes->data() + at_mac, mac.size()) != 0) return std::nullopt;
  return SessionIdAccess::make(*bytes);
}

bool Keyring::has_form_of_id(std::string_view text) { return id_bytes(text).has_value(); }

}  // namespace format
}  // namespace sess
