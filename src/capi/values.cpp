// Values of the C interface: reading them.
#include "capi/handles.hpp"

#include <sess/editor.hpp>
#include <sess/value.hpp>

#include <iterator>
#include <optional>

using namespace sess::capi;

namespace {

using sess::Editor;
using sess::Value;

const sess_value* found(const Editor& editor, std::string_view name) {
  const auto at = editor.values().find(name);
  return at == editor.values().end() ? nullptr : handle_of(&at->second);
}

/// Counts as a read.
const sess_value* read(sess_editor* editor, const char* name) {
  const Editor& from = editor_of(editor);
  return from.has(required_text(name, "read value")) ? found(from, name) : nullptr;
}

constexpr const char* type_names[] = {"null",  "boolean", "integer", "real",     "string",
                                      "bytes", "array",   "object",  "user type"};

/// The T in a value; throws TypeMismatch where it is another type. `name`: of the value, for its message.
template <class T>
const T& held(const sess_value* value, const char* name, const char* wanted) {
  const Value& from = value_of(value);
  if (const T* it = from.get_if<T>()) return *it;
  throw sess::TypeMismatch(name, wanted, type_names[static_cast<std::size_t>(from.type())]);
}

int boolean_in(const sess_value* value, const char* name, int* boolean) {
  required(boolean, "read boolean") = held<bool>(value, name, "boolean") ? 1 : 0;
  return SESS_OK;
}

int integer_in(const sess_value* value, const char* name, std::int64_t* integer) {
  required(integer, "read integer") = held<std::int64_t>(value, name, "integer");
  return SESS_OK;
}

int real_in(const sess_value* value, const char* name, double* real) {
  required(real, "read real") = held<double>(value, name, "real");
  return SESS_OK;
}

int string_in(const sess_value* value, const char* name, const char** text, std::size_t* size) {
  const std::string& string = held<std::string>(value, name, "string");
  required(text, "read string") = string.c_str();
  if (size != nullptr) *size = string.size();
  return SESS_OK;
}

int bytes_in(const sess_value* value, const char* name, const void** bytes, std::size_t* size) {
  const Value::Bytes& in = held<Value::Bytes>(value, name, "bytes");
  required(size, "read bytes: size") = in.size();
  required(bytes, "read bytes") = in.data();
  return SESS_OK;
}

/// A read of a name, handed on to the reader of a value.
template <class Reader>
int get(sess_editor* editor, const char* name, Reader reader) {
  return guarded([&]() -> int {
    const sess_value* value = read(editor, name);
    return value == nullptr ? SESS_ABSENT : reader(value);
  });
}

}  // namespace

int sess_get_value(sess_editor* editor, const char* name, const sess_value** value) {
  return guarded([&]() -> int {
    const sess_value*& out = emptied(value, "read value");
    out = read(editor, name);
    return out == nullptr ? SESS_ABSENT : SESS_OK;
  });
}

const sess_value* sess_read(sess_editor* editor, const char* name) {
  const sess_value* value = nullptr;
  guarded([&] {
    value = read(editor, name);
    return SESS_OK;
  });
  return value;
}

const sess_value* sess_peek(sess_editor* editor, const char* name) {
  const sess_value* value = nullptr;
  guarded([&] {
    value = found(editor_of(editor), required_text(name, "read value"));
    return SESS_OK;
  });
  return value;
}

int sess_value_type(const sess_value* value) {
  return guarded([&]() -> int {
    switch (value_of(value).type()) {
      case Value::Type::null:
        return SESS_NULL;
      case Value::Type::boolean:
        return SESS_BOOLEAN;
      case Value::Type::integer:
        return SESS_INTEGER;
      case Value::Type::real:
        return SESS_REAL;
      case Value::Type::string:
        return SESS_STRING;
      case Value::Type::bytes:
        return SESS_BYTES;
      case Value::Type::array:
        return SESS_ARRAY;
      case Value::Type::object:
        return SESS_OBJECT;
      case Value::Type::user:
        return SESS_USER;
    }
    return SESS_ERROR_UNKNOWN;
  });
}

int sess_value_boolean(const sess_value* value, int* boolean) {
  return guarded([&] { return boolean_in(value, "value", boolean); });
}

int sess_value_integer(const sess_value* value, int64_t* integer) {
  return guarded([&] { return integer_in(value, "value", integer); });
}

int sess_value_real(const sess_value* value, double* real) {
  return guarded([&] { return real_in(value, "value", real); });
}

int sess_value_string(const sess_value* value, const char** text, size_t* size) {
  return guarded([&] { return string_in(value, "value", text, size); });
}

int sess_value_bytes(const sess_value* value, const void** bytes, size_t* size) {
  return guarded([&] { return bytes_in(value, "value", bytes, size); });
}

size_t sess_value_count(const sess_value* value) {
  size_t count = 0;
  guarded([&] {
    const Value& of = value_of(value);
    if (const auto* array = of.get_if<Value::Array>()) count = array->size();
    if (const auto* object = of.get_if<Value::Object>()) count = object->size();
    return SESS_OK;
  });
  return count;
}

const sess_value* sess_value_at(const sess_value* value, size_t index, const char** name) {
  const sess_value* element = nullptr;
  guarded([&] {
    if (name != nullptr) *name = nullptr;
    const Value& of = value_of(value);
    if (const auto* array = of.get_if<Value::Array>(); array != nullptr && index < array->size())
      element = handle_of(&(*array)[index]);
    if (const auto* object = of.get_if<Value::Object>(); object != nullptr && index < object->size()) {
      const auto member = std::next(object->begin(), static_cast<std::ptrdiff_t>(index));
      element = handle_of(&member->second);
      if (name != nullptr) *name = member->first.c_str();
    }
    return SESS_OK;
  });
  return element;
}

const sess_value* sess_value_member(const sess_value* object, const char* name) {
  const sess_value* member = nullptr;
  guarded([&] {
    const auto* members = value_of(object).get_if<Value::Object>();
    const std::string_view wanted = required_text(name, "read member");
    if (members == nullptr) return SESS_OK;
    if (const auto at = members->find(wanted); at != members->end()) member = handle_of(&at->second);
    return SESS_OK;
  });
  return member;
}

int sess_get_boolean(sess_editor* editor, const char* name, int* boolean) {
  return get(editor, name, [&](const sess_value* value) { return boolean_in(value, name, boolean); });
}

int sess_get_integer(sess_editor* editor, const char* name, int64_t* integer) {
  return get(editor, name, [&](const sess_value* value) { return integer_in(value, name, integer); });
}

int sess_get_real(sess_editor* editor, const char* name, double* real) {
  return get(editor, name, [&](const sess_value* value) { return real_in(value, name, real); });
}

int sess_get_string(sess_editor* editor, const char* name, const char** text, size_t* size) {
  return get(editor, name, [&](const sess_value* value) { return string_in(value, name, text, size); });
}

int sess_get_bytes(sess_editor* editor, const char* name, const void** bytes, size_t* size) {
  return get(editor, name, [&](const sess_value* value) { return bytes_in(value, name, bytes, size); });
}

int sess_visit_values(sess_editor* editor, sess_visit_value visit, void* data) {
  return guarded([&] {
    const Editor& of = editor_of(editor);
    required(visit, "visit values");
    for (const std::string& name : of.names())
      if (visit(name.c_str(), found(of, name), data) != 0) break;
    return SESS_OK;
  });
}
