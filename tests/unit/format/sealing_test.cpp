// Sealed payloads: the bytes are those of src/FORMAT.md, and nothing but them opens.
#include "format/sealing.hpp"
#include "allocation_meter.hpp"
#include "counted.hpp"
#include "format/keyring.hpp"

#include <doctest/doctest.h>
#include <sodium.h>

#include <array>
#include <random>
#include <string>
#include <vector>

using namespace sess;
using namespace sess::format;
using test::counted;

namespace {

using Bytes = std::vector<std::byte>;

/// The ID of src/FORMAT.md.
SessionId example_id() {
  const auto ring = Keyring::make(counted<Keyring::Secret>(0), counted<Keyring::Secret>(50), 1'700'000'000);
  return ring.check("AQDxU2VkZWZnaGlqa2xtbm9wcXJzdHV2d3h5enu39bV6Mwo6EnjJjSHnPkjg").value();
}

Header header_of(const SessionId& id) {
  Header header;
  header.key = id.key();
  header.sealed = true;
  return header;
}

const auto nonce = counted<std::array<std::byte, seal_nonce_size>>(0x20);
const Bytes plain = {std::byte{1}, std::byte{1}, std::byte{'a'}, std::byte{3}, std::byte{2}};  // {"a": 1}

std::string hexadecimal(const Bytes& bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  text.pop_back();
  return text;
}

TEST_CASE("a payload is sealed as src/FORMAT.md says") {
  const SessionId id = example_id();
  const Bytes sealed = SealingKey(id).seal(plain, header_of(id), nonce);
  // Python: hashlib.blake2b(ID, digest_size=32, person=b"sess sealing key")
  const std::string key_text = "74c12b8801ca4545c4d2d23a37764de55df7fb31c79517c0d1b14eb7377b88db";
  CHECK(hexadecimal(sealed) ==
        "202122232425262728292a2b2c2d2e2f30313233343536371dd4ba83757fa14fc522237b23d180cd51a507398b");
  std::array<unsigned char, 32> key;
  REQUIRE(sodium_hex2bin(key.data(), key.size(), key_text.data(), key_text.size(), nullptr, nullptr, nullptr) == 0);
  // key, kind, principal
  std::vector<unsigned char> bound(id.key().bytes().begin(), id.key().bytes().end());
  bound.resize(41, 0);
  std::array<unsigned char, 5> opened;
  const auto* bytes = reinterpret_cast<const unsigned char*>(sealed.data());
  CHECK(crypto_aead_xchacha20poly1305_ietf_decrypt(opened.data(), nullptr, nullptr, bytes + 24, sealed.size() - 24,
                                                   bound.data(), bound.size(), bytes, key.data()) == 0);
  CHECK(std::string(opened.begin(), opened.end()) == "\1\1a\3\2");
  CHECK(sealed.size() == plain.size() + seal_overhead);
}

TEST_CASE("a sealed payload opens under its own ID, key, kind and principal, and under no other") {
  const SessionId id = example_id();
  const auto ring = Keyring::make(counted<Keyring::Secret>(0), counted<Keyring::Secret>(50), 1'700'000'000);
  const SessionId other =
      ring.issue(SessionKind::anonymous, 1'700'000'000, 0, counted<std::array<std::byte, random_part_size>>(7));
  const SealingKey key(id);
  const Header header = header_of(id);
  for (const std::size_t size : {0, 1, 5, 1000}) {
    const Bytes content(size, std::byte{'x'});
    const Bytes sealed = key.seal(content, header, nonce);
    CHECK(key.open(sealed, header) == content);
    CHECK_FALSE(SealingKey(other).open(sealed, header));
    Header changed = header;
    changed.key = other.key();
    CHECK_FALSE(key.open(sealed, changed));
    changed = header;
    changed.kind = SessionKind::authenticated;
    CHECK_FALSE(key.open(sealed, changed));
    changed = header;
    changed.principal[19] = 1;
    CHECK_FALSE(key.open(sealed, changed));
    // What supersede and recovery change without the ID.
    changed = header;
    changed.state = RecordState::superseded;
    changed.generation = 7;
    changed.deadline = changed.absolute_deadline = 9;
    changed.successor = other.key();
    CHECK(key.open(sealed, changed) == content);
  }
}

TEST_CASE("bytes that were not sealed do not open, and cost no more memory than they have") {
  const SessionId id = example_id();
  const SealingKey key(id);
  const Header header = header_of(id);
  const Bytes sealed = key.seal(plain, header, nonce);
  for (std::size_t size = 0; size < sealed.size(); ++size) CHECK_FALSE(key.open(std::span(sealed).first(size), header));
  for (std::size_t at = 0; at < sealed.size() * 8; ++at) {
    Bytes flipped = sealed;
    flipped[at / 8] ^= static_cast<std::byte>(1 << at % 8);
    CHECK_FALSE(key.open(flipped, header));
  }
  std::mt19937 chance(1);
  for (int i = 0; i < 2000; ++i) {
    Bytes hostile(chance() % 4096);
    for (std::byte& byte : hostile) byte = static_cast<std::byte>(chance());
    const test::AllocationMeter meter;
    CHECK_FALSE(key.open(hostile, header));
    CHECK(meter.highest() <= hostile.size());
  }
}

}  // namespace
