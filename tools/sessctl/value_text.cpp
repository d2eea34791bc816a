#include "value_text.hpp"

#include "escape.hpp"
#include "human.hpp"
#include "json_value.hpp"

#include <fmt/format.h>

namespace sessctl {
namespace {

using sess::Value;

constexpr std::size_t width = 100;  // columns that one line of an array or object may take

std::string on_one_line(const Value& value) {
  if (const auto* text = value.get_if<std::string>()) return json_quoted(*text);
  if (const auto* bytes = value.get_if<Value::Bytes>()) return fmt::format("<bytes, {}>", human_size(bytes->size()));
  if (const auto* user = value.get_if<Value::UserType>())
    return fmt::format("<{}, version {}, {}>", without_controls(user->type_name), user->version,
                       human_size(user->archive.size()));
  std::string text;
  if (const auto* array = value.get_if<Value::Array>()) {
    for (const Value& element : *array) text += (text.empty() ? "" : ", ") + on_one_line(element);
    return "[" + text + "]";
  }
  if (const auto* object = value.get_if<Value::Object>()) {
    for (const auto& [name, member] : *object)
      text += (text.empty() ? "" : ", ") + json_quoted(name) + ": " + on_one_line(member);
    return "{" + text + "}";
  }
  return to_json(value);
}

}  // namespace

std::string value_text(const Value& value, std::size_t indent) {
  std::string line = on_one_line(value);
  if (indent + line.size() <= width) return line;
  const std::string inner(indent + 2, ' ');
  std::string text;
  if (const auto* array = value.get_if<Value::Array>()) {
    for (const Value& element : *array)
      text += fmt::format("{}\n{}{}", text.empty() ? "" : ",", inner, value_text(element, indent + 2));
    return fmt::format("[{}\n{:{}}]", text, "", indent);
  }
  if (const auto* object = value.get_if<Value::Object>()) {
    for (const auto& [name, member] : *object)
      text += fmt::format("{}\n{}{}: {}", text.empty() ? "" : ",", inner, json_quoted(name),
                          value_text(member, indent + 2));
    return fmt::format("{{{}\n{:{}}}}", text, "", indent);
  }
  return line;
}

std::string name_text(std::string_view name) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/";
  return !name.empty() && name.find_first_not_of(plain) == std::string_view::npos ? std::string(name)
                                                                                  : json_quoted(name);
}

}  // namespace sessctl
