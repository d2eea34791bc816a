#include "base64.hpp"

#include "json_value.hpp"

#include <cstddef>

#include <sodium.h>

namespace sessctl {
namespace {

constexpr int variant = sodium_base64_VARIANT_ORIGINAL;

}  // namespace

std::string to_base64(const sess::Value::Bytes& bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    variant);
  text.pop_back();  // the final zero
  return text;
}

sess::Value::Bytes from_base64(std::string_view text) {
  sess::Value::Bytes bytes(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                        &size, &end, variant) == 0) {
    bytes.resize(size);
    // Compared, because libsodium 1.0.18 takes each byte from 0x80 on for '/' where char is signed.
    if (end == text.data() + text.size() && to_base64(bytes) == text) return bytes;
  }
  throw InvalidJson("what should be base64 is not");
}

}  // namespace sessctl
