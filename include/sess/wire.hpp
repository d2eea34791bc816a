// Bytes out and in: the primitives that payloads are made of (src/FORMAT.md, "Wire types").
//
// Integers are LEB128 (DWARF 5, section 7.6), signed ones zigzag-mapped first, so that a value has the same
// bytes on every platform whatever the width of `long`. Floating point is IEEE 754, little-endian. A reader
// checks every length against what is left before it allocates anything.
#pragma once

#include <sess/export.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sess {

/// Appends to a buffer that the caller owns and keeps alive.
class SESS_API ByteWriter {
 public:
  explicit ByteWriter(std::vector<std::byte>& buffer) noexcept : buffer_(buffer) {}

  void put_byte(std::uint8_t value);
  void put_bool(bool value) { put_byte(value ? 1 : 0); }
  void put_unsigned(std::uint64_t value);
  void put_signed(std::int64_t value);
  void put_float(float value);
  void put_double(double value);
  void put_raw(std::span<const std::byte> bytes);
  /// Length, then the bytes.
  void put_string(std::string_view text);
  void put_bytes(std::span<const std::byte> bytes);

 private:
  std::vector<std::byte>& buffer_;
};

/// Reads from memory that the caller keeps alive. Every get throws CorruptRecord where the bytes end too
/// early or do not fit the type; nothing is allocated from a length that has not been checked.
class SESS_API ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  std::uint8_t get_byte();
  bool get_bool();  // a byte that is 0 or 1
  std::uint64_t get_unsigned();
  std::int64_t get_signed();
  float get_float();
  double get_double();
  /// The next `size` bytes, in place.
  std::span<const std::byte> get_raw(std::size_t size);
  std::string get_string();
  std::vector<std::byte> get_bytes();
  /// A number of elements, each of which takes at least one byte: never more than what is left.
  std::size_t get_count();
  std::size_t left() const noexcept { return bytes_.size() - at_; }
  /// Throws CorruptRecord unless everything has been read.
  void finish() const;

  /// Throws CorruptRecord with this reason.
  [[noreturn]] void fail(const char* why) const;

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

}  // namespace sess
