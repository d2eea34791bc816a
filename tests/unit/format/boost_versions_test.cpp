// A class that grows: the program before, and the program after, as two classes under one stored name.
#include <sess/boost.hpp>

#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <boost/serialization/export.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/vector.hpp>

#include <map>
#include <string>
#include <vector>

using namespace sess;

namespace {

namespace before {
struct Item {
  std::string name;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name;
  }
};
struct Cart {
  std::vector<Item> items;
  std::map<std::string, Item> gifts;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& items& gifts;
  }
};
}  // namespace before

namespace after {
struct Item {
  std::string name;
  int count = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& name;
    if (version >= 2) {
      archive& count;
    } else {
      count = 1;
    }
  }
};
struct Cart {
  std::vector<Item> items;
  std::map<std::string, Item> gifts;
  std::string coupon = "none";
  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& items& gifts;
    if (version >= 1) archive& coupon;
  }
};
}  // namespace after

/// The cart has stayed, only what it holds has grown.
namespace between {
using after::Item;
struct Cart {
  std::vector<Item> items;
  std::map<std::string, Item> gifts;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& items& gifts;
  }
};
}  // namespace between

}  // namespace

BOOST_CLASS_EXPORT_KEY2(before::Cart, "test.cart")
BOOST_CLASS_EXPORT_KEY2(between::Cart, "test.cart")
BOOST_CLASS_EXPORT_KEY2(after::Cart, "test.cart")
BOOST_CLASS_VERSION(after::Item, 2)
BOOST_CLASS_VERSION(after::Cart, 1)

namespace {

std::string refusal(void (*read)()) {
  try {
    read();
  } catch (const CorruptRecord& error) {
    return error.why();
  }
  return "";
}

}  // namespace

TEST_CASE("the bytes of an older version of a class load into the newer one") {
  const Value old_value(before::Cart{{{"apple"}, {"pear"}}, {{"ann", {"plum"}}}});
  CHECK(old_value.get_if<Value::UserType>()->version == 0);
  const auto cart = old_value.as<after::Cart>();
  REQUIRE(cart.items.size() == 2);
  CHECK(cart.items[1].name == "pear");
  CHECK(cart.items[1].count == 1);
  CHECK(cart.gifts.at("ann").name == "plum");
  CHECK(cart.gifts.at("ann").count == 1);
  CHECK(cart.coupon == "none");
}

TEST_CASE("the newer version of a class comes back as it was written") {
  const Value value(after::Cart{{{"apple", 5}}, {{"ann", {"plum", 6}}}, "half"});
  CHECK(value.get_if<Value::UserType>()->version == 1);
  const auto cart = value.as<after::Cart>();
  CHECK(cart.items.at(0).count == 5);
  CHECK(cart.gifts.at("ann").count == 6);
  CHECK(cart.coupon == "half");
}

TEST_CASE("a newer version of a class is refused by the older program") {
  CHECK(refusal([] {
          static_cast<void>(Value(after::Cart{}).as<before::Cart>());
        }).starts_with("a class was written by a newer version of the program"));
}

TEST_CASE("a newer version of a class inside is refused by the older program too") {
  CHECK(refusal([] {
          static_cast<void>(Value(between::Cart{{{"apple", 5}}, {}}).as<before::Cart>());
        }).starts_with("a class was written by a newer version of the program"));
  CHECK(refusal([] {
          static_cast<void>(Value(between::Cart{{}, {{"a", {"b", 1}}}}).as<before::Cart>());
        }).starts_with("a class was written by a newer version of the program"));
}
