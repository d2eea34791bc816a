// The payload of a principal's record.
#include "format/principal.hpp"

#include "format/keyring.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

using namespace sess;
using namespace sess::format;

namespace {

SessionKey key(char digit) { return SessionKey::parse(std::string(40, digit)).value(); }

}  // namespace

TEST_CASE("a principal's payload has 8 bytes and 28 for each session, and comes back") {
  const PrincipalEntry entry{0x0102, {{key('a'), 1}, {key('b'), 0x0102}}};
  const std::vector<std::byte> payload = encode_principal(entry);
  REQUIRE(payload.size() == 8 + 2 * 28);
  CHECK(payload[0] == std::byte{2});
  CHECK(payload[1] == std::byte{1});
  CHECK(payload[8] == std::byte{0xaa});
  CHECK(payload[28] == std::byte{1});
  CHECK(payload[36] == std::byte{0xbb});
  CHECK(decode_principal(payload) == entry);
  CHECK(decode_principal(encode_principal({})) == PrincipalEntry{});
}

TEST_CASE("other bytes are no principal's payload") {
  std::vector<std::byte> payload = encode_principal({1, {{key('a'), 1}}});
  for (const std::size_t size : {0U, 7U, 9U, 28U, 35U}) {
    payload.resize(size);
    CAPTURE(size);
    CHECK_FALSE(decode_principal(payload));
  }
}

TEST_CASE("a principal's key depends on the name and on the secret for principals alone") {
  Keyring::Secret first{};
  Keyring::Secret second{};
  second[31] = 1;
  const Keyring ring = Keyring::make(first, first, 0);
  CHECK(ring.principal_key("ann") == ring.principal_key("ann"));
  CHECK(ring.principal_key("ann") != ring.principal_key("Ann"));
  CHECK(ring.principal_key("ann") == Keyring::make(second, first, 0).principal_key("ann"));
  CHECK(ring.principal_key("ann") != Keyring::make(first, second, 0).principal_key("ann"));
  CHECK(ring.principal_key("ann") == ring.rotated(second, 100, 0)->principal_key("ann"));
  // BLAKE2b, 20 bytes, keyed with 32 zeros, by another implementation.
  CHECK(ring.principal_key("ann").to_string() == "eff6fa1551c7f94def673c139b9c58cd11a26ab2");
}
