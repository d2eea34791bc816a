#include "json_value.hpp"

#include "base64.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace sessctl {
namespace {

using Json = nlohmann::ordered_json;
using sess::Value;

// ---- writing -------------------------------------------------------------------------------------------------------

/// An object that a reader would take for one of the $ forms.
bool looks_special(const Value::Object& object) { return object.size() == 1 && object.begin()->first.starts_with('$'); }

Json to_document(const Value& value);

Json members_of(const Value::Object& object) {
  Json members = Json::object();
  for (const auto& [name, member] : object) members[name] = to_document(member);
  return members;
}

/// Of a value that JSON has words for, which no form stands for.
Json to_plain_document(const Value& value) {
  if (const auto* array = value.get_if<Value::Array>()) {
    Json elements = Json::array();
    for (const Value& element : *array) elements.push_back(to_plain_document(element));
    return elements;
  }
  if (const auto* object = value.get_if<Value::Object>()) {
    Json members = Json::object();
    for (const auto& [name, member] : *object) members[name] = to_plain_document(member);
    return members;
  }
  return to_document(value);
}

// The nesting is that of the value, which the store limits to Value::depth_limit.
struct Writer {
  Json operator()(std::nullptr_t) const { return nullptr; }
  Json operator()(bool value) const { return value; }
  Json operator()(std::int64_t value) const { return value; }
  Json operator()(double value) const {
    if (std::isfinite(value)) return value;
    return {{"$real", std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"}};
  }
  Json operator()(const std::string& text) const { return text; }
  Json operator()(const Value::Bytes& bytes) const { return {{"$bytes", to_base64(bytes)}}; }
  Json operator()(const Value::Array& array) const {
    Json elements = Json::array();
    for (const Value& element : array) elements.push_back(to_document(element));
    return elements;
  }
  Json operator()(const Value::Object& object) const {
    if (!looks_special(object)) return members_of(object);
    Json literal = Json::object();
    literal["$object"] = members_of(object);
    return literal;
  }
  Json operator()(const Value::UserType& user) const {
    Json facts = Json::object();
    facts["type"] = user.type_name;
    facts["version"] = user.version;
    facts["size"] = user.archive.size();
    Json shown = Json::object();
    shown["$user"] = std::move(facts);
    return shown;
  }
};

Json to_document(const Value& value) {
  const Writer write;
  switch (value.type()) {
    case Value::Type::null:
      return write(nullptr);
    case Value::Type::boolean:
      return write(*value.get_if<bool>());
    case Value::Type::integer:
      return write(*value.get_if<std::int64_t>());
    case Value::Type::real:
      return write(*value.get_if<double>());
    case Value::Type::string:
      return write(*value.get_if<std::string>());
    case Value::Type::bytes:
      return write(*value.get_if<Value::Bytes>());
    case Value::Type::array:
      return write(*value.get_if<Value::Array>());
    case Value::Type::object:
      return write(*value.get_if<Value::Object>());
    case Value::Type::user:
      return write(*value.get_if<Value::UserType>());
  }
  return nullptr;
}

// In ASCII, so that no control character of any kind reaches a terminal.
std::string dump(const Json& document) { return document.dump(-1, ' ', true, Json::error_handler_t::replace); }

// ---- reading -------------------------------------------------------------------------------------------------------

Value interpret(Value value);

Value::Object interpret_members(Value::Object object) {
  for (auto& [name, member] : object) member = interpret(std::move(member));
  return object;
}

Value interpret_special(const std::string& name, Value content) {
  if (name == "$object") {
    if (auto* literal = content.get_if<Value::Object>()) return Value(interpret_members(std::move(*literal)));
  } else if (name == "$bytes") {
    if (const auto* text = content.get_if<std::string>()) return Value(from_base64(*text));
  } else if (name == "$real") {
    const auto* text = content.get_if<std::string>();
    if (text != nullptr && *text == "nan") return Value(std::numeric_limits<double>::quiet_NaN());
    if (text != nullptr && *text == "inf") return Value(std::numeric_limits<double>::infinity());
    if (text != nullptr && *text == "-inf") return Value(-std::numeric_limits<double>::infinity());
  } else if (name == "$user") {
    throw InvalidJson("a user type can only be written by its own program");
  }
  throw InvalidJson(
      "an object whose one name begins with $ is of no known form; inside {\"$object\": ...} it is literal");
}

/// Replaces every $ form in a value that was read as plain JSON by what it stands for.
Value interpret(Value value) {
  if (auto* array = value.get_if<Value::Array>()) {
    for (Value& element : *array) element = interpret(std::move(element));
  } else if (auto* object = value.get_if<Value::Object>()) {
    if (looks_special(*object)) return interpret_special(object->begin()->first, std::move(object->begin()->second));
    return Value(interpret_members(std::move(*object)));
  }
  return value;
}

[[noreturn]] void too_deep() { throw InvalidJson("arrays and objects are nested too deeply"); }

int depth_of(const Value& value) {
  int inside = 0;
  if (const auto* array = value.get_if<Value::Array>()) {
    for (const Value& element : *array) inside = std::max(inside, depth_of(element));
    return inside + 1;
  }
  if (const auto* object = value.get_if<Value::Object>()) {
    for (const auto& [name, member] : *object) inside = std::max(inside, depth_of(member));
    return inside + 1;
  }
  return 0;
}

/// Builds the value event by event: the ready-made document keeps neither duplicate names nor integers beyond 64 bits
/// apart from what they are taken for, and nests without limit.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Value take() { return std::move(root_); }  // plain JSON, the $ forms not yet interpreted

  bool null() override { return add(Value()); }
  bool boolean(bool value) override { return add(Value(value)); }
  bool number_integer(std::int64_t value) override { return add(Value(value)); }
  bool number_unsigned(std::uint64_t value) override {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) too_big();
    return add(Value(value));
  }
  bool number_float(double value, const std::string& text) override {
    if (text.find_first_of(".eE") == std::string::npos) too_big();
    return add(Value(value));
  }
  bool string(std::string& text) override { return add(Value(std::move(text))); }
  bool binary(binary_t&) override { return false; }  // no such thing in text

  bool start_object(std::size_t) override { return open({.is_object = true}); }
  bool key(std::string& name) override {
    Level& level = levels_.back();
    if (level.object.contains(name)) throw InvalidJson("an object has a name twice");
    level.name = std::move(name);
    return true;
  }
  bool end_object() override {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    return add(Value(std::move(level.object)));
  }
  bool start_array(std::size_t) override { return open({}); }
  bool end_array() override {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    return add(Value(std::move(level.array)));
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) override {
    // Its message repeats the text, which may be a secret.
    constexpr int number_overflow = 406;
    if (error.id == number_overflow) throw InvalidJson("a number is too big");
    throw InvalidJson("not JSON, from byte " + std::to_string(position));
  }

 private:
  struct Level {
    bool is_object = false;
    Value::Object object{};
    Value::Array array{};
    std::string name{};
  };

  [[noreturn]] static void too_big() { throw InvalidJson("an integer does not fit 64 bits with a sign"); }

  bool open(Level level) {
    // The $ forms nest deeper in JSON than in the value, which is judged when it is complete: at most three
    // times, as an object in the form {"$members": [[name, value], ...]}, and a line of an export has levels of its
    // own.
    if (levels_.size() > 4 * std::size_t{Value::depth_limit}) too_deep();
    levels_.push_back(std::move(level));
    return true;
  }
  bool add(Value value) {
    if (levels_.empty())
      root_ = std::move(value);
    else if (Level& level = levels_.back(); level.is_object)
      level.object.emplace(std::move(level.name), std::move(value));
    else
      level.array.push_back(std::move(value));
    return true;
  }

  std::vector<Level> levels_;
  Value root_;
};

}  // namespace

InvalidJson::~InvalidJson() = default;

Value plain_from_json(std::string_view text) {
  Builder builder;
  nlohmann::json::sax_parse(text, &builder);
  return builder.take();
}

std::string plain_to_json(const Value& value) { return dump(to_plain_document(value)); }

Value value_from_json(std::string_view text) {
  Value value = interpret(plain_from_json(text));
  if (depth_of(value) > Value::depth_limit) too_deep();
  return value;
}

std::string to_json(const Value& value) { return dump(to_document(value)); }

sess::Value or_null(const std::string& text) {
  if (text.empty()) return {};
  return sess::Value(text);
}

JsonLine& JsonLine::add(std::string_view name, const Value& value) { return add_text(name, to_json(value)); }

JsonLine& JsonLine::add_plain(std::string_view name, const Value& value) {
  return add_text(name, plain_to_json(value));
}

JsonLine& JsonLine::add_values(std::string_view name, const sess::Values& values) {
  return add_text(name, dump(members_of(values)));
}

JsonLine& JsonLine::add_text(std::string_view name, const std::string& json) {
  if (!fields_.empty()) fields_ += ',';
  fields_ += dump(std::string(name)) + ':' + json;
  return *this;
}

}  // namespace sessctl
