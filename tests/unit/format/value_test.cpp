// Values in and out of C++ types.
#include <sess/value.hpp>

#include <doctest/doctest.h>

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

using namespace sess;
using Type = Value::Type;

namespace {

struct Point {
  int x = 0;
  int y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

struct Other {};
enum class Colour : std::uint8_t { red, green };

}  // namespace

template <>
struct sess::Codec<Point> {
  static std::string_view type_name() { return "test.point"; }
  static std::uint32_t version() { return 2; }
  static void encode(ByteWriter& out, const Point& point) {
    out.put_signed(point.x);
    out.put_signed(point.y);
  }
  static Point decode(ByteReader& in, std::uint32_t version) {
    Point point;
    point.x = static_cast<int>(in.get_signed());
    if (version >= 2) point.y = static_cast<int>(in.get_signed());  // version 1 was on a line
    return point;
  }
};

namespace {

// What must not go in without being asked for.
static_assert(!std::is_constructible_v<Value, Colour>);
static_assert(!std::is_constructible_v<Value, Other>);
static_assert(std::is_constructible_v<Value, Point>);
static_assert(HasCodec<Point> && !HasCodec<Other> && !HasCodec<int> && !HasCodec<std::string>);

/// What the message of the refusal says is there; empty if it is no refusal.
template <class T>
std::string refused(const Value& value) {
  try {
    static_cast<void>(value.as<T>("n"));
  } catch (const TypeMismatch& error) {
    CHECK(error.name() == "n");
    return error.found();
  }
  return "";
}

template <class T>
void has_range(std::int64_t lowest, std::int64_t highest) {
  CHECK(Value(static_cast<T>(lowest)) == Value(lowest));
  CHECK(Value(static_cast<T>(highest)) == Value(highest));
  CHECK(Value(lowest).as<T>() == static_cast<T>(lowest));
  CHECK(Value(highest).as<T>() == static_cast<T>(highest));
  if constexpr (sizeof(T) < 8) {
    CHECK(refused<T>(Value(lowest - 1)) == "integer");
    CHECK(refused<T>(Value(highest + 1)) == "integer");
  }
}

std::vector<Value> one_of_each() {
  return {Value(),
          Value(true),
          Value(1),
          Value(1.0),
          Value("1"),
          Value(Value::Bytes{std::byte{1}}),
          Value(Value::Array{Value(1)}),
          Value(Value::Object{{"a", Value(1)}}),
          Value(Value::UserType{"test.point", 2, {std::byte{2}, std::byte{4}}})};
}

}  // namespace

TEST_CASE("a value is of the type that it was made from") {
  CHECK(Value().type() == Type::null);
  CHECK(Value(nullptr).is_null());
  CHECK(Value(false).type() == Type::boolean);
  CHECK(Value(0).type() == Type::integer);
  CHECK(Value('a').type() == Type::integer);
  CHECK(Value(u'a').type() == Type::integer);
  CHECK(Value(std::uint8_t{200}).type() == Type::integer);
  CHECK(Value(0.0F).type() == Type::real);
  CHECK(Value("").type() == Type::string);
  CHECK(Value(std::string_view("x")).type() == Type::string);
  CHECK(Value(std::string("x")).type() == Type::string);
  CHECK(Value(Value::Bytes{}).type() == Type::bytes);
  CHECK(Value(std::vector<int>{}).type() == Type::array);
  CHECK(Value(std::vector<bool>{true}).type() == Type::array);
  CHECK(Value(std::map<std::string, int>{}).type() == Type::object);
  CHECK(Value(Point{}).type() == Type::user);
}

TEST_CASE("integers of every width are checked for their range") {
  has_range<std::int8_t>(-128, 127);
  has_range<std::uint8_t>(0, 255);
  has_range<std::int16_t>(-32768, 32767);
  has_range<std::uint16_t>(0, 65535);
  has_range<std::int32_t>(INT32_MIN, INT32_MAX);
  has_range<std::uint32_t>(0, UINT32_MAX);
  has_range<std::int64_t>(INT64_MIN, INT64_MAX);
  has_range<std::uint64_t>(0, INT64_MAX);
  CHECK(refused<std::uint64_t>(Value(-1)) == "integer");
  // On ARM, too, where they have no sign.
  has_range<char>(-128, 127);
  has_range<wchar_t>(INT32_MIN, INT32_MAX);
  has_range<char32_t>(0, 0xffffffff);
}

TEST_CASE("an unsigned integer beyond 63 bits is refused when it goes in") {
  CHECK(Value(std::uint64_t{INT64_MAX}).as<std::int64_t>() == INT64_MAX);
  CHECK_THROWS_AS(Value(std::uint64_t{INT64_MAX} + 1), TypeMismatch);
  CHECK_THROWS_AS(Value(UINT64_MAX), TypeMismatch);
}

TEST_CASE("nothing is converted silently from one type to another") {
  const auto values = one_of_each();
  for (const Value& value : values) {
    const Type type = value.type();
    CAPTURE(value.type_text());
    CHECK(refused<bool>(value).empty() == (type == Type::boolean));
    CHECK(refused<int>(value).empty() == (type == Type::integer));
    CHECK(refused<char>(value).empty() == (type == Type::integer));
    CHECK(refused<double>(value).empty() == (type == Type::real));
    CHECK(refused<float>(value).empty() == (type == Type::real));
    CHECK(refused<std::string>(value).empty() == (type == Type::string));
    CHECK(refused<Value::Bytes>(value).empty() == (type == Type::bytes));
    CHECK(refused<Value::Array>(value).empty() == (type == Type::array));
    CHECK(refused<Value::Object>(value).empty() == (type == Type::object));
    CHECK(refused<Value::UserType>(value).empty() == (type == Type::user));
    CHECK(refused<Point>(value).empty() == (type == Type::user));
    CHECK(refused<std::vector<int>>(value).empty() == (type == Type::array));
    CHECK(refused<std::map<std::string, int>>(value).empty() == (type == Type::object));
    CHECK(value.as<Value>() == value);
  }
}

TEST_CASE("a pointer does not become a boolean") {
  CHECK_FALSE(std::is_constructible_v<Value, int*>);
  CHECK_FALSE(std::is_constructible_v<Value, const void*>);
  CHECK_FALSE(std::is_constructible_v<Value, const unsigned char*>);
}

TEST_CASE("a real that no float can hold is refused as a float") {
  CHECK(Value(0.5).as<float>() == 0.5F);
  CHECK(Value(std::numeric_limits<double>::infinity()).as<float>() == std::numeric_limits<float>::infinity());
  CHECK(refused<float>(Value(1e300)) == "real");
  CHECK(refused<float>(Value(-1e300)) == "real");
}

TEST_CASE("a refusal names the value, what was wanted and what is there") {
  try {
    static_cast<void>(Value("x").as<int>("visits"));
    FAIL("no refusal");
  } catch (const TypeMismatch& error) {
    CHECK(error.name() == "visits");
    CHECK(error.wanted() == "integer");
    CHECK(error.found() == "string");
    CHECK(std::string(error.what()) == "value \"visits\": wanted integer, found string");
  }
  CHECK(refused<int>(Value(Point{})) == "test.point");
  const char* const names[] = {"null",  "boolean", "integer", "real",      "string",
                               "bytes", "array",   "object",  "test.point"};
  const auto values = one_of_each();
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(values[i].type_text() == names[i]);
}

TEST_CASE("vectors and maps go in and come out, nested too") {
  const std::vector<int> numbers = {3, 1, 2};
  CHECK(Value(numbers).as<std::vector<int>>() == numbers);
  const std::vector<bool> flags = {true, false};
  CHECK(Value(flags).as<std::vector<bool>>() == flags);
  const std::map<std::string, double> prices = {{"apple", 0.5}, {"pear", 0.75}};
  CHECK(Value(prices).as<std::map<std::string, double>>() == prices);
  const std::map<std::string, std::vector<std::string>> lists = {{"a", {"x", "y"}}, {"b", {}}};
  CHECK(Value(lists).as<std::map<std::string, std::vector<std::string>>>() == lists);
  const std::vector<Point> points = {{1, 2}, {3, 4}};
  CHECK(Value(points).as<std::vector<Point>>() == points);
  const std::vector<std::vector<std::uint8_t>> grid = {{0, 255}, {}};
  CHECK(Value(grid).as<std::vector<std::vector<std::uint8_t>>>() == grid);
}

TEST_CASE("an element of another type makes the whole vector or map refused") {
  const Value mixed(Value::Array{Value(1), Value("two")});
  CHECK(refused<std::vector<int>>(mixed) == "string");
  CHECK(refused<std::vector<std::string>>(mixed) == "integer");
  CHECK(mixed.as<std::vector<Value>>().size() == 2);
  CHECK(refused<std::vector<std::uint8_t>>(Value(std::vector<int>{256})) == "integer");
  CHECK(refused<std::map<std::string, bool>>(Value(Value::Object{{"a", Value(0)}})) == "integer");
}

TEST_CASE("a type with a codec keeps its name, version and bytes") {
  const Value value(Point{1, -1});
  const auto* user = value.get_if<Value::UserType>();
  REQUIRE(user != nullptr);
  CHECK(user->type_name == "test.point");
  CHECK(user->version == 2);
  CHECK(user->archive == Value::Bytes{std::byte{2}, std::byte{1}});
  CHECK(value.as<Point>() == Point{1, -1});
}

TEST_CASE("a codec reads an older version, and bytes that are too few or too many are refused") {
  CHECK(Value(Value::UserType{"test.point", 1, {std::byte{8}}}).as<Point>() == Point{4, 0});
  CHECK_THROWS_AS(Value(Value::UserType{"test.point", 2, {std::byte{8}}}).as<Point>(), CorruptRecord);
  CHECK_THROWS_AS(Value(Value::UserType{"test.point", 1, {std::byte{8}, std::byte{8}}}).as<Point>(), CorruptRecord);
  CHECK(refused<Point>(Value(Value::UserType{"test.Point", 2, {std::byte{2}, std::byte{1}}})) == "test.Point");
}

TEST_CASE("values are equal when type and content are") {
  const auto values = one_of_each();
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t j = 0; j < values.size(); ++j) CHECK((values[i] == values[j]) == (i == j));
  CHECK(Value(1) == Value(std::int64_t{1}));
  CHECK(Value(1) != Value(2));
  CHECK(Value(Point{1, 2}) == Value(Point{1, 2}));
  CHECK(Value(0.0) == Value(-0.0));  // as C++ compares them
}
