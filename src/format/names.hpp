// Every name on disk, in both directions. No other file of the project spells one.
#pragma once

#include <sess/session_id.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sess::format {

inline constexpr const char* store_file = "store";
inline constexpr const char* keys_file = "keys";
inline constexpr const char* gc_file = "gc";
/// Empty; made where a program limits how many wait for a session. Bytes of it are locked, which need not be there.
inline constexpr const char* waiters_file = "waiters";
/// What `store` and `keys` are written as before they get their names.
inline constexpr const char* new_store_file = "store.new";
inline constexpr const char* new_keys_file = "keys.new";
/// Made and removed again while a new store finds out what its file system can.
inline constexpr const char* probe_file = "probe";
inline constexpr const char* other_probe_file = "probe.other";
inline constexpr const char* shards_directory = "shards";
inline constexpr const char* principals_directory = "principals";
/// What `principals` is rebuilt as before it gets its name.
inline constexpr const char* new_principals_directory = "principals.new";
inline constexpr const char* quarantine_directory = "quarantine";

/// Sessions are spread over this many directories by the first byte of their key.
inline constexpr unsigned shard_count = 256;

/// "00" to "ff".
std::string shard_name(unsigned shard);
bool is_shard_name(std::string_view name);

/// A name of fixed size, so that the hot path builds no string.
class ShortName {
 public:
  const char* c_str() const noexcept { return text_.data(); }
  std::string_view view() const noexcept { return text_.data(); }

 private:
  friend ShortName record_name(const SessionKey& key) noexcept;
  friend ShortName spare_name(const SessionKey& key) noexcept;
  friend ShortName shard_of(const SessionKey& key) noexcept;
  std::array<char, 48> text_{};
};

// Relative to shards/: the record "ab/ab..." and its previous version, the spare of the next commit, "ab/ab...~".
ShortName record_name(const SessionKey& key) noexcept;
ShortName spare_name(const SessionKey& key) noexcept;
/// "ab": the directory of both.
ShortName shard_of(const SessionKey& key) noexcept;
/// "ab/ab....<16 hexadecimal digits>.temp": a record that is being written. The number is random.
std::string temporary_name(const SessionKey& key, std::uint64_t number);
/// Each session has so many bytes of the file "waiters", from this offset on.
inline constexpr unsigned waiters_per_session = 64;
std::uint64_t first_waiter_of(const SessionKey& key) noexcept;

/// What an entry of a shard is.
struct ShardEntry {
  enum class Kind : std::uint8_t { record, spare, temporary };
  Kind kind;
  SessionKey key;
};

/// Nothing for a name that libsess does not write, or that belongs into another shard: left alone.
std::optional<ShardEntry> parse_shard_entry(unsigned shard, std::string_view name);

/// Of a path that ends as a store's files do, "…/shards/ab/ab…" of a record and "…/gc": of some store's.
std::optional<SessionKey> record_in_path(std::string_view path);
bool is_gc_file(std::string_view path);

/// A file in quarantine/.
struct QuarantineName {
  enum class Kind : std::uint8_t {
    record,  // "<key>.<16 hexadecimal digits>"
    spare,   // "<key>~.<...>": it was moved there with the record of the same number
    copy,    // "<key>+.<...>": the bytes of a record that stayed where it was, and was restored there
  };
  SessionKey key;
  Kind kind = Kind::record;
  std::uint64_t number = 0;
  bool temporary = false;  // ".temp" behind it: a copy that is not whole yet
};

std::string quarantine_name(const QuarantineName& name);
/// Nothing for a name that libsess does not write.
std::optional<QuarantineName> parse_quarantine_name(std::string_view name);

}  // namespace sess::format
