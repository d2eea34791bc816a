// Values that nest, made by the C interface: C++ reads them, and C changes what C++ has made.
#include <sess/store.hpp>

#include <cstddef>
#include <string>

#include "capi/c_store.hpp"

namespace sess::test {
namespace {

/// A value of the test's own.
class Made {
 public:
  explicit Made(int type) { REQUIRE_OK(sess_value_new(type, &value_)); }
  explicit Made(const sess_value* from) { REQUIRE_OK(sess_value_copy(from, &value_)); }
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  ~Made() { sess_value_free(value_); }
  operator sess_value*() const { return value_; }

 private:
  sess_value* value_ = nullptr;
};

TEST_CASE("what C has nested is read by C++, every type of it") {
  const CStore store;
  const std::string id = store.session("n", 1);
  sess_session* session = nullptr;
  REQUIRE_OK(sess_lock(store.get(), id.c_str(), -1, &session));
  const Made list(SESS_ARRAY);
  REQUIRE_OK(sess_put_integer(list, nullptr, 3));
  REQUIRE_OK(sess_put_string(list, nullptr, "apples"));
  REQUIRE_OK(sess_put_text(list, nullptr, "a\0b", 3));
  REQUIRE_OK(sess_put_bytes(list, nullptr, "\xff\0", 2));
  REQUIRE_OK(sess_put_null(list, nullptr));
  const Made object(SESS_OBJECT);
  REQUIRE_OK(sess_put_boolean(object, "yes", 7));
  REQUIRE_OK(sess_put_real(object, "real", 0.5));
  REQUIRE_OK(sess_put_integer(object, "again", 1));
  REQUIRE_OK(sess_put_integer(object, "again", 2));
  REQUIRE_OK(sess_put_integer(object, "gone", 1));
  REQUIRE_OK(sess_remove_member(object, "gone"));
  REQUIRE_OK(sess_remove_member(object, "gone"));
  REQUIRE_OK(sess_put_value(object, "list", list));
  REQUIRE_OK(sess_put_value(object, "itself", object));
  sess_editor* const editor = sess_session_editor(session);
  REQUIRE_OK(sess_set_value(editor, "object", object));
  REQUIRE_OK(sess_append_value(editor, "lists", list));
  REQUIRE_OK(sess_append_value(editor, "lists", object));
  REQUIRE_OK(sess_put_null(list, nullptr));  // of the copies nothing changes
  REQUIRE_OK(sess_commit(session, nullptr));
  sess_session_free(session);

  const Value::Array expected{3, "apples", std::string("a\0b", 3), Value::Bytes{std::byte{0xff}, std::byte{0}},
                              Value()};
  Value::Object of{{"yes", true}, {"real", 0.5}, {"again", 2}, {"list", expected}};
  of.emplace("itself", Value(Value::Object(of)));
  const Store same = Store::open(store.path());
  const auto snapshot = same.snapshot(*same.parse(id));
  CHECK(snapshot->values().at("object") == Value(of));
  CHECK(snapshot->values().at("lists") == Value(Value::Array{expected, of}));
}

TEST_CASE("what C++ has nested is changed by C in a copy, and the rest of it stays") {
  const CStore store;
  const Store same = Store::open(store.path());
  Session session = same.create();
  session.set("stock", Value(Value::Object{{"apples", 3}, {"of", Value(Value::UserType{"type", 1, {}})}}));
  REQUIRE(session.commit());
  const std::string id = session.id()->reveal();
  session.release();
  sess_changes* changes = nullptr;
  REQUIRE_OK(sess_snapshot(store.get(), id.c_str(), &changes));
  sess_editor* const editor = sess_changes_editor(changes);
  const sess_value* stock = nullptr;
  REQUIRE_OK(sess_get_value(editor, "stock", &stock));
  std::int64_t apples = 0;
  REQUIRE_OK(sess_value_integer(sess_value_member(stock, "apples"), &apples));
  CHECK(apples == 3);
  CHECK(sess_value_member(stock, "pears") == nullptr);
  const Made changed(stock);
  REQUIRE_OK(sess_put_integer(changed, "apples", apples - 1));
  REQUIRE_OK(sess_set_value(editor, "stock", changed));
  REQUIRE_OK(sess_merge(store.get(), changes, nullptr));
  sess_changes_free(changes);
  const auto snapshot = same.snapshot(*same.parse(id));
  CHECK(snapshot->values().at("stock") ==
        Value(Value::Object{{"apples", 2}, {"of", Value(Value::UserType{"type", 1, {}})}}));
}

TEST_CASE("a value that was got counts as read") {
  const CStore store;
  const std::string id = store.session("n", 1);
  sess_changes* changes = nullptr;
  REQUIRE_OK(sess_snapshot(store.get(), id.c_str(), &changes));
  const sess_value* value = nullptr;
  REQUIRE_OK(sess_get_value(sess_changes_editor(changes), "n", &value));
  REQUIRE_OK(sess_set_integer(sess_changes_editor(changes), "m", 1));
  CHECK(sess_get_value(sess_changes_editor(changes), "nothing", &value) == SESS_ABSENT);
  CHECK(value == nullptr);
  const auto add = [](sess_editor* editor, void*) { return sess_add_integer(editor, "n", 1); };
  REQUIRE_OK(sess_update(store.get(), id.c_str(), add, nullptr, nullptr));
  CHECK(sess_merge(store.get(), changes, nullptr) == SESS_CONFLICT);
  sess_changes_free(changes);
}

TEST_CASE("what cannot be put anywhere is refused, and so is a nesting without end") {
  const CStore store;
  const std::string id = store.session("n", 1);
  sess_value* value = nullptr;
  CHECK(sess_value_new(SESS_STRING, &value) == SESS_ERROR_USAGE);
  CHECK(value == nullptr);
  const Made list(SESS_ARRAY);
  const Made object(SESS_OBJECT);
  CHECK(sess_put_integer(list, "name", 1) == SESS_ERROR_TYPE);
  CHECK(sess_put_integer(object, nullptr, 1) == SESS_ERROR_USAGE);
  CHECK(sess_remove_member(list, "name") == SESS_ERROR_TYPE);
  CHECK(sess_value_count(list) == 0);
  CHECK(sess_value_member(list, "name") == nullptr);
  sess_session* session = nullptr;
  REQUIRE_OK(sess_lock(store.get(), id.c_str(), -1, &session));
  const Made integer(sess_peek(sess_session_editor(session), "n"));
  CHECK(sess_put_integer(integer, nullptr, 1) == SESS_ERROR_TYPE);
  CHECK(sess_append_value(sess_session_editor(session), "n", list) == SESS_ERROR_TYPE);
  for (int depth = 0; depth < 200; ++depth) {
    const Made inner(static_cast<const sess_value*>(object));
    REQUIRE_OK(sess_put_value(object, "in", inner));
  }
  REQUIRE_OK(sess_set_value(sess_session_editor(session), "deep", object));
  CHECK(sess_commit(session, nullptr) == SESS_ERROR_USAGE);
  sess_session_free(session);
  CHECK(store.integer(id, "n") == 1);
}

}  // namespace
}  // namespace sess::test
