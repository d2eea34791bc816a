#include <sess/wire.hpp>

#include <sess/error.hpp>

#include <bit>

namespace sess {

namespace {

template <class Unsigned>
void append_little_endian(std::vector<std::byte>& buffer, Unsigned bits) {
  for (std::size_t i = 0; i < sizeof bits; ++i) buffer.push_back(static_cast<std::byte>(bits >> (8 * i)));
}

template <class Unsigned>
Unsigned from_little_endian(std::span<const std::byte> bytes) {
  Unsigned bits = 0;
  for (std::size_t i = 0; i < sizeof bits; ++i) bits |= std::to_integer<Unsigned>(bytes[i]) << (8 * i);
  return bits;
}

}  // namespace

void ByteWriter::put_byte(std::uint8_t value) { buffer_.push_back(static_cast<std::byte>(value)); }

void ByteWriter::put_unsigned(std::uint64_t value) {
  while (value >= 0x80) {
    put_byte(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  put_byte(static_cast<std::uint8_t>(value));
}

void ByteWriter::put_signed(std::int64_t value) {
  // Zigzag: 0, -1, 1, -2, ... become 0, 1, 2, 3, ... so that small numbers stay short.
  put_unsigned((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

void ByteWriter::put_float(float value) { append_little_endian(buffer_, std::bit_cast<std::uint32_t>(value)); }

void ByteWriter::put_double(double value) { append_little_endian(buffer_, std::bit_cast<std::uint64_t>(value)); }

void ByteWriter::put_raw(std::span<const std::byte> bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void ByteWriter::put_string(std::string_view text) { put_bytes(std::as_bytes(std::span(text))); }

void ByteWriter::put_bytes(std::span<const std::byte> bytes) {
  put_unsigned(bytes.size());
  put_raw(bytes);
}

void ByteReader::fail(const char* why) const {
  throw CorruptRecord("payload", std::string(why) + " at byte " + std::to_string(at_));
}

std::span<const std::byte> ByteReader::get_raw(std::size_t size) {
  if (size > left()) fail("the bytes end too early");
  const auto raw = bytes_.subspan(at_, size);
  at_ += size;
  return raw;
}

std::uint8_t ByteReader::get_byte() { return std::to_integer<std::uint8_t>(get_raw(1)[0]); }

bool ByteReader::get_bool() {
  const std::uint8_t value = get_byte();
  if (value > 1) fail("a boolean is neither 0 nor 1");
  return value == 1;
}

std::uint64_t ByteReader::get_unsigned() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = get_byte();
    if (shift == 63 && byte > 1) break;
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  fail("a number has more than 64 bits");
}

std::int64_t ByteReader::get_signed() {
  const std::uint64_t zigzag = get_unsigned();
  return static_cast<std::int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
}

float ByteReader::get_float() { return std::bit_cast<float>(from_little_endian<std::uint32_t>(get_raw(4))); }

double ByteReader::get_double() { return std::bit_cast<double>(from_little_endian<std::uint64_t>(get_raw(8))); }

std::size_t ByteReader::get_count() {
  const std::uint64_t count = get_unsigned();
  if (count > left()) fail("a length is larger than what is left");
  return static_cast<std::size_t>(count);
}

std::string ByteReader::get_string() {
  const auto raw = get_raw(get_count());
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

std::vector<std::byte> ByteReader::get_bytes() {
  const auto raw = get_raw(get_count());
  return {raw.begin(), raw.end()};
}

void ByteReader::finish() const {
  if (left() != 0) fail("there are bytes after the end");
}

}  // namespace sess
