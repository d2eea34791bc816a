// The primitives that payloads are made of.
#include <sess/wire.hpp>

#include <sess/error.hpp>

#include "allocation_meter.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

using namespace sess;

namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes(std::initializer_list<int> numbers) {
  Bytes made;
  for (const int number : numbers) made.push_back(static_cast<std::byte>(number));
  return made;
}

template <class Put>
Bytes written(Put put) {
  Bytes buffer;
  ByteWriter out(buffer);
  put(out);
  return buffer;
}

std::string why(const Bytes& input, void (*read)(ByteReader&)) {
  ByteReader in(input);
  try {
    read(in);
  } catch (const CorruptRecord& error) {
    return error.why();
  }
  return "";
}

void read_unsigned(ByteReader& in) { in.get_unsigned(); }
void read_string(ByteReader& in) { in.get_string(); }
void read_bytes(ByteReader& in) { in.get_bytes(); }

}  // namespace

TEST_CASE("unsigned integers are LEB128") {
  const auto of = [](std::uint64_t value) { return written([&](ByteWriter& out) { out.put_unsigned(value); }); };
  CHECK(of(0) == bytes({0x00}));
  CHECK(of(2) == bytes({0x02}));  // the examples of DWARF 5, table 7.7
  CHECK(of(127) == bytes({0x7f}));
  CHECK(of(128) == bytes({0x80, 0x01}));
  CHECK(of(129) == bytes({0x81, 0x01}));
  CHECK(of(12857) == bytes({0xb9, 0x64}));
  CHECK(of(16383) == bytes({0xff, 0x7f}));
  CHECK(of(16384) == bytes({0x80, 0x80, 0x01}));
  CHECK(of(UINT64_MAX) == bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
}

TEST_CASE("signed integers are zigzag-mapped first") {
  const auto of = [](std::int64_t value) { return written([&](ByteWriter& out) { out.put_signed(value); }); };
  CHECK(of(0) == bytes({0x00}));
  CHECK(of(-1) == bytes({0x01}));
  CHECK(of(1) == bytes({0x02}));
  CHECK(of(-2) == bytes({0x03}));
  CHECK(of(63) == bytes({0x7e}));
  CHECK(of(-64) == bytes({0x7f}));
  CHECK(of(64) == bytes({0x80, 0x01}));
  CHECK(of(INT64_MAX) == bytes({0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
  CHECK(of(INT64_MIN) == bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
}

TEST_CASE("integers come back, at every power of two and beside it") {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const int beside : {-1, 0, 1}) {
      const std::uint64_t number = (std::uint64_t{1} << bit) + static_cast<std::uint64_t>(beside);
      const auto as_signed = static_cast<std::int64_t>(number);
      CAPTURE(number);
      const Bytes buffer = written([&](ByteWriter& out) {
        out.put_unsigned(number);
        out.put_signed(as_signed);
        out.put_signed(static_cast<std::int64_t>(0 - number));
      });
      ByteReader in(buffer);
      CHECK(in.get_unsigned() == number);
      CHECK(in.get_signed() == as_signed);
      CHECK(in.get_signed() == static_cast<std::int64_t>(0 - number));
      in.finish();
    }
  }
}

TEST_CASE("a number of more than 64 bits is refused, and so is one that does not end") {
  const auto too_long = "a number has more than 64 bits at byte 10";
  CHECK(why(bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}), read_unsigned) == too_long);
  CHECK(why(bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), read_unsigned) == too_long);
  CHECK(why(bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00}), read_unsigned) == too_long);
  CHECK(why({}, read_unsigned) == "the bytes end too early at byte 0");
  CHECK(why(bytes({0x80}), read_unsigned) == "the bytes end too early at byte 1");
  CHECK(why(Bytes(1000, std::byte{0x80}), read_unsigned) == too_long);
}

TEST_CASE("a number may have leading zero groups, which no writer makes") {
  const Bytes padded = bytes({0x81, 0x80, 0x00, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01});
  ByteReader in(padded);
  CHECK(in.get_unsigned() == 1);
  CHECK(in.get_unsigned() == std::uint64_t{1} << 63);
  in.finish();
}

TEST_CASE("floating point is IEEE 754, little-endian, bit for bit") {
  CHECK(written([](ByteWriter& out) { out.put_double(1.0); }) == bytes({0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
  CHECK(written([](ByteWriter& out) { out.put_double(-2.5); }) == bytes({0, 0, 0, 0, 0, 0, 0x04, 0xc0}));
  CHECK(written([](ByteWriter& out) { out.put_float(1.0F); }) == bytes({0, 0, 0x80, 0x3f}));
  using Double = std::numeric_limits<double>;
  for (const double number : {0.0, -0.0, 0.1, Double::min(), Double::denorm_min(), Double::max(), Double::lowest(),
                              Double::infinity(), -Double::infinity(), std::nan("0x5e55")}) {
    const Bytes buffer = written([&](ByteWriter& out) { out.put_double(number); });
    ByteReader in(buffer);
    CHECK(std::bit_cast<std::uint64_t>(in.get_double()) == std::bit_cast<std::uint64_t>(number));
  }
  using Float = std::numeric_limits<float>;
  for (const float number : {0.0F, -0.0F, 0.1F, Float::denorm_min(), Float::max(), Float::infinity()}) {
    const Bytes buffer = written([&](ByteWriter& out) { out.put_float(number); });
    ByteReader in(buffer);
    CHECK(std::bit_cast<std::uint32_t>(in.get_float()) == std::bit_cast<std::uint32_t>(number));
  }
  CHECK(why(Bytes(7), [](ByteReader& in) { in.get_double(); }) == "the bytes end too early at byte 0");
  CHECK(why(Bytes(3), [](ByteReader& in) { in.get_float(); }) == "the bytes end too early at byte 0");
}

TEST_CASE("a boolean is a byte that is 0 or 1") {
  CHECK(written([](ByteWriter& out) {
          out.put_bool(true);
          out.put_bool(false);
        }) == bytes({1, 0}));
  for (int value = 2; value < 256; ++value) {
    CAPTURE(value);
    CHECK(why(bytes({value}), [](ByteReader& in) { in.get_bool(); }) == "a boolean is neither 0 nor 1 at byte 1");
  }
}

TEST_CASE("strings and bytes carry their length, and may hold any byte") {
  const std::string text("a\0\xff", 3);
  const Bytes buffer = written([&](ByteWriter& out) {
    out.put_string(text);
    out.put_string("");
    out.put_bytes(bytes({0, 1, 2}));
    out.put_raw(bytes({7, 8}));
    out.put_byte(9);
  });
  CHECK(buffer == bytes({3, 'a', 0, 0xff, 0, 3, 0, 1, 2, 7, 8, 9}));
  ByteReader in(buffer);
  CHECK(in.get_string() == text);
  CHECK(in.get_string().empty());
  CHECK(in.get_bytes() == bytes({0, 1, 2}));
  CHECK(in.get_raw(2).data() == buffer.data() + 9);  // in place
  CHECK(in.left() == 1);
  CHECK_THROWS_AS(in.finish(), CorruptRecord);
  CHECK(in.get_byte() == 9);
  in.finish();
}

TEST_CASE("a length beyond the end is refused before anything is allocated for it") {
  const auto too_large = "a length is larger than what is left";
  for (const std::uint64_t length : {std::uint64_t{3}, std::uint64_t{1} << 20, std::uint64_t{8} << 30,
                                     std::uint64_t{1} << 63, UINT64_MAX - 1, UINT64_MAX}) {
    CAPTURE(length);
    const Bytes buffer = written([&](ByteWriter& out) {
      out.put_unsigned(length);
      out.put_raw(bytes({'a', 'b'}));
    });
    const test::AllocationMeter meter;
    CHECK(why(buffer, read_string).starts_with(too_large));
    CHECK(why(buffer, read_bytes).starts_with(too_large));
    CHECK(why(buffer, [](ByteReader& in) { in.get_count(); }).starts_with(too_large));
    CHECK(meter.largest() < 1024);
  }
  CHECK(why(bytes({1, 2}), [](ByteReader& in) { in.get_raw(SIZE_MAX); }) == "the bytes end too early at byte 0");
  const Bytes exact = bytes({2, 0, 0});
  ByteReader in(exact);
  CHECK(in.get_count() == 2);
}
