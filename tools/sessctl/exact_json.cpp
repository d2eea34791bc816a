#include "exact_json.hpp"

#include "base64.hpp"
#include "escape.hpp"
#include "json_value.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace sessctl {
namespace {

using sess::Value;

Value form(const char* name, Value content) {
  Value::Object object;
  object.emplace(name, std::move(content));
  return Value(std::move(object));
}

// ---- writing -------------------------------------------------------------------------------------------------------

Value text_form(const std::string& text) {
  if (is_utf8(text)) return Value(text);
  const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
  return form("$string", Value(to_base64(Value::Bytes(bytes, bytes + text.size()))));
}

std::uint64_t usual_nan() { return std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN()); }

Value real_form(double real) {
  if (std::isfinite(real)) return Value(real);
  if (std::isinf(real)) return form("$real", Value(real > 0 ? "inf" : "-inf"));
  const auto bits = std::bit_cast<std::uint64_t>(real);
  return form("$real", bits == usual_nan() ? Value("nan") : Value(fmt::format("{:016x}", bits)));
}

Value object_form(const Value::Object& object) {
  if (!std::ranges::all_of(object, [](const auto& member) { return is_utf8(member.first); })) {
    Value::Array members;
    for (const auto& [name, member] : object)
      members.push_back(Value(Value::Array{text_form(name), to_exact_form(member)}));
    return form("$members", Value(std::move(members)));
  }
  Value::Object members;
  for (const auto& [name, member] : object) members.emplace(name, to_exact_form(member));
  const bool looks_special = members.size() == 1 && members.begin()->first.starts_with('$');
  return looks_special ? form("$object", Value(std::move(members))) : Value(std::move(members));
}

// ---- reading -------------------------------------------------------------------------------------------------------

[[noreturn]] void wrong(const char* what) { throw InvalidJson(what); }

template <class T>
T& want(Value& value, const char* what) {
  T* const found = value.get_if<T>();
  if (found == nullptr) wrong(what);
  return *found;
}

std::string text_from(Value form) {
  if (auto* text = form.get_if<std::string>()) return std::move(*text);
  constexpr const char* what = "what should be text is none";
  auto& object = want<Value::Object>(form, what);
  if (object.size() != 1 || object.begin()->first != "$string") wrong(what);
  const Value::Bytes bytes = from_base64(want<std::string>(object.begin()->second, what));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

double real_from(const std::string& text) {
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  std::uint64_t bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  const auto real = std::bit_cast<double>(bits);
  if (error != std::errc() || end != text.data() + text.size() || text.size() != 16 || !std::isnan(real))
    wrong("$real is none of nan, inf, -inf and the 16 digits of a NaN");
  return real;
}

Value from(Value form, int depth);

Value::Object members_from(Value form, int depth) {
  constexpr const char* what = "$members is no list of pairs of a name and a value";
  Value::Object object;
  for (Value& member : want<Value::Array>(form, what)) {
    auto& pair = want<Value::Array>(member, what);
    if (pair.size() != 2) wrong(what);
    std::string name = text_from(std::move(pair[0]));
    if (!object.emplace(std::move(name), from(std::move(pair[1]), depth + 1)).second)
      wrong("an object has a name twice");
  }
  return object;
}

Value::Object object_from(Value::Object object, int depth) {
  for (auto& [name, member] : object) member = from(std::move(member), depth + 1);
  return object;
}

Value user_from(Value form) {
  constexpr const char* what = "$user wants type, version and archive";
  auto& object = want<Value::Object>(form, what);
  if (object.size() != 3 || !object.contains("type") || !object.contains("version") || !object.contains("archive"))
    wrong(what);
  const auto version = want<std::int64_t>(object.at("version"), what);
  if (!std::in_range<std::uint32_t>(version)) wrong("the version of a user type is out of range");
  return Value(Value::UserType{text_from(std::move(object.at("type"))), static_cast<std::uint32_t>(version),
                               from_base64(want<std::string>(object.at("archive"), what))});
}

Value special_from(const std::string& name, Value content, int depth) {
  if (name == "$object")
    return Value(object_from(std::move(want<Value::Object>(content, "$object is no object")), depth));
  if (name == "$members") return Value(members_from(std::move(content), depth));
  if (name == "$bytes") return Value(from_base64(want<std::string>(content, "$bytes is not base64")));
  if (name == "$real") return Value(real_from(want<std::string>(content, "$real is no text")));
  if (name == "$string") return Value(text_from(form("$string", std::move(content))));
  if (name == "$user") return user_from(std::move(content));
  wrong("an object whose one name begins with $ is of no known form");
}

Value from(Value form, int depth) {
  auto* const array = form.get_if<Value::Array>();
  auto* const object = form.get_if<Value::Object>();
  const bool is_special = object != nullptr && object->size() == 1 && object->begin()->first.starts_with('$');
  const bool nests = array != nullptr || (object != nullptr && (!is_special || object->begin()->first == "$object" ||
                                                                object->begin()->first == "$members"));
  if (nests && depth > Value::depth_limit) wrong("arrays and objects are nested too deeply");
  if (array != nullptr) {
    for (Value& element : *array) element = from(std::move(element), depth + 1);
  } else if (is_special) {
    const std::string name = object->begin()->first;
    return special_from(name, std::move(object->begin()->second), depth);
  } else if (object != nullptr) {
    return Value(object_from(std::move(*object), depth));
  }
  return form;
}

}  // namespace

Value to_exact_form(const Value& value) {
  switch (value.type()) {
    case Value::Type::null:
    case Value::Type::boolean:
    case Value::Type::integer:
      return value;
    case Value::Type::real:
      return real_form(*value.get_if<double>());
    case Value::Type::string:
      return text_form(*value.get_if<std::string>());
    case Value::Type::bytes:
      return form("$bytes", Value(to_base64(*value.get_if<Value::Bytes>())));
    case Value::Type::array: {
      Value::Array elements;
      for (const Value& element : *value.get_if<Value::Array>()) elements.push_back(to_exact_form(element));
      return Value(std::move(elements));
    }
    case Value::Type::object:
      return object_form(*value.get_if<Value::Object>());
    case Value::Type::user: {
      const auto& user = *value.get_if<Value::UserType>();
      Value::Object facts;
      facts.emplace("type", text_form(user.type_name));
      facts.emplace("version", user.version);
      facts.emplace("archive", to_base64(user.archive));
      return form("$user", Value(std::move(facts)));
    }
  }
  return value;
}

Value from_exact_form(Value form) { return from(std::move(form), 0); }

}  // namespace sessctl
