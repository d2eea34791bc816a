// Types that Boost.Serialization can serialize, as values of a session.
#include <sess/boost.hpp>

#include "format/values_codec.hpp"

#include <sess/editor.hpp>
#include <sess/error.hpp>

#include "allocation_meter.hpp"

#include <doctest/doctest.h>

#include <boost/optional.hpp>
#include <boost/serialization/access.hpp>
#include <boost/serialization/array.hpp>
#include <boost/serialization/deque.hpp>
#include <boost/serialization/export.hpp>
#include <boost/serialization/list.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/set.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/unordered_map.hpp>
#include <boost/serialization/utility.hpp>
#include <boost/serialization/vector.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

using namespace sess;
using Bytes = std::vector<std::byte>;

namespace {

enum class Size : std::int8_t { small = -1, medium, large };

struct Item {
  std::string name;
  std::uint32_t count = 0;
  double price = 0;
  Size size = Size::medium;
  friend bool operator==(const Item&, const Item&) = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& count& price& size;
  }
};

/// Everything that a program may put into one struct.
struct Everything {
  std::vector<Item> items;
  std::vector<int> numbers;
  std::vector<bool> flags;
  std::vector<std::vector<std::string>> table;
  std::map<std::string, Item> by_name;
  std::map<int, std::set<std::string>> groups;
  std::unordered_map<std::string, std::int64_t> counts;
  std::list<std::uint16_t> list;
  std::deque<float> deque;
  std::pair<bool, std::string> pair;
  std::array<std::int32_t, 3> array{};
  int plain[2] = {0, 0};
  boost::optional<Item> maybe;
  boost::optional<Item> nothing;
  Item nested;
  std::int64_t lowest = 0;
  std::uint64_t highest = 0;
  std::uint8_t byte = 0;
  char letter = 'x';
  bool flag = false;

  friend bool operator==(const Everything& a, const Everything& b) {
    return a.items == b.items && a.numbers == b.numbers && a.flags == b.flags && a.table == b.table &&
           a.by_name == b.by_name && a.groups == b.groups && a.counts == b.counts && a.list == b.list &&
           a.deque == b.deque && a.pair == b.pair && a.array == b.array && std::equal(a.plain, a.plain + 2, b.plain) &&
           a.maybe == b.maybe && a.nothing == b.nothing && a.nested == b.nested && a.lowest == b.lowest &&
           a.highest == b.highest && a.byte == b.byte && a.letter == b.letter && a.flag == b.flag;
  }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& items& numbers& flags& table& by_name& groups& counts& list& deque& pair& array& plain;
    archive& maybe& nothing& nested& lowest& highest& byte& letter& flag;
  }
};

Everything everything() {
  Everything all;
  all.items = {{"apple", 3, 0.25, Size::small}, {"pear", 0, -1.5, Size::large}};
  all.numbers = {0, -1, INT32_MAX, INT32_MIN};
  all.flags = {true, false, true};
  all.table = {{"a", "b"}, {}, {""}};
  all.by_name = {{"x", {"x", 1, 1, Size::medium}}};
  all.groups = {{-7, {"b", "a"}}, {7, {}}};
  all.counts = {{"one", 1}, {"two", 2}};
  all.list = {1, 65535};
  all.deque = {0.5F, -0.0F};
  all.pair = {true, std::string("\0x", 2)};
  all.array = {1, 2, 3};
  all.plain[1] = -5;
  all.maybe = Item{"maybe", 1, 2, Size::small};
  all.nested = {"nested", 9, 9.5, Size::large};
  all.lowest = INT64_MIN;
  all.highest = UINT64_MAX;  // beyond what an integer of a session holds: here it is the archive's
  all.byte = 255;
  all.letter = '\xff';
  all.flag = true;
  return all;
}

/// Its members and its serialize are its own business.
class Private {
 public:
  Private() = default;
  explicit Private(int secret) : secret_(secret) {}
  friend bool operator==(const Private&, const Private&) = default;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void save(Archive& archive, unsigned) const {
    archive << secret_;
  }
  template <class Archive>
  void load(Archive& archive, unsigned) {
    archive >> secret_;
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
  int secret_ = 0;
};

struct Small {
  std::vector<int> numbers;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& numbers;
  }
};

struct Unnamed {
  int number = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& number;
  }
};

/// Free functions, for a type that cannot be changed.
struct External {
  int number = 0;
};

}  // namespace

namespace boost::serialization {
template <class Archive>
void serialize(Archive& archive, External& external, unsigned) {
  archive& external.number;
}
}  // namespace boost::serialization

BOOST_CLASS_EXPORT_KEY2(Everything, "test.everything")
BOOST_CLASS_EXPORT_KEY2(Small, "test.small")

namespace {

Bytes bytes(std::initializer_list<int> numbers) {
  Bytes made;
  for (const int number : numbers) made.push_back(static_cast<std::byte>(number));
  return made;
}

/// Through the payload of a record and back.
template <class T>
T stored_and_loaded(const T& value) {
  Bytes payload;
  format::encode_values({{"v", Value(value)}}, payload);
  return format::decode_values(payload).at("v").as<T>();
}

}  // namespace

TEST_CASE("a struct with containers, optional, enum and nested structs comes back") {
  CHECK(stored_and_loaded(everything()) == everything());
  CHECK(stored_and_loaded(Everything{}) == Everything{});
  CHECK(stored_and_loaded(Private(-42)) == Private(-42));
  CHECK(stored_and_loaded(External{7}).number == 7);
}

TEST_CASE("containers of structs are arrays and objects, and come back") {
  const std::vector<Item> items = everything().items;
  CHECK(Value(items).type() == Value::Type::array);
  CHECK(stored_and_loaded(items) == items);
  CHECK(stored_and_loaded(everything().by_name) == everything().by_name);
  const std::map<int, std::string> by_number = {{1, "a"}};  // keys that are no strings: an archive of Boost's
  CHECK(Value(by_number).type() == Value::Type::user);
  CHECK(stored_and_loaded(by_number) == by_number);
}

TEST_CASE("the stored name is the exported key, or else the type's own") {
  CHECK(Value(Everything{}).type_text() == "test.everything");
  CHECK(Value(Unnamed{}).type_text() == typeid(Unnamed).name());
  CHECK(Codec<Unnamed>::type_name() == typeid(Unnamed).name());
}

TEST_CASE("the bytes of an archive are what the format says") {
  const Value value(Small{{1, -1, 64}});
  // Number of elements, version of the elements, then the elements.
  CHECK(value.get_if<Value::UserType>()->archive == bytes({3, 0, 2, 1, 0x80, 0x01}));
  CHECK(value.get_if<Value::UserType>()->version == 0);
  // A class inside says its version first; the outermost one's stands beside the archive.
  const Value item(Item{"a", 300, 1.0, Size::small});
  CHECK(item.get_if<Value::UserType>()->archive == bytes({1, 'a', 0xac, 0x02, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 1}));
}

TEST_CASE("an archive that is cut off anywhere is refused") {
  const Value::UserType whole = *Value(everything()).get_if<Value::UserType>();
  for (std::size_t size = 0; size < whole.archive.size(); ++size) {
    CAPTURE(size);
    Value::UserType cut = whole;
    cut.archive.resize(size);
    CHECK_THROWS_AS(Value(cut).as<Everything>(), CorruptRecord);
  }
  Value::UserType longer = whole;
  longer.archive.push_back(std::byte{0});
  CHECK_THROWS_AS(Value(longer).as<Everything>(), CorruptRecord);
}

TEST_CASE("each changed byte of an archive is refused or decodes, and allocates nothing out of proportion") {
  const Value::UserType whole = *Value(everything()).get_if<Value::UserType>();
  for (std::size_t at = 0; at < whole.archive.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Value::UserType changed = whole;
      changed.archive[at] = static_cast<std::byte>(value);
      const test::AllocationMeter meter;
      try {
        static_cast<void>(Value(changed).as<Everything>());
      } catch (const CorruptRecord&) {
      }
      if (meter.largest() > whole.archive.size() * sizeof(Item) + 4096) FAIL("allocated ", meter.largest());
    }
  }
}

TEST_CASE("a forged number of elements allocates nothing big") {
  for (const auto& count : {bytes({0xff, 0xff, 0x03}), bytes({0x80, 0x80, 0x80, 0x80, 0x20}),
                            bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})}) {
    Value::UserType user{"test.small", 0, count};
    user.archive.resize(64);
    const Value value(user);
    const test::AllocationMeter meter;
    CHECK_THROWS_AS(value.as<Small>(), CorruptRecord);
    CHECK(meter.largest() < 4096);
  }
}

TEST_CASE("a number that does not fit its member is refused") {
  const auto item = [](std::initializer_list<int> count_and_rest) {
    Value::UserType user{std::string(Codec<Item>::type_name()), 0, bytes({0})};
    for (const std::byte byte : bytes(count_and_rest)) user.archive.push_back(byte);
    return Value(user);
  };
  CHECK(item({5, 0, 0, 0, 0, 0, 0, 0, 0, 1}).as<Item>().size == Size::small);
  CHECK_THROWS_AS(item({0x80, 0x80, 0x80, 0x80, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 1}).as<Item>(), CorruptRecord);  // 2^32
  CHECK_THROWS_AS(item({5, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x02}).as<Item>(), CorruptRecord);  // 128 as an int8_t
}

TEST_CASE("a user type that this program does not know is kept byte for byte") {
  // The unknown value is a version and an archive that nothing here could decode, at two depths.
  const Value::UserType unknown{"other.program", 4711, bytes({0xff, 0, 0x80, 1, 2})};
  Values values = {{"cart", Value(unknown)}, {"deep", Value(Value::Array{Value(unknown)})}, {"hits", Value(1)}};
  Bytes before;
  format::encode_values(values, before);

  Editor editor(std::make_shared<const Values>(format::decode_values(before)));
  CHECK(editor.get<int>("hits") == 1);
  editor.set("hits", 1000);
  editor.add("more", 1);
  CHECK(editor.get<Value::UserType>("cart") == unknown);
  CHECK_THROWS_AS(editor.get<Small>("cart"), TypeMismatch);

  Bytes after;
  format::encode_values(editor.values(), after);
  values.at("hits") = 1000;
  values.emplace("more", 1);
  Bytes expected;
  format::encode_values(values, expected);
  CHECK(after == expected);
  CHECK(format::decode_values(after).at("cart") == Value(unknown));
  CHECK(format::decode_values(after).at("deep") == Value(Value::Array{Value(unknown)}));
}

TEST_CASE("an unordered container alone comes back: its number of buckets is no length") {
  const std::unordered_map<std::string, std::int64_t> few = {{"one", 1}};
  CHECK(stored_and_loaded(few) == few);
  const std::unordered_map<std::string, std::int64_t> none;
  CHECK(stored_and_loaded(none) == none);
}
