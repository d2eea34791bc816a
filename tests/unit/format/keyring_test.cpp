// IDs: issued here or refused.
#include "format/keyring.hpp"
#include "counted.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace sess;
using format::Keyring;
using test::counted;

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::int64_t now = 1'700'000'000;

using Chance = std::array<std::byte, format::random_part_size>;

Keyring keyring() { return Keyring::make(counted<Keyring::Secret>(0), counted<Keyring::Secret>(50), now); }

std::string issue(const Keyring& ring, SessionKind kind = SessionKind::anonymous, std::int64_t when = now) {
  return ring.issue(kind, when, 0, counted<Chance>(100)).reveal();
}

/// The 45 bytes of a text, and back: RFC 4648 by hand, not by the library that is tested.
std::vector<unsigned> decoded(std::string_view text) {
  std::vector<unsigned> bytes;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char character : text) {
    bits = bits << 6 | static_cast<unsigned>(alphabet.find(character));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(bits >> held & 0xff);
  }
  return bytes;
}

std::string encoded(const std::vector<unsigned>& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned bits = bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2];
    for (const unsigned shift : {18U, 12U, 6U, 0U}) text += alphabet[bits >> shift & 63];
  }
  return text;
}

std::string hex(char digit) { return std::string(64, digit); }

std::string summed(const std::string& lines) {
  return lines + fmt::format("sum {:016x}\n", XXH3_64bits(lines.data(), lines.size()));
}

/// Of the lines before the sum.
Keyring parsed(const std::string& lines) {
  const auto ring = Keyring::parse(summed(lines));
  REQUIRE(ring);
  return *ring;
}

TEST_CASE("the mark of a refused text is a hash for this purpose alone") {
  // Python: hashlib.blake2b(b"not an ID", digest_size=16, key=bytes(range(50, 82)), person=b"sess refused ID ")
  CHECK(keyring().refusal_mark("not an ID") == "23ef35755d3c6a28");
}

TEST_CASE("the marks of a keyring are hashes for this purpose alone") {
  // Python: [hashlib.blake2b(text, digest_size=16, key=bytes(range(50, 82)), person=b"sess keyring ").hexdigest()[:16]
  // for text in (b"", the secret)]
  CHECK(keyring().marks() == std::vector<std::string>{"9ba739474fec5e5f", "9f3f895455564967"});
}

}  // namespace

TEST_CASE("an ID is what the format says: these were made with another implementation of BLAKE2b") {
  const auto anonymous = keyring().issue(SessionKind::anonymous, now, now, counted<Chance>(100));
  CHECK(anonymous.reveal() == "AQDxU2VkZWZnaGlqa2xtbm9wcXJzdHV2d3h5enu39bV6Mwo6EnjJjSHnPkjg");
  CHECK(anonymous.key().to_string() == "d208ecf55ecbb081ce863d0e601a670b368b8425");
  const auto authenticated = keyring().issue(SessionKind::authenticated, now, now, counted<Chance>(100));
  CHECK(authenticated.reveal() == "gQDxU2VkZWZnaGlqa2xtbm9wcXJzdHV2d3h5enuxgdgUvzrVyLkqqzJUYlum");
  CHECK(authenticated.key().to_string() == "57cdc70cb102496002999f1e2cfc78d229a2a208");
}

TEST_CASE("an ID that was issued is accepted, and says its kind and when it was issued") {
  for (const auto kind : {SessionKind::anonymous, SessionKind::authenticated}) {
    for (const std::int64_t when : {std::int64_t{0}, now, std::int64_t{0xffffffff}}) {
      const std::string text = issue(keyring(), kind, when);
      CHECK(text.size() == SessionId::text_size);
      const auto id = keyring().check(text);
      REQUIRE(id);
      CHECK(id->reveal() == text);
      CHECK(id->kind() == kind);
      CHECK(id->issued() == std::chrono::system_clock::time_point(std::chrono::seconds(when)));
    }
  }
}

TEST_CASE("the ID of another store is refused") {
  const auto other = Keyring::make(counted<Keyring::Secret>(1), counted<Keyring::Secret>(50), now);
  CHECK_FALSE(keyring().check(issue(other)).has_value());
  CHECK_FALSE(other.check(issue(keyring())).has_value());
}

TEST_CASE("the secret for principals signs no ID") {
  const auto swapped = Keyring::make(counted<Keyring::Secret>(50), counted<Keyring::Secret>(0), now);
  CHECK_FALSE(keyring().check(issue(swapped)).has_value());
}

TEST_CASE("each changed character of an ID makes it refused") {
  const std::string text = keyring().issue(SessionKind::authenticated, now, 0, counted<Chance>(245)).reveal();
  REQUIRE(text.find('_') != std::string::npos);  // for which libsodium takes what is not ASCII
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      const char character = static_cast<char>(value);
      if (character == text[i]) continue;
      std::string changed = text;
      changed[i] = character;
      CAPTURE(changed);
      CHECK_FALSE(keyring().check(changed).has_value());
    }
  }
}

TEST_CASE("every bit of an ID is covered by its MAC") {
  const std::string text = issue(keyring());
  const auto bytes = decoded(text);
  REQUIRE(bytes.size() == SessionId::size);
  REQUIRE(encoded(bytes) == text);
  // Also with a secret under every number that the flipped bits can name.
  const Keyring rings[] = {
      keyring(), parsed("libsess keys 1\nid 1 0 " + keyring().to_text().substr(31, 64) + "\nid 3 0 " + hex('3') +
                        "\nid 5 0 " + hex('5') + "\nprincipal " + hex('0') + "\n")};
  for (const Keyring& ring : rings) {
    REQUIRE(ring.check(text).has_value());
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      auto flipped = bytes;
      flipped[bit / 8] ^= 1U << (bit % 8);
      CAPTURE(bit);
      CHECK_FALSE(ring.check(encoded(flipped)).has_value());
    }
  }
}

TEST_CASE("a text of another length, or with anything around it, is refused") {
  const std::string text = issue(keyring());
  for (const std::string& wrong :
       {std::string(), text.substr(1), text.substr(0, 59), text + "A", text + "=", text + "====", text + "\n",
        " " + text, "\"" + text + "\"", text + text, std::string(60, 'A'), std::string(100'000, 'A')}) {
    CHECK_FALSE(keyring().check(wrong).has_value());
  }
}

TEST_CASE("the bytes of chance, the time and the kind each make another ID and another key") {
  const auto ring = keyring();
  const auto first = ring.issue(SessionKind::anonymous, now, now, counted<Chance>(100));
  for (const auto& other : {ring.issue(SessionKind::anonymous, now, now, counted<Chance>(101)),
                            ring.issue(SessionKind::anonymous, now + 1, now + 1, counted<Chance>(100)),
                            ring.issue(SessionKind::authenticated, now, now, counted<Chance>(100))}) {
    CHECK(other.reveal() != first.reveal());
    CHECK(other.key() != first.key());
  }
}

TEST_CASE("the newest secret signs, and IDs of an older one are still accepted") {
  const auto old_ring = parsed("libsess keys 1\nid 1 0 " + hex('1') + "\nprincipal " + hex('0') + "\n");
  const auto new_ring =
      parsed("libsess keys 1\nid 1 0 " + hex('1') + "\nid 127 0 " + hex('7') + "\nprincipal " + hex('0') + "\n");
  const std::string old_id = issue(old_ring);
  const std::string new_id = issue(new_ring, SessionKind::authenticated);
  CHECK(decoded(old_id)[0] == 1);
  CHECK(decoded(new_id)[0] == (0x80 | 127));
  CHECK(new_ring.check(old_id).has_value());
  CHECK(new_ring.check(new_id).has_value());
  CHECK_FALSE(old_ring.check(new_id).has_value());
  // Once the older secret is taken away its IDs end.
  CHECK_FALSE(
      parsed("libsess keys 1\nid 127 0 " + hex('7') + "\nprincipal " + hex('0') + "\n").check(old_id).has_value());
}

TEST_CASE("a keyring's text becomes the same keyring again") {
  const std::string text = keyring().to_text();
  const std::string lines = text.substr(0, text.find("sum "));
  CHECK(lines ==
        "libsess keys 1\n"
        "id 1 1700000000 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        "principal 32333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f5051\n");
  CHECK(text == lines + "sum 81d99ec0f2c4d8cd\n");
  CHECK(parsed(lines).to_text() == text);
  CHECK(issue(parsed(lines)) == issue(keyring()));
  const std::string three = "libsess keys 1\nid 2 0 " + hex('2') + "\nid 9 0 " + hex('9') + "\nid 127 0 " + hex('a') +
                            "\nprincipal " + hex('0') + "\n";
  CHECK(parsed(three).to_text() == summed(three));
}

TEST_CASE("a text that is no keyring is refused") {
  const std::string first = "libsess keys 1\n";
  const std::string id = "id 1 0 " + hex('1') + "\n";
  const std::string principal = "principal " + hex('0') + "\n";
  REQUIRE(Keyring::parse(summed(first + id + principal)).has_value());
  CHECK_FALSE(Keyring::parse(first + id + principal).has_value());
  for (const std::string& text : {std::string(),
                                  std::string("\n"),
                                  first,
                                  first + id,
                                  first + principal,
                                  id + principal,
                                  "libsess keys 2\n" + id + principal,
                                  "libsess keys 1 \n" + id + principal,
                                  "libsess keys 1\r\n" + id + principal,
                                  first + id + id + principal,
                                  first + id + principal + principal,
                                  first + "id 0 0 " + hex('1') + "\n" + principal,
                                  first + "id 128 0 " + hex('1') + "\n" + principal,
                                  first + "id -1 0 " + hex('1') + "\n" + principal,
                                  first + "id  0 " + hex('1') + "\n" + principal,
                                  first + "id 1x 0 " + hex('1') + "\n" + principal,
                                  first + "id 4294967297 0 " + hex('1') + "\n" + principal,
                                  first + "id 1 -1 " + hex('1') + "\n" + principal,
                                  first + "id 1 1.5 " + hex('1') + "\n" + principal,
                                  first + "id 1 " + hex('1') + "\n" + principal,
                                  first + "id 2 0 " + hex('2') + "\n" + id + id + principal,
                                  first + "id 1 0 " + hex('1') + " \n" + principal,
                                  first + "id 1  " + hex('1') + "\n" + principal,
                                  first + "id 1 0 " + hex('1').substr(1) + "\n" + principal,
                                  first + "id 1 0 " + hex('1') + "1\n" + principal,
                                  first + "id 1 0 " + hex('g') + "\n" + principal,
                                  first + "id 1\n" + principal,
                                  first + id + "principal\n",
                                  first + id + "principal " + hex('0').substr(2) + "\n",
                                  first + id + "\n" + principal,
                                  first + id + principal + "\n",
                                  first + id + principal + "more 1\n",
                                  first + "Id 1 " + hex('1') + "\n" + principal}) {
    CAPTURE(text);
    CHECK_FALSE(Keyring::parse(summed(text)).has_value());
  }
}

TEST_CASE("a keyring's text that is cut off anywhere is refused") {
  const std::string text =
      summed("libsess keys 1\nid 1 0 " + hex('1') + "\nid 2 0 " + hex('2') + "\nprincipal " + hex('0') + "\n");
  REQUIRE(Keyring::parse(text).has_value());
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {  // only the last line's end may be missing
    CAPTURE(size);
    CHECK_FALSE(Keyring::parse(text.substr(0, size)).has_value());
  }
}

TEST_CASE("a keyring in which a bit has flipped is refused") {
  const std::string text = keyring().to_text();
  for (std::size_t i = 0; i < text.size(); ++i)
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(static_cast<unsigned char>(flipped[i]) ^ (1U << bit));
      CAPTURE(flipped);
      CHECK_FALSE(Keyring::parse(flipped).has_value());
    }
  CHECK_FALSE(Keyring::parse(text + text).has_value());
  CHECK_FALSE(Keyring::parse(text + "more 1\n").has_value());
}

TEST_CASE("a new secret signs after its delay, counted from when all could see it") {
  const auto ring = keyring().rotated(counted<Keyring::Secret>(70), now, 0).value();
  const auto number_at = [&](std::int64_t when, std::int64_t published) {
    return decoded(ring.issue(SessionKind::anonymous, when, published, counted<Chance>(100)).reveal())[0];
  };
  const std::int64_t delay = format::signing_delay.count();
  CHECK(number_at(now, now) == 1);
  CHECK(number_at(now + delay - 1, now) == 1);
  CHECK(number_at(now + delay, now) == 2);
  CHECK(number_at(now + delay, now + 1) == 1);  // writing it took a second
  CHECK(number_at(now - 1000, now) == 1);       // the clock was set back
}

TEST_CASE("a rotation keeps the secrets that were replaced lately, and numbers go round") {
  constexpr std::int64_t day = 86400;
  Keyring ring = keyring();
  const std::string first = issue(ring);
  for (int days = 1; days <= 300; ++days) {
    ring =
        ring.rotated(counted<Keyring::Secret>(static_cast<unsigned>(days)), now + days * day, now + (days - 30) * day)
            .value();
    CHECK(ring.newest_number() == static_cast<unsigned>(days) % 127 + 1);
    CHECK(ring.newest_made() == now + days * day);
    CHECK(ring.secrets() == static_cast<std::size_t>(std::min(days, 30)) + 1);
    CHECK(Keyring::parse(ring.to_text()).value().to_text() == ring.to_text());
    if (days < 127) CHECK(ring.check(first).has_value() == (days <= 30));
  }
}

TEST_CASE("a keyring whose numbers are all taken is not rotated") {
  std::optional<Keyring> ring = keyring();
  for (unsigned secrets = 1; secrets < format::secret_number_limit; ++secrets) {
    ring = ring->rotated(counted<Keyring::Secret>(secrets), now + secrets, 0);
    REQUIRE(ring);
  }
  CHECK_FALSE(ring->rotated(counted<Keyring::Secret>(7), now + 200, 0).has_value());
  CHECK(ring->rotated(counted<Keyring::Secret>(7), now + 200, now + 2).has_value());
}

TEST_CASE("the form of an ID is told from any other text") {
  const std::string text = issue(keyring());
  CHECK(Keyring::has_form_of_id(text));
  CHECK(Keyring::has_form_of_id(std::string(60, 'A')));
  CHECK_FALSE(Keyring::has_form_of_id(text + "A"));
  CHECK_FALSE(Keyring::has_form_of_id(text.substr(1)));
  CHECK_FALSE(Keyring::has_form_of_id(text.substr(1) + "="));
  CHECK_FALSE(Keyring::has_form_of_id(""));
}

TEST_CASE("the secret that signed until now is kept, however short the time, unless nothing is") {
  const auto two = keyring().rotated(counted<Keyring::Secret>(70), now + 1000, 0).value();
  CHECK(two.rotated(counted<Keyring::Secret>(71), now + 5000, now + 4999)->secrets() == 3);
  CHECK(two.rotated(counted<Keyring::Secret>(71), now + 5000, now + 5000)->secrets() == 1);
  const auto three = two.rotated(counted<Keyring::Secret>(71), now + 5000, 0).value();
  CHECK(three.rotated(counted<Keyring::Secret>(72), now + 9000, now + 8999)->secrets() == 3);
}
