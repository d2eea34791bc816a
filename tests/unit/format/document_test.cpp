// The worked example of src/FORMAT.md is what the code does.
#include "backend/stamp.hpp"
#include "format/gc_state.hpp"
#include "format/header.hpp"
#include "format/keyring.hpp"
#include "format/names.hpp"
#include "format/store_file.hpp"
#include "format/values_codec.hpp"

#include <sess/boost.hpp>

#include <doctest/doctest.h>

#include <boost/filesystem.hpp>
#include <boost/serialization/export.hpp>
#include <boost/serialization/vector.hpp>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

using namespace sess;
using namespace sess::format;
using Bytes = std::vector<std::byte>;

namespace {

struct Cart {
  std::vector<std::string> items;
  friend bool operator==(const Cart&, const Cart&) = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& items;
  }
};

}  // namespace

BOOST_CLASS_EXPORT_KEY2(Cart, "shop.cart")
BOOST_CLASS_VERSION(Cart, 1)

namespace {

/// The text of src/FORMAT.md: beside this source, wherever the test was compiled, or below the working directory.
std::string document() {
  namespace filesystem = boost::filesystem;
  const filesystem::path source(__FILE__);
  for (const filesystem::path& top :
       {filesystem::path("."), source.parent_path().parent_path().parent_path().parent_path()}) {
    std::ifstream file((top / "src/FORMAT.md").string());
    if (file) return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  FAIL("src/FORMAT.md is not found: run the test from the top of the tree");
  return {};
}

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find(end, from + begin.size());
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  return text.substr(from + begin.size(), to - from - begin.size());
}

/// The text of the code block after a heading.
std::string block_below(const std::string& heading) {
  return between(between(document(), "\n## " + heading + "\n", "\n## "), "\n```\n", "```\n");
}

/// The bytes of "OFFSET  HEX HEX ...  words"; each offset must be the number of bytes before it.
Bytes parse_dump(const std::string& dump) {
  Bytes bytes;
  std::istringstream lines(dump);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line == "```") continue;
    CAPTURE(line);
    REQUIRE(line.size() > 6);
    CHECK(std::stoul(line.substr(0, 4), nullptr, 16) == bytes.size());
    std::istringstream words(line.substr(6, line.find("  ", 6) - 6));
    for (std::string word; words >> word;) {
      REQUIRE(word.size() == 2);
      bytes.push_back(static_cast<std::byte>(std::stoul(word, nullptr, 16)));
    }
  }
  return bytes;
}

Bytes example() { return parse_dump(between(document(), "<!-- example begins -->", "<!-- example ends -->")); }

const SessionKey key = *SessionKey::parse("d208ecf55ecbb081ce863d0e601a670b368b8425");

Header example_header() {
  Header header;
  header.key = key;
  header.generation = 42;
  header.created = 1'700'000'000'123;
  header.idle_timeout = 24 * 60 * 1000;
  header.deadline = header.created + header.idle_timeout;
  header.absolute_deadline = header.created + 8 * 60 * 60 * 1000;
  return header;
}

Values example_values() {
  return {{"cart", Value(Cart{{"tea"}})},
          {"language", Value(Value::Object{{"de", Value(true)}, {"en", Value(false)}})},
          {"price", Value(2.5)},
          {"seen", Value(Value::Array{Value(1), Value(-1), Value()})},
          {"token", Value(Value::Bytes{std::byte{0xde}, std::byte{0xad}})},
          {"user", Value("ann")},
          {"visits", Value(300)}};
}

}  // namespace

TEST_CASE("the encoder makes the record of the worked example, byte for byte") {
  const Bytes wanted = example();
  REQUIRE(wanted.size() == 230);
  Bytes payload;
  Bytes record;
  encode_values(example_values(), payload);
  encode_record(example_header(), payload, newest_format, record);
  REQUIRE(record.size() == wanted.size());
  for (std::size_t at = 0; at < record.size(); ++at) {
    CAPTURE(at);
    CHECK(std::to_integer<int>(record[at]) == std::to_integer<int>(wanted[at]));
  }
}

TEST_CASE("the record of the worked example is decoded") {
  const Bytes record = example();
  const auto verified = verify_record(record, key);
  REQUIRE(std::holds_alternative<Header>(verified));
  Header header = example_header();
  header.payload_size = 102;
  CHECK(std::get<Header>(verified) == header);
  const Values values = decode_values(std::span(record).subspan(header_size));
  CHECK(values == example_values());
  CHECK(values.at("cart").as<Cart>() == Cart{{"tea"}});
}

TEST_CASE("the worked example's ID, key, name and times are what the document says") {
  const std::string text = document();
  const auto keyring = Keyring::parse(block_below("`keys`"));
  REQUIRE(keyring);
  const auto id = keyring->check(between(text, "\nID     ", "\n"));
  REQUIRE(id);
  CHECK(id->key() == key);
  CHECK(text.find("\nkey    " + key.to_string() + "\n") != std::string::npos);
  CHECK(text.find("shards/" + std::string(record_name(key).view())) != std::string::npos);
  const sys::FileTime time = backend::stamp(example_header().deadline, example_header().generation);
  CHECK(time == sys::FileTime{1'700'001'440, 123'000'042});
  CHECK(backend::deadline_of(time) == example_header().deadline);
  CHECK(backend::digits_of(time) == 42);
}

TEST_CASE("the document's store, keys and gc files are read, and written the same") {
  const std::string store = block_below("`store`");
  const auto file = parse_store_file(store);
  REQUIRE(file);
  CHECK(to_text(*file) == store);
  CHECK(*file == StoreFile{newest_format, shard_count, true, true, true, "ef53:9f3f0e9a4e1b7d2c"});

  const std::string keys = block_below("`keys`");
  REQUIRE(Keyring::parse(keys));
  CHECK(Keyring::parse(keys)->to_text() == keys);

  const std::string gc = block_below("`gc`");
  const auto state = parse_gc_state(gc);
  REQUIRE(state);
  CHECK(to_text(*state).substr(0, gc.size()) == gc);
}

TEST_CASE("the document names every file that the code names") {
  const std::string tree = block_below("Directory");
  for (const char* name :
       {store_file, keys_file, gc_file, waiters_file, new_store_file, new_keys_file, probe_file, other_probe_file,
        shards_directory, principals_directory, new_principals_directory, quarantine_directory}) {
    CAPTURE(name);
    CHECK(tree.find(name) != std::string::npos);
  }
}
