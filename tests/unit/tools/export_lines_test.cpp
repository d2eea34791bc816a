#include "../../../tools/sessctl/export_lines.hpp"

#include "format/values_codec.hpp"

#include <sess/transfer.hpp>
#include <sess/value.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace sessctl {
namespace {

using sess::Value;

/// The characters of its line for each byte of its values, as near as makes no difference.
double growth(const Value& value, bool are_names_bytes = false) {
  constexpr int count = 4096;
  sess::SessionCopy copy;
  if (are_names_bytes) {
    Value::Object object;
    for (int n = 0; n < count; ++n)
      object.emplace(std::string{static_cast<char>(0x80 + n % 64), static_cast<char>(0x80 + n / 64)}, value);
    copy.values.emplace("a", std::move(object));
  } else {
    copy.values.emplace("a", Value::Array(count, value));
  }
  std::vector<std::byte> payload;
  sess::format::encode_values(copy.values, payload);
  const std::size_t length = to_line(copy).size();
  CHECK(length <= longest_line(payload.size()));
  return static_cast<double>(length) / static_cast<double>(payload.size());
}

TEST_CASE("no value makes a line longer than the longest") {
  double most = 0;
  for (const bool are_names_bytes : {false, true})
    for (const Value& value : std::vector<Value>{
             Value(),
             Value(false),
             Value(std::numeric_limits<std::int64_t>::min()),
             Value(-64),
             Value(std::nan("")),
             Value(-std::numeric_limits<double>::infinity()),
             Value(-1.2345678901234567e-300),
             Value(""),
             Value("\x01"),
             Value("\x7f"),
             Value(std::string(100, '\x01')),
             Value("\xff"),
             Value("\xff\xff"),
             Value(Value::Bytes{}),
             Value(Value::Bytes(1)),
             Value(Value::Array{}),
             Value(Value::Object{}),
             Value(Value::Object{{"$", Value()}}),
             Value(Value::Object{{"\xff", Value(Value::Bytes{})}}),
             Value(Value::UserType{}),
             Value(Value::UserType{.type_name = {}, .version = 127, .archive = {}}),
             Value(Value::UserType{.type_name = "\x01\x01", .version = 1, .archive = {}}),
         })
      most = std::max(most, growth(value, are_names_bytes));
  // The worst that is known.
  CHECK(most > 12.2);
  CHECK(most < 12.3);
}

}  // namespace
}  // namespace sessctl
