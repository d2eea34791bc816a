// Writes a session on one architecture and reads it on another: portable write STORE, which prints its ID, and portable
// read STORE, which takes that from standard input and ends with 0 if each value is what was written.
#include <sess/boost.hpp>
#include <sess/sess.hpp>

#include <boost/serialization/export.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <boost/serialization/version.hpp>

#include <cstdint>
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <vector>

// What differs from one architecture to the next: sizes of types, order and alignment of bytes, whether char is signed.
struct Cart {
  char sign = static_cast<char>(-23);
  signed char small = -128;
  unsigned char byte = 255;
  short half = -32768;
  long whole = -2147483647 - 1L;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  float single = 1.0F / 3;
  double least = std::numeric_limits<double>::denorm_min();
  bool yes = true;
  std::vector<std::string> items = {"tea", std::string("\0\xff", 2), std::string(300, 'x')};
  std::map<std::string, std::size_t> counts = {{"a", 1}, {"b", 4294967295U}};
  boost::optional<int> none;

  bool operator==(const Cart&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& sign& small& byte& half& whole& most& single& least& yes& items& counts;
    if (version >= 2) archive& none;
  }
};
BOOST_CLASS_VERSION(Cart, 2)
BOOST_CLASS_EXPORT_KEY2(Cart, "shop.cart")

int main(int count, char** arguments) try {
  if (count != 3) return 64;
  const auto store = sess::Store::open(arguments[2]);
  if (arguments[1] == std::string("write")) {
    sess::Session session = store.create();
    session.set("cart", Cart());
    session.set("carts", std::vector<Cart>(3));
    session.set("sign", static_cast<char>(-23));
    session.set("least", std::numeric_limits<std::int64_t>::min());
    session.set("most", std::numeric_limits<std::int64_t>::max());
    session.set("real", -0.1);
    session.set("text", std::string("gr\xc3\xbc\xc3\x9f"));
    if (!session.commit()) return 1;
    std::cout << session.id()->reveal() << '\n';
    return 0;
  }
  std::string text;
  std::getline(std::cin, text);
  const auto id = store.parse(text);
  if (!id) throw std::runtime_error("the ID is not known here");
  const auto snapshot = store.snapshot(*id);
  if (!snapshot) throw std::runtime_error("the session is not there");
  const bool same = snapshot->get<Cart>("cart") == Cart() &&
                    snapshot->get<std::vector<Cart>>("carts") == std::vector<Cart>(3) &&
                    snapshot->get<char>("sign") == static_cast<char>(-23) &&
                    snapshot->get<std::int64_t>("least") == std::numeric_limits<std::int64_t>::min() &&
                    snapshot->get<std::int64_t>("most") == std::numeric_limits<std::int64_t>::max() &&
                    snapshot->get<double>("real") == -0.1 && snapshot->get<std::string>("text") == "gr\xc3\xbc\xc3\x9f";
  if (!same) throw std::runtime_error("a value is another one");
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
