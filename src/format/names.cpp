#include "format/names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sess::format {

namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::string_view temporary_suffix = ".temp";
constexpr std::size_t number_size = 16;
constexpr char spare_mark = '~';
constexpr char copy_mark = '+';

bool is_hexadecimal(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return digits.find(c) != std::string_view::npos; });
}

char* put_byte(char* at, std::uint8_t byte) noexcept {
  *at++ = digits[byte >> 4];
  *at++ = digits[byte & 15];
  return at;
}

/// "ab/abcd...": answers where it ends.
char* put_record(char* at, const SessionKey& key) noexcept {
  at = put_byte(at, key.bytes()[0]);
  *at++ = '/';
  for (const std::uint8_t byte : key.bytes()) at = put_byte(at, byte);
  return at;
}

}  // namespace

std::string shard_name(unsigned shard) { return fmt::format("{:02x}", shard); }

bool is_shard_name(std::string_view name) { return name.size() == 2 && is_hexadecimal(name); }

ShortName record_name(const SessionKey& key) noexcept {
  ShortName name;
  put_record(name.text_.data(), key);
  return name;
}

ShortName spare_name(const SessionKey& key) noexcept {
  ShortName name;
  *put_record(name.text_.data(), key) = spare_mark;
  return name;
}

ShortName shard_of(const SessionKey& key) noexcept {
  ShortName name;
  put_byte(name.text_.data(), key.bytes()[0]);
  return name;
}

std::uint64_t first_waiter_of(const SessionKey& key) noexcept {
  // 56 bits of the key: with the 64 places of each session below 2^62, and no two sessions share one but by a chance
  // that costs a waiter, not a promise.
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 7; ++i) number = number << 8 | key.bytes()[i];
  return number * waiters_per_session;
}

std::string temporary_name(const SessionKey& key, std::uint64_t number) {
  return fmt::format("{}.{:016x}{}", record_name(key).view(), number, temporary_suffix);
}

std::optional<ShardEntry> parse_shard_entry(unsigned shard, std::string_view name) {
  const auto key = SessionKey::parse(name.substr(0, SessionKey::text_size));
  if (!key || key->bytes()[0] != shard) return std::nullopt;
  std::string_view rest = name.substr(SessionKey::text_size);
  if (rest.empty()) return ShardEntry{ShardEntry::Kind::record, *key};
  if (rest.size() == 1 && rest[0] == spare_mark) return ShardEntry{ShardEntry::Kind::spare, *key};
  if (rest.size() == 1 + number_size + temporary_suffix.size() && rest.starts_with('.') &&
      rest.ends_with(temporary_suffix) && is_hexadecimal(rest.substr(1, number_size)))
    return ShardEntry{ShardEntry::Kind::temporary, *key};
  return std::nullopt;
}

std::optional<SessionKey> record_in_path(std::string_view path) {
  const auto key = SessionKey::parse(path.substr(path.size() - std::min(path.size(), SessionKey::text_size)));
  if (!key) return std::nullopt;
  const std::string end = fmt::format("/{}/{}", shards_directory, record_name(*key).view());
  return path.ends_with(end) ? key : std::nullopt;
}

bool is_gc_file(std::string_view path) { return path.ends_with(fmt::format("/{}", gc_file)); }

std::string quarantine_name(const QuarantineName& name) {
  using Kind = QuarantineName::Kind;
  std::string text = name.key.to_string();
  if (name.kind == Kind::spare) text += spare_mark;
  if (name.kind == Kind::copy) text += copy_mark;
  return fmt::format("{}.{:016x}{}", text, name.number, name.temporary ? temporary_suffix : "");
}

std::optional<QuarantineName> parse_quarantine_name(std::string_view name) {
  const auto key = SessionKey::parse(name.substr(0, SessionKey::text_size));
  if (!key) return std::nullopt;
  QuarantineName parsed{.key = *key};
  std::string_view rest = name.substr(SessionKey::text_size);
  if (rest.starts_with(spare_mark)) parsed.kind = QuarantineName::Kind::spare;
  if (rest.starts_with(copy_mark)) parsed.kind = QuarantineName::Kind::copy;
  if (parsed.kind != QuarantineName::Kind::record) rest.remove_prefix(1);
  parsed.temporary = rest.ends_with(temporary_suffix);
  if (parsed.temporary) rest.remove_suffix(temporary_suffix.size());
  if (rest.size() != 1 + number_size || !rest.starts_with('.') || !is_hexadecimal(rest.substr(1))) return std::nullopt;
  for (const char digit : rest.substr(1)) parsed.number = parsed.number << 4 | digits.find(digit);
  return parsed;
}

}  // namespace sess::format
