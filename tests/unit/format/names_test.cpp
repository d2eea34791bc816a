// Every name on disk, in both directions.
#include "format/names.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace sess;
using namespace sess::format;
using Kind = ShardEntry::Kind;

namespace {

const std::string key_text = "3f0102030405060708090a0b0c0d0e0f10111213";
const SessionKey key = *SessionKey::parse(key_text);
constexpr unsigned shard = 0x3f;

/// The part of a name below its shard's directory.
std::string in_shard(std::string_view name) {
  REQUIRE(name.substr(0, 3) == "3f/");
  return std::string(name.substr(3));
}

}  // namespace

TEST_CASE("a record, its spare and its temp file are named after the key, below its first byte") {
  CHECK(record_name(key).view() == "3f/" + key_text);
  CHECK(spare_name(key).view() == "3f/" + key_text + "~");
  CHECK(shard_of(key).view() == "3f");
  CHECK(temporary_name(key, 0x0123456789abcdef) == "3f/" + key_text + ".0123456789abcdef.temp");
  CHECK(temporary_name(key, 7) == "3f/" + key_text + ".0000000000000007.temp");
  using KeptAs = QuarantineName::Kind;
  CHECK(quarantine_name({key, KeptAs::record, 0xff}) == key_text + ".00000000000000ff");
  CHECK(quarantine_name({key, KeptAs::spare, 0xff}) == key_text + "~.00000000000000ff");
  CHECK(quarantine_name({key, KeptAs::copy, 0xff}) == key_text + "+.00000000000000ff");
  CHECK(quarantine_name({key, KeptAs::copy, 0xff, true}) == key_text + "+.00000000000000ff.temp");
}

TEST_CASE("a short name ends with a zero byte where its text ends") {
  CHECK(std::string(spare_name(key).c_str()) == spare_name(key).view());
  CHECK(spare_name(key).view().size() == 44);
}

TEST_CASE("what is named is recognized again") {
  const auto recognized = [](std::string_view name) {
    const auto entry = parse_shard_entry(shard, in_shard(name));
    REQUIRE(entry);
    CHECK(entry->key == key);
    return entry->kind;
  };
  CHECK(recognized(record_name(key).view()) == Kind::record);
  CHECK(recognized(spare_name(key).view()) == Kind::spare);
  CHECK(recognized(temporary_name(key, 0)) == Kind::temporary);
  CHECK(recognized(temporary_name(key, ~std::uint64_t{0})) == Kind::temporary);
}

TEST_CASE("a name in another shard than its key's is not recognized") {
  for (unsigned other = 0; other < shard_count; ++other) {
    CAPTURE(other);
    CHECK(parse_shard_entry(other, key_text).has_value() == (other == shard));
    CHECK(parse_shard_entry(other, key_text + "~").has_value() == (other == shard));
  }
}

TEST_CASE("names that libsess does not write are not recognized") {
  std::string upper = key_text;
  upper[1] = 'F';
  for (const std::string& name : {std::string(),
                                  std::string("."),
                                  std::string(".."),
                                  std::string("3f"),
                                  upper,
                                  key_text.substr(1),
                                  key_text + "0",
                                  key_text + "~~",
                                  "~" + key_text,
                                  key_text + ".",
                                  key_text + ".temp",
                                  key_text + ".0123456789abcde.temp",
                                  key_text + ".0123456789abcdef0.temp",
                                  key_text + ".0123456789ABCDEF.temp",
                                  key_text + ".0123456789abcdeg.temp",
                                  key_text + ".0123456789abcdef.tmp",
                                  key_text + ".0123456789abcdef",
                                  key_text + "~0123456789abcdef.temp",
                                  key_text + ".0123456789abcdef.temp~",
                                  key_text + "~.0123456789abcdef.temp",
                                  key_text + " ",
                                  " " + key_text,
                                  key_text + std::string(1, '\0'),
                                  "3f/" + key_text,
                                  key_text + ".bak"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_shard_entry(shard, name).has_value());
  }
}

TEST_CASE("shards are named 00 to ff") {
  CHECK(shard_name(0) == "00");
  CHECK(shard_name(0xab) == "ab");
  CHECK(shard_name(255) == "ff");
}

TEST_CASE("a path names a record if it ends as a store's does, with the shard that belongs to the key") {
  const SessionKey of_ab = *SessionKey::parse("ab" + std::string(38, '0'));
  const std::string end = std::string("shards/") + record_name(of_ab).c_str();
  CHECK(record_in_path("/srv/store/" + end) == of_ab);
  CHECK(record_in_path("/" + end) == of_ab);
  for (const std::string& path :
       {end, std::string(), of_ab.to_string(), "/srv/store/" + end + "~", "/srv/ab/" + of_ab.to_string(),
        "/srv/shards/ac/" + of_ab.to_string(), "/srv/principals/ab/" + of_ab.to_string(), "/srv/x" + end})
    CHECK_FALSE(record_in_path(path));
  CHECK(is_gc_file("/srv/store/gc"));
  CHECK_FALSE(is_gc_file("/srv/store/xgc"));
  CHECK_FALSE(is_gc_file("gc"));
}

TEST_CASE("names in quarantine come back as what they were made of, and nothing else is one") {
  using KeptAs = QuarantineName::Kind;
  for (const KeptAs kind : {KeptAs::record, KeptAs::spare, KeptAs::copy}) {
    for (const bool temporary : {false, true}) {
      const auto parsed = parse_quarantine_name(quarantine_name({key, kind, 0x0123456789abcdef, temporary}));
      REQUIRE(parsed);
      CHECK(parsed->key == key);
      CHECK(parsed->kind == kind);
      CHECK(parsed->temporary == temporary);
      CHECK(parsed->number == 0x0123456789abcdef);
    }
  }
  const std::string digits(16, '0');
  for (const std::string& name :
       {std::string(), key_text, key_text + "~", key_text + ".", key_text + "." + digits + "0",
        key_text + "." + digits.substr(1) + "X", key_text + digits + ".", key_text + "~~." + digits,
        key_text + "~+." + digits, key_text + "+" + digits, key_text + ".temp", "x" + key_text + "." + digits})
    CHECK_FALSE(parse_quarantine_name(name));
}

TEST_CASE("the names of shards are two lower-case hexadecimal digits") {
  for (unsigned number = 0; number < shard_count; ++number) CHECK(is_shard_name(shard_name(number)));
  for (const char* name : {"", "0", "000", "AB", "g0", "..", ".a"}) CHECK_FALSE(is_shard_name(name));
}
