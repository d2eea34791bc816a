#include "format/csrf.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "format/keyring.hpp"

namespace sess::test {
namespace {

using format::CsrfSecret;
using Mask = std::array<std::byte, CsrfSecret::size>;

SessionId an_id(std::uint8_t random) {
  std::array<std::byte, format::random_part_size> bytes;
  bytes.fill(std::byte{random});
  return format::Keyring::make({1}, {2}, 0).issue(SessionKind::anonymous, 1000, 0, bytes);
}

Mask mask_of(std::uint8_t byte) {
  Mask mask;
  mask.fill(std::byte{byte});
  return mask;
}

TEST_CASE("a token is of the ID that it was made from, under whatever mask") {
  const CsrfSecret secret = CsrfSecret::of(an_id(1));
  std::set<std::string> tokens;
  for (int mask = 0; mask < 256; ++mask) {
    const std::string token = secret.token(mask_of(static_cast<std::uint8_t>(mask)));
    CHECK(token.size() == 86);
    CHECK(secret.matches(token));
    CHECK(!CsrfSecret::of(an_id(2)).matches(token));
    tokens.insert(token);
  }
  CHECK(tokens.size() == 256);
}

TEST_CASE("a token is made as src/FORMAT.md says") {
  std::array<std::byte, format::random_part_size> random;
  for (std::size_t i = 0; i < random.size(); ++i) random[i] = static_cast<std::byte>(100 + i);
  format::Keyring::Secret secret;
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(i);
  const SessionId id =
      format::Keyring::make(secret, {1}, 1'700'000'000).issue(SessionKind::anonymous, 1'700'000'000, 0, random);
  REQUIRE(id.reveal() == "AQDxU2VkZWZnaGlqa2xtbm9wcXJzdHV2d3h5enu39bV6Mwo6EnjJjSHnPkjg");
  // By another implementation of BLAKE2b, Python's hashlib.
  CHECK(CsrfSecret::of(id).token(mask_of(0x2a)) ==
        "KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKip994STr3wZwwPA8NTq"
        "KrY5U6YL9ExxrkuxIrod1lDckw");
}

TEST_CASE("a token of which any one character was changed is refused") {
  const CsrfSecret secret = CsrfSecret::of(an_id(1));
  const std::string token = secret.token(mask_of(7));
  for (std::size_t at = 0; at < token.size(); ++at) {
    for (const char c : {'A', 'B', '_', '=', ' ', '\n', '\0'}) {
      std::string changed = token;
      changed[at] = c;
      CHECK_MESSAGE(secret.matches(changed) == (changed == token), at);
    }
  }
}

TEST_CASE("what is no token is refused") {
  const CsrfSecret secret = CsrfSecret::of(an_id(1));
  const std::string token = secret.token(mask_of(7));
  for (const std::string& text : {std::string(), token.substr(1), token + "A", token + "=", "A" + token,
                                  std::string(86, 'A'), std::string(100'000, 'A'), std::string(86, '\0')})
    CHECK(!secret.matches(text));
}

TEST_CASE("a secret is neither the ID nor the key of its record, and comes back from what is stored") {
  const SessionId id = an_id(1);
  const CsrfSecret secret = CsrfSecret::of(id);
  const auto stored = secret.stored();
  const auto key = id.key().bytes();
  CHECK(!std::equal(key.begin(), key.end(), stored.begin(),
                    [](std::uint8_t byte, std::byte other) { return std::byte{byte} == other; }));
  const auto again = CsrfSecret::from(stored);
  REQUIRE(again);
  CHECK(again->matches(secret.token(mask_of(3))));
  CHECK(!CsrfSecret::from(std::span(stored).first(31)));
  CHECK(!CsrfSecret::from({}));
}

}  // namespace
}  // namespace sess::test
