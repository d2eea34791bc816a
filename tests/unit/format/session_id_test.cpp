// Keys and IDs as types.
#include <sess/session_id.hpp>

#include "format/keyring.hpp"

#include <doctest/doctest.h>

#include <array>
#include <new>
#include <ostream>
#include <sstream>
#include <string>

using namespace sess;

namespace {

template <class T>
concept Streamable = requires(std::ostream& stream, const T& value) {
  stream << value;
};

// What must not compile: an ID that is printed by accident, and one that was not issued.
static_assert(Streamable<SessionKey>);
static_assert(!Streamable<SessionId>);
static_assert(!std::is_default_constructible_v<SessionId>);
static_assert(!std::is_constructible_v<SessionId, SessionId::Bytes>);
static_assert(!std::is_constructible_v<SessionId, std::string>);
static_assert(!std::is_convertible_v<SessionId, std::string>);
static_assert(std::is_convertible_v<SessionId, const SessionKey&>);

SessionId issued(std::uint8_t chance) {
  std::array<std::byte, format::random_part_size> random{};
  random.fill(std::byte{chance});
  return format::Keyring::make({1}, {2}, 0).issue(SessionKind::anonymous, 1'700'000'000, 0, random);
}

}  // namespace

TEST_CASE("a key's text is 40 lower-case hexadecimal digits, and becomes the same key again") {
  SessionKey::Bytes bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(0xf7 + i);
  const SessionKey key(bytes);
  CHECK(key.to_string() == "f7f8f9fafbfcfdfeff000102030405060708090a");
  CHECK(SessionKey::parse(key.to_string()) == key);
  std::ostringstream stream;
  stream << key;
  CHECK(stream.str() == key.to_string());
  CHECK(SessionKey().to_string() == std::string(40, '0'));
}

TEST_CASE("a text that is no key is refused") {
  const std::string good = "f7f8f9fafbfcfdfeff000102030405060708090a";
  for (const std::string& text :
       {std::string(), good.substr(1), good + "0", good.substr(0, 20), good + good,
        std::string("F7F8F9FAFBFCFDFEFF000102030405060708090A"), "g" + good.substr(1), " " + good.substr(1),
        good.substr(1) + " ", "0x" + good.substr(2), std::string(40, '\0')}) {
    CAPTURE(text);
    CHECK_FALSE(SessionKey::parse(text).has_value());
  }
  // One upper-case digit anywhere: a key has one spelling, so that it names one file.
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string text = good;
    text[i] = 'A';
    CHECK_FALSE(SessionKey::parse(text).has_value());
  }
}

TEST_CASE("an ID is equal to its copy and to no other, and stands for its key") {
  const SessionId id = issued(1);
  const SessionId copy = id;  // NOLINT(performance-unnecessary-copy-initialization): that is tested
  CHECK((copy == id));
  CHECK_FALSE((issued(2) == id));
  const SessionKey& key = id;
  CHECK(key == id.key());
  CHECK(issued(2).key() != id.key());
}

TEST_CASE("an ID is wiped from memory when it dies") {
  const SessionId id = issued(0xa5);
  alignas(SessionId) std::array<unsigned char, sizeof(SessionId)> place{};
  const auto chance_is_there = [&] {
    const volatile unsigned char* bytes = place.data();
    for (std::size_t i = 0; i < place.size(); ++i)
      if (bytes[i] == 0xa5) return true;
    return false;
  };
  auto* copy = new (place.data()) SessionId(id);
  CHECK(chance_is_there());
  copy->~SessionId();
  CHECK_FALSE(chance_is_there());
}
