#include "../../../tools/sessctl/json_value.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>

#include <doctest/doctest.h>

using sess::Value;
using sessctl::InvalidJson;
using sessctl::JsonLine;
using sessctl::to_json;
using sessctl::value_from_json;

namespace {

Value::Bytes bytes(std::initializer_list<int> numbers) {
  Value::Bytes made;
  for (const int number : numbers) made.push_back(static_cast<std::byte>(number));
  return made;
}

Value object(std::string name, Value member) { return Value(Value::Object{{std::move(name), std::move(member)}}); }

}  // namespace

TEST_CASE("every kind of value but a user type comes back from JSON as it went") {
  const Value::Array all{Value(),
                         true,
                         false,
                         0,
                         -1,
                         INT64_MAX,
                         INT64_MIN,
                         0.5,
                         1.0,
                         -0.0,
                         1e300,
                         5e-324,
                         "",
                         "a\"\\\n\t\x1b\x7f/\xC3\xA4\xF0\x9F\x98\x80",
                         std::string("a\0b", 3),
                         bytes({}),
                         bytes({0}),
                         bytes({0, 1}),
                         bytes({0, 1, 254, 255}),
                         Value(Value::Array{}),
                         Value(Value::Object{}),
                         Value(Value::Object{{"", 1}, {"b", Value(Value::Array{2, "c"})}})};
  for (const Value& value : all) {
    CAPTURE(to_json(value));
    const Value back = value_from_json(to_json(value));
    CHECK(back == value);
    CHECK(back.type() == value.type());
  }
  CHECK(value_from_json(to_json(Value(all))) == Value(all));
}

TEST_CASE("a real keeps its type, an integer its own") {
  CHECK(to_json(Value(1.0)) == "1.0");
  CHECK(to_json(Value(1)) == "1");
  CHECK(value_from_json("1").type() == Value::Type::integer);
  CHECK(value_from_json("1.0").type() == Value::Type::real);
  CHECK(value_from_json("1e2") == Value(100.0));
}

TEST_CASE("reals that are no numbers have a form of their own") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(to_json(Value(infinity)) == R"({"$real":"inf"})");
  CHECK(value_from_json(R"({"$real":"inf"})") == Value(infinity));
  CHECK(value_from_json(R"({"$real":"-inf"})") == Value(-infinity));
  CHECK(std::isnan(value_from_json(to_json(Value(std::nan("")))).as<double>()));
}

TEST_CASE("integers beyond 64 bits with a sign are refused, not rounded") {
  CHECK(value_from_json("9223372036854775807") == Value(INT64_MAX));
  CHECK(value_from_json("-9223372036854775808") == Value(INT64_MIN));
  for (const char* text : {"9223372036854775808", "18446744073709551615", "18446744073709551616",
                           "-9223372036854775809", "[1,99999999999999999999999999]"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(value_from_json(text), InvalidJson);
  }
  CHECK_THROWS_AS(value_from_json("1e999"), InvalidJson);
}

TEST_CASE("bytes are base64 with padding, and nothing else is taken for it") {
  CHECK(to_json(Value(bytes({0, 1, 2, 255}))) == R"({"$bytes":"AAEC/w=="})");
  for (const char* text : {R"({"$bytes":"AAEC/w"})", R"({"$bytes":"AAEC_w=="})", R"({"$bytes":"AA EC"})",
                           R"({"$bytes":"A"})", R"({"$bytes":"AAEé"})", R"({"$bytes":1})", R"({"$bytes":null})"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(value_from_json(text), InvalidJson);
  }
}

TEST_CASE("an object that looks like a special form is written so that it comes back as an object") {
  const Value plain = object("$bytes", "AAEC");
  CHECK(to_json(plain) == R"({"$object":{"$bytes":"AAEC"}})");
  for (const Value& value : {plain, object("$object", 1), object("$object", object("$object", object("a", 1))),
                             object("$object", bytes({1})), object("$user", plain), object("$", Value()),
                             object("$real", Value(std::numeric_limits<double>::infinity()))}) {
    CAPTURE(to_json(value));
    CHECK(value_from_json(to_json(value)) == value);
  }
  const Value two(Value::Object{{"$bytes", "AAEC"}, {"$object", bytes({1})}});
  CHECK(to_json(two) == R"({"$bytes":"AAEC","$object":{"$bytes":"AQ=="}})");
  CHECK(value_from_json(to_json(two)) == two);
  CHECK_THROWS_AS(value_from_json(R"({"$date":"2026-01-01"})"), InvalidJson);
  CHECK_THROWS_AS(value_from_json(R"({"$object":[]})"), InvalidJson);
}

TEST_CASE("a user type is shown as name, version and size, and cannot be written") {
  const Value value(Value::UserType{"shop.cart", 2, bytes({1, 2, 3})});
  CHECK(to_json(value) == R"({"$user":{"type":"shop.cart","version":2,"size":3}})");
  CHECK_THROWS_AS(value_from_json(to_json(value)), InvalidJson);
}

TEST_CASE("what is not UTF-8 becomes a replacement character, and no control character is left raw") {
  CHECK(to_json(Value("a\xFF\xC0z")) == R"("a\ufffd\ufffdz")");
  CHECK(to_json(Value("\x1b[2J\xC2\x9B\x7f\xE2\x80\xAE")) == "\"\\u001b[2J\\u009b\\u007f\\u202e\"");
  CHECK(to_json(object("\x1b\xFF", 1)) == R"({"\u001b\ufffd":1})");
  CHECK(to_json(Value(Value::UserType{"\x1b\xFF", 1, {}})) ==
        R"({"$user":{"type":"\u001b\ufffd","version":1,"size":0}})");
}

TEST_CASE("what is not JSON is refused with words that do not repeat it") {
  for (const char* text :
       {"", " ", "secret", "{secret", R"({"secret":})", R"(["secret",])", R"("secret)", "1 secret", "nul", "'secret'",
        R"({"secret":1,"secret":2})", "NaN", "// secret\n1", "\"secret\xFF\"", "01"}) {
    CAPTURE(text);
    try {
      static_cast<void>(value_from_json(text));
      FAIL_CHECK("taken for JSON");
    } catch (const InvalidJson& error) {
      CHECK(std::string(error.what()).find("secret") == std::string::npos);
    }
  }
}

TEST_CASE("nesting beyond what a session can hold is refused, and counted in values, not in JSON") {
  const auto nested = [](int depth) {
    const auto times = static_cast<std::size_t>(depth);
    return std::string(times, '[') + std::string(times, ']');
  };
  CHECK(value_from_json(nested(Value::depth_limit)).type() == Value::Type::array);
  CHECK_THROWS_AS(value_from_json(nested(Value::depth_limit + 1)), InvalidJson);
  CHECK_THROWS_AS(value_from_json(std::string(1'000'000, '[')), InvalidJson);
  Value deepest;
  for (int depth = 0; depth < Value::depth_limit; ++depth) deepest = object("$object", std::move(deepest));
  CHECK(value_from_json(to_json(deepest)) == deepest);
}

TEST_CASE("a line of JSON keeps the order of its fields") {
  sess::Values values;
  values["$bytes"] = Value("AAEC");
  CHECK(JsonLine().add("z", 1).add("a", "x\n").add_values("values", values).text() ==
        R"({"z":1,"a":"x\n","values":{"$bytes":"AAEC"}})");
  CHECK(JsonLine().text() == "{}");
}
