// Forward records, and the IDs that follow from them.
#include "format/forward.hpp"
#include "counted.hpp"
#include "format/keyring.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace sess;
using namespace sess::format;
using test::counted;

namespace {

constexpr std::int64_t now = 1'700'000'000;

Keyring keyring() { return Keyring::make(counted<Keyring::Secret>(0), counted<Keyring::Secret>(50), now); }
SessionId old_id() {
  return keyring().issue(SessionKind::anonymous, now, 0, counted<std::array<std::byte, random_part_size>>(100));
}
Forward terms(std::int64_t when = now + 3600) {
  return keyring().forward(when, 0, counted<std::array<std::byte, nonce_size>>(200));
}

}  // namespace

TEST_CASE("a successor is what the format says: this one was made with another implementation of BLAKE2b") {
  const auto id = keyring().successor(old_id(), terms());
  REQUIRE(id);
  CHECK(id->reveal() == "ARD_U2U0wS_uqho36PpR-MgKcOPOSfnvKAztar4dMoAc76okgM_PQPwxk8kF");
  CHECK(id->key().to_string() == "1f5a9e353b20320e763ba110490ae294be69d363");
  CHECK(id->kind() == SessionKind::anonymous);
  CHECK(keyring().check(id->reveal()).value() == *id);
}

TEST_CASE("a successor depends on the old ID, the nonce, the time and the secret, and on nothing else") {
  const Keyring ring = keyring();
  const SessionId first = ring.successor(old_id(), terms()).value();
  CHECK(ring.successor(old_id(), terms()).value() == first);
  CHECK_FALSE(ring.successor(first, terms()).value() == first);
  CHECK_FALSE(ring.successor(old_id(), terms(now + 3601)).value() == first);
  Forward other = terms();
  other.nonce.back() ^= 1;
  CHECK_FALSE(ring.successor(old_id(), other).value() == first);
  const Keyring rotated = ring.rotated(counted<Keyring::Secret>(9), now + 100, now).value();
  CHECK(rotated.successor(old_id(), terms()).value() == first);
  CHECK(rotated.forward(now + 3600, 0, counted<std::array<std::byte, nonce_size>>(200)).secret == 2);
}

TEST_CASE("a successor is of the kind of the ID before it") {
  const SessionId login =
      keyring().issue(SessionKind::authenticated, now, 0, counted<std::array<std::byte, random_part_size>>(100));
  const auto id = keyring().successor(login, terms());
  REQUIRE(id);
  CHECK(id->kind() == SessionKind::authenticated);
  CHECK(keyring().check(id->reveal()).value() == *id);
}

TEST_CASE("a successor of a secret that is not known is none") {
  Forward unknown = terms();
  unknown.secret = 2;
  CHECK_FALSE(keyring().successor(old_id(), unknown));
}

TEST_CASE("the payload of a forward record has 29 bytes and comes back") {
  const std::vector<std::byte> payload = encode_forward(terms());
  std::string hex;
  for (const std::byte byte : payload) {
    constexpr const char* digits = "0123456789abcdef";
    hex += digits[std::to_integer<unsigned>(byte) >> 4];
    hex += digits[std::to_integer<unsigned>(byte) & 15];
  }
  CHECK(hex == "0110ff5365c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf");
  CHECK(decode_forward(payload) == terms());
}

TEST_CASE("other bytes are no payload of a forward record") {
  std::vector<std::byte> payload = encode_forward(terms());
  payload[0] = std::byte{0};
  CHECK_FALSE(decode_forward(payload));
  payload[0] = std::byte{128};
  CHECK_FALSE(decode_forward(payload));
  payload[0] = std::byte{127};
  CHECK(decode_forward(payload));
  payload.push_back(std::byte{0});
  CHECK_FALSE(decode_forward(payload));
  payload.resize(28);
  CHECK_FALSE(decode_forward(payload));
  CHECK_FALSE(decode_forward({}));
}
