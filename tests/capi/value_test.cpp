// Values by the C interface: every type, there and back, and what is nested by C++ programs.
#include <sess/store.hpp>

#include <cstring>
#include <string>
#include <vector>

#include "capi/c_store.hpp"

namespace sess::test {
namespace {

struct Fixture {
  CStore store;
  std::string id = store.session("first", 1);
  sess_session* session = nullptr;
  sess_editor* editor = nullptr;
  Fixture() {
    REQUIRE_OK(sess_lock(store.get(), id.c_str(), -1, &session));
    editor = sess_session_editor(session);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() { sess_session_free(session); }
};

TEST_CASE_FIXTURE(Fixture, "every type comes back as it was") {
  const std::string text("a\0b", 3);
  REQUIRE_OK(sess_set_null(editor, "null"));
  REQUIRE_OK(sess_set_boolean(editor, "boolean", 5));
  REQUIRE_OK(sess_set_integer(editor, "integer", INT64_MIN));
  REQUIRE_OK(sess_set_real(editor, "real", 0.5));
  REQUIRE_OK(sess_set_string(editor, "string", "text"));
  REQUIRE_OK(sess_set_text(editor, "text", text.data(), text.size()));
  REQUIRE_OK(sess_set_text(editor, "empty", nullptr, 0));
  REQUIRE_OK(sess_set_bytes(editor, "bytes", "\xff\0\x01", 3));
  REQUIRE_OK(sess_set_bytes(editor, "no bytes", nullptr, 0));
  REQUIRE_OK(sess_commit(session, nullptr));
  int boolean = 0;
  std::int64_t integer = 0;
  double real = 0;
  const char* string = nullptr;
  const void* bytes = nullptr;
  std::size_t size = 0;
  CHECK(sess_value_type(sess_read(editor, "null")) == SESS_NULL);
  REQUIRE_OK(sess_get_boolean(editor, "boolean", &boolean));
  CHECK(boolean == 1);
  REQUIRE_OK(sess_get_integer(editor, "integer", &integer));
  CHECK(integer == INT64_MIN);
  REQUIRE_OK(sess_get_real(editor, "real", &real));
  CHECK(real == 0.5);
  REQUIRE_OK(sess_get_string(editor, "string", &string, nullptr));
  CHECK(std::string(string) == "text");
  REQUIRE_OK(sess_get_string(editor, "text", &string, &size));
  CHECK(std::string(string, size) == text);
  CHECK(string[size] == '\0');
  REQUIRE_OK(sess_get_string(editor, "empty", &string, &size));
  CHECK(size == 0);
  REQUIRE_OK(sess_get_bytes(editor, "bytes", &bytes, &size));
  REQUIRE(size == 3);
  CHECK(std::memcmp(bytes, "\xff\0\x01", 3) == 0);
  REQUIRE_OK(sess_get_bytes(editor, "no bytes", &bytes, &size));
  CHECK(size == 0);
}

TEST_CASE_FIXTURE(Fixture, "nothing is converted, and what is not there is absent") {
  REQUIRE_OK(sess_set_string(editor, "string", "1"));
  int boolean = 7;
  std::int64_t integer = 7;
  double real = 7;
  const char* string = nullptr;
  const void* bytes = nullptr;
  std::size_t size = 7;
  CHECK(sess_get_integer(editor, "string", &integer) == SESS_ERROR_TYPE);
  CHECK(std::string(sess_error_message()) == "value \"string\": wanted integer, found string");
  CHECK(sess_get_boolean(editor, "first", &boolean) == SESS_ERROR_TYPE);
  CHECK(sess_get_real(editor, "first", &real) == SESS_ERROR_TYPE);
  CHECK(sess_get_string(editor, "first", &string, &size) == SESS_ERROR_TYPE);
  CHECK(sess_get_bytes(editor, "string", &bytes, &size) == SESS_ERROR_TYPE);
  CHECK(sess_add_integer(editor, "string", 1) == SESS_ERROR_TYPE);
  CHECK(sess_append_integer(editor, "string", 1) == SESS_ERROR_TYPE);
  CHECK(sess_get_integer(editor, "nothing", &integer) == SESS_ABSENT);
  CHECK(sess_read(editor, "nothing") == nullptr);
  CHECK(sess_peek(editor, "nothing") == nullptr);
  CHECK(integer == 7);
  CHECK(boolean == 7);
  CHECK(size == 7);
}

TEST_CASE_FIXTURE(Fixture, "numbers are added, arrays appended, and what is there is left") {
  REQUIRE_OK(sess_add_integer(editor, "first", 41));
  REQUIRE_OK(sess_add_real(editor, "real", 0.25));
  REQUIRE_OK(sess_append_string(editor, "array", "one"));
  REQUIRE_OK(sess_append_integer(editor, "array", 2));
  REQUIRE_OK(sess_set_integer_if_absent(editor, "first", 5));
  REQUIRE_OK(sess_set_string_if_absent(editor, "new", "here"));
  std::int64_t integer = 0;
  REQUIRE_OK(sess_get_integer(editor, "first", &integer));
  CHECK(integer == 42);
  const sess_value* array = sess_read(editor, "array");
  CHECK(sess_value_type(array) == SESS_ARRAY);
  REQUIRE(sess_value_count(array) == 2);
  const char* text = nullptr;
  REQUIRE_OK(sess_value_string(sess_value_at(array, 0, &text), &text, nullptr));
  CHECK(std::string(text) == "one");
  REQUIRE_OK(sess_value_integer(sess_value_at(array, 1, nullptr), &integer));
  CHECK(integer == 2);
  CHECK(sess_value_at(array, 2, nullptr) == nullptr);
  REQUIRE_OK(sess_get_string(editor, "new", &text, nullptr));
  CHECK(std::string(text) == "here");
  REQUIRE_OK(sess_erase(editor, "new"));
  CHECK(sess_read(editor, "new") == nullptr);
  REQUIRE_OK(sess_clear(editor));
  CHECK(sess_read(editor, "first") == nullptr);
  REQUIRE_OK(sess_set_idle_timeout(editor, 1000));
  REQUIRE_OK(sess_set_lifetime(editor, 2000));
  CHECK(sess_set_idle_timeout(editor, 0) == SESS_ERROR_USAGE);
}

TEST_CASE_FIXTURE(Fixture, "all values are visited in the order of their names, until the visitor has enough") {
  REQUIRE_OK(sess_set_integer(editor, "b", 2));
  REQUIRE_OK(sess_set_integer(editor, "a", 3));
  using Names = std::vector<std::string>;
  Names names;
  const auto collect = [](const char* name, const sess_value* value, void* data) {
    CHECK(sess_value_type(value) == SESS_INTEGER);
    auto& into = *static_cast<Names*>(data);
    into.emplace_back(name);
    return static_cast<int>(into.size() == 5);
  };
  REQUIRE_OK(sess_visit_values(editor, collect, &names));
  CHECK(names == Names{"a", "b", "first"});
  names = {"", "", ""};
  REQUIRE_OK(sess_visit_values(editor, collect, &names));
  CHECK(names.size() == 5);
}

TEST_CASE("C and C++ share a store, and what C++ has nested can be read") {
  const CStore store;
  const Store same = Store::open(store.path());
  Session session = same.create();
  session.set("object", Value(Value::Object{{"list", Value(Value::Array{1, "two"})}, {"real", 0.5}}));
  session.set("user", Value(Value::UserType{"type", 1, {}}));
  REQUIRE(session.commit());
  const std::string id = session.id()->reveal();
  session.release();
  sess_changes* changes = nullptr;
  REQUIRE_OK(sess_snapshot(store.get(), id.c_str(), &changes));
  sess_editor* editor = sess_changes_editor(changes);
  CHECK(sess_value_type(sess_read(editor, "user")) == SESS_USER);
  const sess_value* object = sess_read(editor, "object");
  CHECK(sess_value_type(object) == SESS_OBJECT);
  REQUIRE(sess_value_count(object) == 2);
  const char* name = nullptr;
  const sess_value* list = sess_value_at(object, 0, &name);
  CHECK(std::string(name) == "list");
  CHECK(sess_value_count(list) == 2);
  double real = 0;
  REQUIRE_OK(sess_value_real(sess_value_at(object, 1, &name), &real));
  CHECK(std::string(name) == "real");
  CHECK(sess_value_at(object, 2, &name) == nullptr);
  CHECK(name == nullptr);
  REQUIRE_OK(sess_add_integer(editor, "n", 5));
  REQUIRE_OK(sess_merge(store.get(), changes, nullptr));
  sess_changes_free(changes);
  const auto snapshot = same.snapshot(*same.parse(id));
  CHECK(snapshot->get<int>("n") == 5);
  CHECK(snapshot->has("user"));
}

}  // namespace
}  // namespace sess::test
