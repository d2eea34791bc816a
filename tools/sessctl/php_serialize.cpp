#include "php_serialize.hpp"

#include "escape.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sessctl {
namespace {

using sess::Value;

struct NamedHandler {
  std::string_view name;
  PhpHandler handler;
};
constexpr std::array<NamedHandler, 3> handlers{
    {{"php", PhpHandler::php}, {"php_binary", PhpHandler::php_binary}, {"php_serialize", PhpHandler::php_serialize}}};

/// Reads values from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text), size_(text.size()) {}

  bool is_at_end() const noexcept { return rest_.empty(); }

  /// The next value; nothing where it is left out. `depth`: of what it is in.
  std::optional<Value> value(int depth, PhpVariables& result) {
    const char type = character();
    if (type == 'N') {
      expect(";");
      return Value();
    }
    expect(":");
    switch (type) {
      case 'b':
        return boolean();
      case 'i':
        return Value(integer(';'));
      case 'd':
        return Value(real());
      case 's': {
        std::string text(string());
        expect(";");
        return is_utf8(text) ? Value(std::move(text)) : Value(bytes_of(text));
      }
      case 'a':
        return array(depth, result);
      default:
        leave_out(type, depth, result);
        return std::nullopt;
    }
  }

  /// A key of an array: an integer in its decimal form, or a string.
  std::string key(std::optional<std::int64_t>& number) {
    const char type = character();
    expect(":");
    if (type == 'i') {
      number = integer(';');
      return std::to_string(*number);
    }
    if (type != 's') invalid("a key that is neither integer nor string");
    std::string text(string());
    expect(";");
    return text;
  }

  std::string_view until(char end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) invalid("a name without an end");
    const std::string_view found = take(at);
    take(1);
    return found;
  }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) invalid("it ends too early");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  char character() { return take(1).front(); }

  [[noreturn]] void invalid(std::string_view what) const {
    throw InvalidPhp(fmt::format("{}, at byte {}", what, size_ - rest_.size()));
  }

  /// `count` pairs of a key and a value, in braces.
  Value members(std::size_t count, int depth, PhpVariables& result) {
    if (count > 0 && depth >= Value::depth_limit) invalid("arrays are nested too deeply");
    Value::Object object;
    std::vector<std::string> names;  // in the order of the file
    bool is_list = true;
    expect("{");
    for (std::size_t at = 0; at < count; ++at) {
      std::optional<std::int64_t> number;
      std::string name = key(number);
      std::optional<Value> member = value(depth + 1, result);
      is_list = is_list && number == static_cast<std::int64_t>(at) && member;
      if (!member) continue;
      names.push_back(name);
      if (!object.emplace(std::move(name), *std::move(member)).second) invalid("an array has a key twice");
    }
    expect("}");
    if (!is_list) return Value(std::move(object));
    Value::Array list;
    for (const std::string& name : names) list.push_back(std::move(object.find(name)->second));
    return Value(std::move(list));
  }

  std::size_t count() { return unsigned_number(':'); }
  void expect(std::string_view text) {
    if (!rest_.starts_with(text)) invalid("something that PHP does not write");
    rest_.remove_prefix(text.size());
  }

 private:
  template <class Number>
  Number number_until(char end) {
    const std::size_t at = rest_.substr(0, 64).find(end);
    if (at == std::string_view::npos) invalid("a number without an end");
    Number number{};
    const std::string_view digits = rest_.substr(0, at);
    const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || last != digits.data() + digits.size()) invalid("a number that is none, or too big");
    rest_.remove_prefix(at + 1);
    return number;
  }
  std::int64_t integer(char end) { return number_until<std::int64_t>(end); }
  std::size_t unsigned_number(char end) { return number_until<std::size_t>(end); }

  Value boolean() {
    const char digit = character();
    if (digit != '0' && digit != '1') invalid("a boolean that is none");
    expect(";");
    return Value(digit == '1');
  }

  double real() {
    using Limits = std::numeric_limits<double>;
    for (const auto& [word, real] :
         {std::pair{"INF;", Limits::infinity()}, {"-INF;", -Limits::infinity()}, {"NAN;", Limits::quiet_NaN()}}) {
      if (!rest_.starts_with(word)) continue;
      expect(word);
      return real;
    }
    // from_chars knows words as well.
    if (rest_.find_first_not_of("0123456789+-.eE") != rest_.find(';')) invalid("a float that is none");
    return number_until<double>(';');
  }

  /// Without the semicolon behind it.
  std::string_view string() {
    const std::size_t size = unsigned_number(':');
    expect("\"");
    const std::string_view text = take(size);
    expect("\"");
    return text;
  }

  Value array(int depth, PhpVariables& result) {
    const std::size_t size = count();
    return members(size, depth, result);
  }

  static Value::Bytes bytes_of(std::string_view text) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
    return {bytes, bytes + text.size()};
  }

  void leave_out(char type, int depth, PhpVariables& result) {
    std::string what;
    switch (type) {
      case 'O': {  // with properties, as an array has members
        what = "an object of class " + quoted_name(string());
        expect(":");
        const std::size_t properties = count();
        note(std::move(what), result);
        static_cast<void>(members(properties, depth, result));
        return;
      }
      case 'C': {  // in a form of its own
        what = "an object of class " + quoted_name(string());
        expect(":");
        const std::size_t size = unsigned_number(':');
        expect("{");
        take(size);
        expect("}");
        return note(std::move(what), result);
      }
      case 'E':
        what = "a case of an enumeration, " + quoted_name(string());
        expect(";");
        return note(std::move(what), result);
      case 'R':
      case 'r':
        static_cast<void>(unsigned_number(';'));
        return note("a reference", result);
      default:
        invalid("something that PHP does not write");
    }
  }

  static void note(std::string what, PhpVariables& result) {
    if (result.left_out++ == 0) result.first_left_out = std::move(what);
  }

  std::string_view rest_;
  std::size_t size_;
};

void add(PhpVariables& result, Reader& reader, std::string name) {
  std::optional<Value> value = reader.value(1, result);
  if (value && !result.values.emplace(std::move(name), *std::move(value)).second)
    reader.invalid("a variable is there twice");
}

}  // namespace

InvalidPhp::~InvalidPhp() = default;

std::optional<PhpHandler> php_handler_of(std::string_view name) noexcept {
  const auto found = std::ranges::find(handlers, name, &NamedHandler::name);
  return found == handlers.end() ? std::nullopt : std::optional(found->handler);
}

PhpVariables parse_php_session(std::string_view content, PhpHandler handler) {
  PhpVariables result;
  Reader reader(content);
  switch (handler) {
    case PhpHandler::php:
      while (!reader.is_at_end()) add(result, reader, std::string(reader.until('|')));
      break;
    case PhpHandler::php_binary:
      while (!reader.is_at_end()) {
        const auto size = static_cast<unsigned char>(reader.character());
        // The highest bit stood for a variable without a value, in PHP 5.
        if (size > 127) reader.invalid("a variable without a value");
        add(result, reader, std::string(reader.take(size)));
      }
      break;
    case PhpHandler::php_serialize: {
      if (content.empty()) break;
      reader.expect("a:");
      const std::size_t count = reader.count();
      reader.expect("{");
      for (std::size_t at = 0; at < count; ++at) {
        std::optional<std::int64_t> number;
        std::string name = reader.key(number);
        add(result, reader, std::move(name));
      }
      reader.expect("}");
      if (!reader.is_at_end()) reader.invalid("something behind the end");
      break;
    }
  }
  return result;
}

PhpVariables parse_php_session(std::string_view content) {
  if (content.empty()) return {};  // by all of them
  std::optional<PhpVariables> result;
  std::string why;
  bool is_ambiguous = false;
  for (const auto& [name, handler] : handlers) {
    try {
      PhpVariables parsed = parse_php_session(content, handler);
      is_ambiguous = result.has_value();
      result = std::move(parsed);
    } catch (const InvalidPhp& error) {
      why += fmt::format("{}as {}: {}", why.empty() ? "" : "; ", name, error.what());
    }
    if (is_ambiguous) throw InvalidPhp("it may be of several handlers: say which with --php-handler");
  }
  if (!result) throw InvalidPhp("no handler of PHP has written it (" + why + ")");
  return *std::move(result);
}

}  // namespace sessctl
