// The reader of PHP's serialize(): what it makes of each form, and that a stranger's bytes do it no harm. Run under
// SAN=address as well: every text is in a buffer of its own size.
#include "../../../tools/sessctl/php_serialize.hpp"

#include <sess/value.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sessctl {
namespace {

using sess::Value;

/// Without a byte behind it that could be read by mistake.
template <class Work>
auto exactly(std::string_view text, const Work& work) {
  const auto copy = std::make_unique<char[]>(text.size());  // NOLINT(modernize-avoid-c-arrays)
  text.copy(copy.get(), text.size());
  return work(std::string_view(copy.get(), text.size()));
}

PhpVariables parse(std::string_view text, PhpHandler handler = PhpHandler::php) {
  return exactly(text, [&](std::string_view bytes) { return parse_php_session(bytes, handler); });
}

Value value_of(const std::string& serialized) {
  const PhpVariables variables = parse("v|" + serialized);
  REQUIRE(variables.values.size() == 1);
  CHECK(variables.left_out == 0);
  return variables.values.at("v");
}

void refuses(const std::string& serialized) {
  CAPTURE(serialized);
  CHECK_THROWS_AS(parse("v|" + serialized), InvalidPhp);
}

const std::string every_form =
    "n|N;b|b:1;i|i:-9223372036854775808;d|d:1.0E+25;s|s:3:\"a|b\";list|a:2:{i:0;i:1;i:1;a:0:{}}"
    "map|a:2:{s:1:\"k\";d:-INF;i:7;N;}o|O:8:\"stdClass\":1:{s:1:\"p\";i:1;}c|C:3:\"Foo\":4:{\"};;}"
    "e|E:9:\"Suit:Club\";r|R:2;";

TEST_CASE("each scalar of PHP is the value that it is") {
  CHECK(value_of("N;") == Value());
  CHECK(value_of("b:1;") == Value(true));
  CHECK(value_of("b:0;") == Value(false));
  CHECK(value_of("i:-9223372036854775808;") == Value(std::numeric_limits<std::int64_t>::min()));
  CHECK(value_of("i:9223372036854775807;") == Value(std::numeric_limits<std::int64_t>::max()));
  CHECK(value_of("d:0.1;") == Value(0.1));
  CHECK(value_of("d:1.0E+25;") == Value(1e25));
  CHECK(value_of("d:5.0E-324;") == Value(5e-324));
  CHECK(value_of("d:0.10000000000000001;") == Value(0.1));  // of a precision of 17
  CHECK(value_of("d:3;") == Value(3.0));
  CHECK(std::signbit(value_of("d:-0;").as<double>()));
  CHECK(value_of("d:INF;") == Value(std::numeric_limits<double>::infinity()));
  CHECK(value_of("d:-INF;") == Value(-std::numeric_limits<double>::infinity()));
  CHECK(std::isnan(value_of("d:NAN;").as<double>()));
  CHECK(value_of("s:0:\"\";") == Value(""));
  CHECK(value_of("s:5:\"\";|\"}\";") == Value("\";|\"}"));
  CHECK(value_of("s:2:\"\xC3\xBC\";") == Value("\xC3\xBC"));
  CHECK(value_of("s:2:\"\xFF\xFE\";") == Value(Value::Bytes{std::byte{0xFF}, std::byte{0xFE}}));
}

TEST_CASE("an array of PHP is an array where its keys are those of a list, and else an object") {
  CHECK(value_of("a:0:{}") == Value(Value::Array{}));
  CHECK(value_of("a:2:{i:0;s:1:\"a\";i:1;N;}") == Value(Value::Array{"a", Value()}));
  CHECK(value_of("a:2:{i:1;s:1:\"b\";i:0;s:1:\"a\";}") == Value(Value::Object{{"0", "a"}, {"1", "b"}}));
  CHECK(value_of("a:1:{i:1;i:5;}") == Value(Value::Object{{"1", 5}}));
  CHECK(value_of("a:2:{i:-3;i:5;s:0:\"\";i:6;}") == Value(Value::Object{{"", 6}, {"-3", 5}}));
  // Eleven elements: in the order of the list, not of the texts "0", "1", "10", "2".
  std::string list = "a:11:{";
  Value::Array wanted;
  for (int i = 0; i < 11; ++i) {
    list += "i:" + std::to_string(i) + ";i:" + std::to_string(i * i) + ";";
    wanted.emplace_back(i * i);
  }
  CHECK(value_of(list + "}") == Value(wanted));
}

TEST_CASE("what has no value here is left out and told, and moves nothing else") {
  const PhpVariables variables = parse(every_form);
  CHECK(variables.left_out == 4);
  CHECK(variables.first_left_out == "an object of class \"stdClass\"");
  CHECK(variables.values.size() == 7);
  CHECK(variables.values.at("s") == Value("a|b"));
  const PhpVariables list = parse("l|a:3:{i:0;i:1;i:1;O:1:\"C\":1:{s:1:\"p\";i:2;}i:2;i:3;}");
  CHECK(list.left_out == 1);
  CHECK(list.values.at("l") == Value(Value::Object{{"0", 1}, {"2", 3}}));
  CHECK(parse("l|E:13:\"\x1b]0;evil:Case\";").first_left_out.find('\x1b') == std::string::npos);
}

TEST_CASE("each handler's own form is read, and recognised where no other fits") {
  const sess::Values wanted{{"a", 1}, {"bc", "x"}};
  const std::string php = "a|i:1;bc|s:1:\"x\";";
  const std::string binary = std::string("\x01") + "ai:1;\x02" + "bcs:1:\"x\";";
  const std::string serialize = "a:2:{s:1:\"a\";i:1;s:2:\"bc\";s:1:\"x\";}";
  CHECK(parse(php).values == wanted);
  CHECK(parse(binary, PhpHandler::php_binary).values == wanted);
  CHECK(parse(serialize, PhpHandler::php_serialize).values == wanted);
  for (const std::string& text : {php, binary, serialize}) CHECK(parse_php_session(text).values == wanted);
  CHECK(parse_php_session("").values.empty());
  CHECK(parse_php_session("a:0:{}").values.empty());
  CHECK(parse("a:2:{i:5;i:1;s:1:\"k\";N;}", PhpHandler::php_serialize).values ==
        sess::Values{{"5", 1}, {"k", Value()}});
  CHECK_THROWS_AS(parse(serialize), InvalidPhp);
  CHECK_THROWS_AS(parse(php, PhpHandler::php_binary), InvalidPhp);
  CHECK_THROWS_AS(parse(serialize + "N;", PhpHandler::php_serialize), InvalidPhp);
  CHECK_THROWS_AS(parse_php_session("hello"), InvalidPhp);
  // Of two at once: PHP's, with a name of three bytes that begins with 3.
  const std::string both = std::string("\x03") + "a|bN;";
  CHECK_THROWS_AS(parse(both), InvalidPhp);
  CHECK(parse(both, PhpHandler::php_binary).values.contains("a|b"));
  const std::string ambiguous = std::string("\x06") + "a|N;b|N;";
  CHECK(parse(ambiguous).values.size() == 2);
  CHECK(parse(ambiguous, PhpHandler::php_binary).values.size() == 1);
  CHECK_THROWS_AS(parse_php_session(ambiguous), InvalidPhp);
  CHECK(php_handler_of("php_binary") == PhpHandler::php_binary);
  CHECK_FALSE(php_handler_of("wddx"));
}

TEST_CASE("what PHP does not write is refused") {
  for (const char* text : {"",
                           ";",
                           "N",
                           "b:2;",
                           "b:1",
                           "i:;",
                           "i:1",
                           "i:9223372036854775808;",
                           "i: 1;",
                           "i:0x1;",
                           "d:;",
                           "d:1e999;",
                           "d:inf;",
                           "d:nan;",
                           "d:0x1p3;",
                           "s:1:\"\";",
                           "s:2:\"a\";",
                           "s:-1:\"\";",
                           "s:99999999999999999999:\"\";",
                           "s:18446744073709551615:\"a\";",
                           "s:1:'a';",
                           "S:1:\"a\";",
                           "a:1:{}",
                           "a:0:{",
                           "a:-1:{}",
                           "a:1:{N;N;}",
                           "a:1:{i:0;}",
                           "a:2:{i:0;N;i:0;N;}",
                           "a:4294967295:{i:0;N;}",
                           "a:18446744073709551615:{i:0;N;}",
                           "a:2:{i:1;N;s:1:\"1\";N;}",
                           "O:1:\"C\":1:{}",
                           "O:9:\"C\":0:{}",
                           "C:1:\"C\":9:{}",
                           "E:1:\"C\"",
                           "R:x;",
                           "x:1;",
                           "N;N;",
                           "N;w|N;v|N;",
                           "a:0:{};"})
    refuses(text);
}

TEST_CASE("arrays nest as deep as a value may, and no deeper, at little cost") {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 1; i < depth; ++i) text += "a:1:{i:0;";
    text += "a:0:{}";
    for (int i = 1; i < depth; ++i) text += "}";
    return text;
  };
  CHECK(value_of(nested(Value::depth_limit)).get_if<Value::Array>() != nullptr);
  refuses(nested(Value::depth_limit + 1));
  std::string endless;
  for (int i = 0; i < 100'000; ++i) endless += "a:1:{i:0;";
  refuses(endless);
  endless.clear();
  for (int i = 0; i < 100'000; ++i) endless += "O:1:\"C\":1:{s:1:\"p\";";
  refuses(endless);
}

TEST_CASE("every truncation, every changed byte and every byte more or less of a file does no harm") {
  const std::string binary = std::string("\x01") + "ai:1;\x04" + "lista:2:{i:0;d:0.5;i:1;O:1:\"C\":1:{s:1:\"p\";N;}}";
  const std::string serialize = "a:2:{s:1:\"a\";a:1:{s:2:\"\xC3\xBC\";d:NAN;}i:5;C:1:\"C\":2:{ab}}";
  for (const std::string& whole : {every_form, binary, serialize}) {
    const auto try_all = [](const std::string& text) {
      for (const PhpHandler handler : {PhpHandler::php, PhpHandler::php_binary, PhpHandler::php_serialize}) {
        try {
          static_cast<void>(parse(text, handler));
        } catch (const InvalidPhp& error) {
          CHECK(std::string_view(error.what()).find('\x1b') == std::string_view::npos);
        }
      }
    };
    for (std::size_t at = 0; at < whole.size(); ++at) {
      try_all(whole.substr(0, at));
      try_all(whole.substr(at));
      try_all(whole.substr(0, at) + whole.substr(at + 1));
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = whole;
        changed[at] = static_cast<char>(byte);
        try_all(changed);
        try_all(whole.substr(0, at) + static_cast<char>(byte) + whole.substr(at));
      }
    }
  }
}

TEST_CASE("random texts of PHP's own letters do no harm") {
  std::minstd_rand random(20);  // the same texts in each run
  constexpr std::string_view letters = "a:;i0123456789{}\"s|NbdOCERr-.E+\xFF";
  for (int run = 0; run < 100'000; ++run) {
    std::string text(random() % 40, ' ');
    for (char& letter : text) letter = letters[random() % letters.size()];
    try {
      static_cast<void>(exactly(text, [](std::string_view bytes) { return parse_php_session(bytes); }));
    } catch (const InvalidPhp&) {  // NOLINT(bugprone-empty-catch) as most of them are
    }
  }
}

}  // namespace
}  // namespace sessctl
