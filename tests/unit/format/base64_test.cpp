#include "format/base64.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace sess::format {
namespace {

using Bytes = std::vector<std::uint8_t>;

const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

TEST_CASE("the texts of RFC 4648, section 10") {
  const auto text = [](std::string_view bytes) { return to_base64(Bytes(bytes.begin(), bytes.end())); };
  CHECK(text("").empty());
  CHECK(text("f") == "Zg");
  CHECK(text("fo") == "Zm8");
  CHECK(text("foo") == "Zm9v");
  CHECK(text("foob") == "Zm9vYg");
  CHECK(text("fooba") == "Zm9vYmE");
  CHECK(text("foobar") == "Zm9vYmFy");
  CHECK(to_base64(Bytes{0xfb, 0xff}) == "-_8");
}

TEST_CASE("what is written is read back, and nothing else is read") {
  for (std::size_t size = 0; size < 70; ++size) {
    Bytes bytes(size);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t(200));
    const std::string text = to_base64(bytes);
    Bytes read(size);
    CHECK(from_base64(text, read));
    CHECK(read == bytes);
    Bytes more(size + 1);
    CHECK_FALSE(from_base64(text, more));
    CHECK_FALSE(from_base64(text + "A", read));
    CHECK_FALSE(from_base64(text + "=", read));
    CHECK_FALSE(from_base64(text + "\n", read));
    if (size == 0) continue;
    Bytes fewer(size - 1);
    CHECK_FALSE(from_base64(text, fewer));
    CHECK_FALSE(from_base64(text.substr(1), read));
  }
}

TEST_CASE("each byte has its place in the alphabet or is refused, wherever it stands") {
  std::array<std::uint8_t, 48> bytes{};
  for (int value = 0; value < 256; ++value) {
    const char character = static_cast<char>(value);
    CAPTURE(value);
    for (std::size_t at = 0; at < 64; ++at) {
      std::string text = alphabet;
      text[at] = character;
      const bool read = from_base64(text, bytes);
      CHECK(read == (alphabet.find(character) != std::string::npos));
      if (read) CHECK(to_base64(bytes) == text);
    }
  }
}

TEST_CASE("of the texts for the same bytes only one is read") {
  std::array<std::uint8_t, 1> byte{};
  int read = 0;
  for (const char last : alphabet) read += from_base64(std::string("A") + last, byte) ? 1 : 0;
  CHECK(read == 4);  // those whose four bits that stand for nothing are zero
}

}  // namespace
}  // namespace sess::format
