// Values of the C interface: what nests is made apart, and what is in an editor is changed.
#include "capi/handles.hpp"

#include <sess/editor.hpp>
#include <sess/value.hpp>

#include <memory>

using namespace sess::capi;

namespace {

using sess::Editor;
using sess::Value;

template <class Change>
int change(sess_editor* editor, const char* name, Change change) {
  return guarded([&]() -> int {
    Editor& changed = editor_of(editor);
    change(changed, std::string_view(required_text(name, "change value")));
    return SESS_OK;
  });
}

std::string_view text_of(const char* text) { return required_text(text, "change value: text"); }

std::string_view text_of(const char* text, std::size_t size) {
  if (size > 0) required(text, "change value: text");
  return {text, size};
}

Value bytes_of(const void* bytes, std::size_t size) {
  if (size == 0) return Value(Value::Bytes());
  if (bytes == nullptr) throw sess::UsageError("change value: bytes: NULL");
  const auto* const first = static_cast<const std::byte*>(bytes);
  return Value(Value::Bytes(first, first + size));
}

Value& owned(sess_value* value) { return *reinterpret_cast<Value*>(&required(value, "change value")); }
sess_value* handle_of_owned(std::unique_ptr<Value> value) { return reinterpret_cast<sess_value*>(value.release()); }

/// `make` answers what is put into an object under a name, or at the end of an array.
template <class Make>
int put(sess_value* into, const char* name, Make make) {
  return guarded([&] {
    Value& container = owned(into);
    if (auto* object = container.get_if<Value::Object>()) {
      object->insert_or_assign(required_text(name, "change object: name"), make());
    } else if (auto* array = container.get_if<Value::Array>()) {
      if (name != nullptr) throw sess::TypeMismatch(name, "object", "array");
      array->push_back(make());
    } else {
      throw sess::TypeMismatch(name != nullptr ? name : "value", "object or array", container.type_text());
    }
    return SESS_OK;
  });
}

}  // namespace

int sess_value_new(int type, sess_value** value) {
  return guarded([&] {
    sess_value*& out = emptied(value, "make value");
    switch (type) {
      case SESS_OBJECT:
        out = handle_of_owned(std::make_unique<Value>(Value::Object()));
        return SESS_OK;
      case SESS_ARRAY:
        out = handle_of_owned(std::make_unique<Value>(Value::Array()));
        return SESS_OK;
      default:
        throw sess::UsageError("make value: neither an object nor an array");
    }
  });
}

int sess_value_copy(const sess_value* value, sess_value** copy) {
  return guarded([&] {
    sess_value*& out = emptied(copy, "copy value");
    out = handle_of_owned(std::make_unique<Value>(value_of(value)));
    return SESS_OK;
  });
}

void sess_value_free(sess_value* value) { delete reinterpret_cast<Value*>(value); }

int sess_put_null(sess_value* into, const char* name) {
  return put(into, name, [] { return Value(); });
}

int sess_put_boolean(sess_value* into, const char* name, int boolean) {
  return put(into, name, [&] { return Value(boolean != 0); });
}

int sess_put_integer(sess_value* into, const char* name, int64_t integer) {
  return put(into, name, [&] { return Value(integer); });
}

int sess_put_real(sess_value* into, const char* name, double real) {
  return put(into, name, [&] { return Value(real); });
}

int sess_put_string(sess_value* into, const char* name, const char* text) {
  return put(into, name, [&] { return Value(text_of(text)); });
}

int sess_put_text(sess_value* into, const char* name, const char* text, size_t size) {
  return put(into, name, [&] { return Value(text_of(text, size)); });
}

int sess_put_bytes(sess_value* into, const char* name, const void* bytes, size_t size) {
  return put(into, name, [&] { return bytes_of(bytes, size); });
}

int sess_put_value(sess_value* into, const char* name, const sess_value* value) {
  return put(into, name, [&] { return value_of(value); });
}

int sess_remove_member(sess_value* object, const char* name) {
  return guarded([&] {
    Value& from = owned(object);
    auto* members = from.get_if<Value::Object>();
    if (members == nullptr) throw sess::TypeMismatch("value", "object", from.type_text());
    if (const auto at = members->find(std::string_view(required_text(name, "remove member"))); at != members->end())
      members->erase(at);
    return SESS_OK;
  });
}

int sess_set_value(sess_editor* editor, const char* name, const sess_value* value) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.set(what, value_of(value)); });
}

int sess_append_value(sess_editor* editor, const char* name, const sess_value* element) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.append(what, value_of(element)); });
}

int sess_set_null(sess_editor* editor, const char* name) {
  return change(editor, name, [](Editor& of, std::string_view what) { of.set(what, Value()); });
}

int sess_set_boolean(sess_editor* editor, const char* name, int boolean) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.set(what, boolean != 0); });
}

int sess_set_integer(sess_editor* editor, const char* name, int64_t integer) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.set(what, std::int64_t{integer}); });
}

int sess_set_real(sess_editor* editor, const char* name, double real) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.set(what, real); });
}

int sess_set_string(sess_editor* editor, const char* name, const char* text) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.set(what, Value(text_of(text))); });
}

int sess_set_text(sess_editor* editor, const char* name, const char* text, size_t size) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.set(what, Value(text_of(text, size))); });
}

int sess_set_bytes(sess_editor* editor, const char* name, const void* bytes, size_t size) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.set(what, bytes_of(bytes, size)); });
}

int sess_add_integer(sess_editor* editor, const char* name, int64_t amount) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.add(what, std::int64_t{amount}); });
}

int sess_add_real(sess_editor* editor, const char* name, double amount) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.add(what, amount); });
}

int sess_append_integer(sess_editor* editor, const char* name, int64_t element) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.append(what, std::int64_t{element}); });
}

int sess_append_string(sess_editor* editor, const char* name, const char* element) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.append(what, Value(text_of(element))); });
}

int sess_set_integer_if_absent(sess_editor* editor, const char* name, int64_t integer) {
  return change(editor, name,
                [&](Editor& of, std::string_view what) { of.set_if_absent(what, std::int64_t{integer}); });
}

int sess_set_string_if_absent(sess_editor* editor, const char* name, const char* text) {
  return change(editor, name, [&](Editor& of, std::string_view what) { of.set_if_absent(what, Value(text_of(text))); });
}

int sess_erase(sess_editor* editor, const char* name) {
  return change(editor, name, [](Editor& of, std::string_view what) { of.erase(what); });
}

int sess_clear(sess_editor* editor) {
  return guarded([&] {
    editor_of(editor).clear();
    return SESS_OK;
  });
}

int sess_set_idle_timeout(sess_editor* editor, int64_t timeout) {
  return guarded([&] {
    editor_of(editor).set_idle_timeout(std::chrono::milliseconds(timeout));
    return SESS_OK;
  });
}

int sess_set_lifetime(sess_editor* editor, int64_t lifetime) {
  return guarded([&] {
    editor_of(editor).set_lifetime(std::chrono::milliseconds(lifetime));
    return SESS_OK;
  });
}
