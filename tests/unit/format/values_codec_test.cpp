// Values to payload and back.
#include "format/values_codec.hpp"

#include <sess/error.hpp>

#include "allocation_meter.hpp"
#include "support/system_call.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace sess;
using namespace sess::format;
using Bytes = std::vector<std::byte>;

namespace {

Bytes encoded(const Values& values) {
  Bytes payload;
  encode_values(values, payload);
  return payload;
}

Bytes bytes(std::initializer_list<int> numbers) {
  Bytes made;
  for (const int number : numbers) made.push_back(static_cast<std::byte>(number));
  return made;
}

/// Why the payload is refused; empty if it is not.
std::string refusal(const Bytes& payload) {
  try {
    decode_values(payload);
  } catch (const CorruptRecord& error) {
    return error.why();
  }
  return "";
}

Values one_of_each() {
  return {{"", Value("the empty name")},
          {"array", Value(Value::Array{Value(1), Value("two"), Value(), Value(Value::Array{})})},
          {"bytes", Value(bytes({0, 255}))},
          {"false", Value(false)},
          {"integer", Value(-300)},
          {"null", Value()},
          {"object", Value(Value::Object{{"a", Value(true)}, {"b", Value(Value::Object{})}})},
          {"real", Value(0.25)},
          {"string", Value(std::string("nul \0 inside", 12))},
          {"true", Value(true)},
          {"user", Value(Value::UserType{"shop.cart", 3, bytes({9, 8, 7})})}};
}

/// An integer below so many arrays or objects, as the value called "a".
Values nested(int levels, bool in_objects) {
  Value value(1);
  for (int i = 0; i < levels; ++i) {
    if (in_objects) {
      Value::Object object;
      object.emplace("a", std::move(value));
      value = Value(std::move(object));
    } else {
      Value::Array array;
      array.push_back(std::move(value));
      value = Value(std::move(array));
    }
  }
  Values values;
  values.emplace("a", std::move(value));
  return values;
}

/// Decodes; what decodes must have one canonical form.
void decode_anything(const Bytes& payload) {
  Bytes canonical;
  try {
    canonical = encoded(decode_values(payload));
  } catch (const CorruptRecord&) {
    return;
  }
  if (canonical != payload && encoded(decode_values(canonical)) != canonical) FAIL("no canonical form");
}

}  // namespace

TEST_CASE("every type of value has its tag and its bytes") {
  const auto of = [](Value value) {
    Bytes payload = encoded({{"n", std::move(value)}});
    REQUIRE(payload.size() > 3);
    CHECK(Bytes(payload.begin(), payload.begin() + 3) == bytes({1, 1, 'n'}));  // one value, a name of one byte
    return Bytes(payload.begin() + 3, payload.end());
  };
  CHECK(of(Value()) == bytes({0}));
  CHECK(of(false) == bytes({1}));
  CHECK(of(true) == bytes({2}));
  CHECK(of(-3) == bytes({3, 5}));
  CHECK(of(1.0) == bytes({4, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
  CHECK(of("hi") == bytes({5, 2, 'h', 'i'}));
  CHECK(of(bytes({7, 8})) == bytes({6, 2, 7, 8}));
  CHECK(of(Value::Array{Value(1), Value()}) == bytes({7, 2, 3, 2, 0}));
  CHECK(of(Value::Object{{"k", Value(true)}}) == bytes({8, 1, 1, 'k', 2}));
  CHECK(of(Value::UserType{"T", 200, bytes({5})}) == bytes({9, 1, 'T', 0xc8, 1, 1, 5}));
  CHECK(encoded({}) == bytes({0}));
}

TEST_CASE("every type of value comes back") {
  const Values values = one_of_each();
  CHECK(decode_values(encoded(values)) == values);
  CHECK(decode_values(encoded({})).empty());
  for (const std::int64_t number : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX})
    CHECK(decode_values(encoded({{"n", Value(number)}})).at("n") == Value(number));
  using Double = std::numeric_limits<double>;
  for (const double number : {-0.0, Double::max(), Double::denorm_min(), -Double::infinity(), std::nan("0x123")}) {
    const double found = decode_values(encoded({{"n", Value(number)}})).at("n").as<double>();
    CHECK(std::bit_cast<std::uint64_t>(found) == std::bit_cast<std::uint64_t>(number));
  }
  const std::string large(1'000'000, 'x');
  CHECK(decode_values(encoded({{large, Value(large)}})).at(large).as<std::string>() == large);
}

TEST_CASE("equal values have equal bytes, in whatever order they came") {
  Values backwards;
  const Values values = one_of_each();
  for (auto value = values.rbegin(); value != values.rend(); ++value) backwards.insert(*value);
  CHECK(encoded(backwards) == encoded(values));
}

TEST_CASE("what is written replaces what the buffer held") {
  Bytes payload(100, std::byte{0xff});
  encode_values({{"a", Value(1)}}, payload);
  CHECK(payload == encoded({{"a", Value(1)}}));
}

TEST_CASE("values nest as deep as the limit and no deeper, when they are written") {
  for (const bool in_objects : {false, true}) {
    const Values deepest = nested(Value::depth_limit - 1, in_objects);
    CHECK(decode_values(encoded(deepest)) == deepest);
    CHECK_THROWS_AS(encoded(nested(Value::depth_limit, in_objects)), UsageError);
    CHECK_THROWS_AS(encoded(nested(1000, in_objects)), UsageError);
  }
}

TEST_CASE("values nested deeper than the limit are refused when they are read") {
  for (const auto& level : {bytes({7, 1}), bytes({8, 1, 1, 'a'})}) {
    const auto payload = [&](int levels) {
      Bytes made = bytes({1, 1, 'a'});
      for (int i = 0; i < levels; ++i) made.insert(made.end(), level.begin(), level.end());
      made.push_back(std::byte{0});
      return made;
    };
    CHECK(refusal(payload(Value::depth_limit - 1)).empty());
    CHECK(refusal(payload(Value::depth_limit)).starts_with("values are nested too deeply"));
    CHECK(refusal(payload(300'000)).starts_with("values are nested too deeply"));
  }
}

TEST_CASE("names that are out of order, or there twice, are refused") {
  CHECK(refusal(bytes({2, 1, 'a', 0, 1, 'b', 0})).empty());
  for (const auto& payload :
       {bytes({2, 1, 'b', 0, 1, 'a', 0}), bytes({2, 1, 'a', 0, 1, 'a', 0}), bytes({2, 1, 'a', 0, 0, 0}),
        bytes({2, 0, 0, 0, 0}), bytes({2, 1, 0xc3, 0, 1, 'a', 0}), bytes({1, 1, 'o', 8, 2, 1, 'b', 0, 1, 'a', 0})})
    CHECK(refusal(payload).starts_with("names are not in order"));
}

TEST_CASE("an unknown tag and bytes after the end are refused") {
  for (int tag = 10; tag < 256; ++tag) {
    CAPTURE(tag);
    CHECK(refusal(bytes({1, 1, 'a', tag})).starts_with("an unknown type of value"));
  }
  Bytes payload = encoded(one_of_each());
  payload.push_back(std::byte{0});
  CHECK(refusal(payload).starts_with("there are bytes after the end"));
  CHECK(refusal({}).starts_with("the bytes end too early"));
}

TEST_CASE("the version of a user type has 32 bits") {
  CHECK(refusal(bytes({1, 1, 'u', 9, 1, 'T', 0xff, 0xff, 0xff, 0xff, 0x0f, 0})).empty());
  CHECK(refusal(bytes({1, 1, 'u', 9, 1, 'T', 0x80, 0x80, 0x80, 0x80, 0x10, 0})) ==
        "a number does not fit its type at byte 11");
}

TEST_CASE("a payload that is cut off anywhere is refused") {
  const Bytes payload = encoded(one_of_each());
  for (std::size_t size = 0; size < payload.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(refusal({payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(size)}).empty());
  }
}

TEST_CASE("forged counts allocate nothing big") {
  const Bytes counts[] = {bytes({0xff, 0xff, 0x03}), bytes({0x80, 0x80, 0x80, 0x80, 0x20}),
                          bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})};
  for (const Bytes& count : counts) {
    // As the number of values, the length of a name, and of what a string, bytes, array, object, user type claims.
    for (const auto& before :
         {bytes({}), bytes({1}), bytes({1, 1, 'a', 5}), bytes({1, 1, 'a', 6}), bytes({1, 1, 'a', 7}),
          bytes({1, 1, 'a', 8}), bytes({1, 1, 'a', 9}), bytes({1, 1, 'a', 9, 1, 'T', 1}), bytes({1, 1, 'a', 7, 1, 7}),
          bytes({1, 1, 'a', 8, 1, 1, 'b', 8})}) {
      Bytes payload = before;
      payload.insert(payload.end(), count.begin(), count.end());
      payload.insert(payload.end(), 16, std::byte{1});
      const test::AllocationMeter meter;
      CHECK(refusal(payload).starts_with("a length is larger than what is left"));
      CHECK(meter.highest() < 4096);
    }
  }
}

TEST_CASE("a count that the rest could hold costs no memory before its elements come") {
  constexpr std::size_t size = 1 << 20;
  Bytes payload = bytes({1, 1, 'a', 7, 0xf0, 0xff, 0x3f});  // an array of nearly as many elements as bytes follow
  payload.resize(size, std::byte{0xff});                    // the first of which is no value
  const test::AllocationMeter meter;
  CHECK(refusal(payload).starts_with("an unknown type of value"));
  CHECK(meter.highest() < 4096);
}

TEST_CASE("decoding takes at most a bounded multiple of the payload's size") {
  constexpr std::size_t count = 100'000;
  constexpr std::size_t most = 256;  // times its size, while the array of the smallest elements grows
  for (const auto& element : {bytes({0}), bytes({7, 0}), bytes({8, 0}), bytes({5, 0}), bytes({9, 0, 0, 0}),
                              bytes({7, 1, 0}), bytes({8, 1, 0, 0})}) {
    Bytes payload = bytes({1, 1, 'a', 7, 0xa0, 0x8d, 0x06});
    for (std::size_t i = 0; i < count; ++i) payload.insert(payload.end(), element.begin(), element.end());
    const test::AllocationMeter meter;
    CHECK(decode_values(payload).at("a").as<Value::Array>().size() == count);
    CAPTURE(element.size());
    CHECK(meter.highest() < most * payload.size());
  }
}

TEST_CASE("random bytes are refused or decoded, and never more than that") {
  std::uint64_t seed = 20'240'601;
  for (int round = 0; round < 100'000; ++round) {
    Bytes payload(test::next_random(seed) % 64);
    // Small numbers more often than not: they are tags, counts and lengths that lead somewhere.
    const std::uint64_t range = round % 2 == 0 ? 256 : 12;
    for (std::byte& byte : payload) byte = static_cast<std::byte>(test::next_random(seed) % range);
    if (!payload.empty() && round % 4 == 1) payload[0] = std::byte{1};
    decode_anything(payload);
  }
}

TEST_CASE("damaged payloads are refused or decoded, and never more than that") {
  const Bytes good = encoded(one_of_each());
  std::uint64_t seed = 7;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes payload = good;
      payload[at] = static_cast<std::byte>(value);
      decode_anything(payload);
    }
  }
  for (int round = 0; round < 20'000; ++round) {
    Bytes payload = good;
    for (std::uint64_t changes = 1 + test::next_random(seed) % 4; changes > 0; --changes) {
      const auto at = static_cast<std::ptrdiff_t>(test::next_random(seed) % payload.size());
      const std::uint64_t how = test::next_random(seed) % 3;
      const auto byte = static_cast<std::byte>(test::next_random(seed));
      if (how == 0) payload[static_cast<std::size_t>(at)] = byte;
      if (how == 1) payload.insert(payload.begin() + at, byte);
      if (how == 2 && payload.size() > 1) payload.erase(payload.begin() + at);
    }
    decode_anything(payload);
  }
}
