// Changes that are applied to the value of the moment and never conflict: add, append, set_if_absent.
#include <sess/editor.hpp>

#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

using namespace sess;

namespace {

Editor edit(const Values& values = {}) { return Editor(std::make_shared<const Values>(values)); }

Values one(std::string_view name, Value value) {
  Values values;
  values.emplace(name, std::move(value));
  return values;
}

}  // namespace

TEST_CASE("an add is applied to the value of the moment") {
  Editor editor = edit(one("n", 1));
  editor.add("n", 5);
  CHECK(editor.get<int>("n") == 6);
  CHECK(editor.apply_to(one("n", 100))->at("n") == Value(105));
  CHECK(editor.apply_to({})->at("n") == Value(5));  // absent counts as 0
  Editor down = edit();
  down.add("n", -5);
  CHECK(down.apply_to(one("n", 1))->at("n") == Value(-4));
}

TEST_CASE("reals are added to reals") {
  Editor editor = edit();
  editor.add("x", 0.5);
  editor.add("x", 0.25);
  CHECK(editor.apply_to(one("x", 1.0))->at("x") == Value(1.75));
  CHECK(editor.apply_to({})->at("x") == Value(0.75));
}

TEST_CASE("an add to what is not a number of its kind throws, here and at commit") {
  for (const Value& wrong : {Value(), Value(true), Value("1"), Value(1.0), Value(Value::Array{})}) {
    Editor here = edit(one("n", wrong));
    CHECK_THROWS_AS(here.add("n", 1), TypeMismatch);
    Editor there = edit();
    there.add("n", 1);
    CHECK_THROWS_AS(static_cast<void>(there.apply_to(one("n", wrong))), TypeMismatch);
  }
  Editor editor = edit(one("n", 1));
  CHECK_THROWS_AS(editor.add("n", 1.0), TypeMismatch);
}

TEST_CASE("a sum beyond 64 bits throws, here and at commit, in both directions") {
  const auto overflows = [](std::int64_t there, std::int64_t amount) {
    Editor here = edit(one("n", there));
    CHECK_THROWS_AS(here.add("n", amount), TypeMismatch);
    Editor later = edit();
    later.add("n", amount);
    CHECK_THROWS_AS(static_cast<void>(later.apply_to(one("n", there))), TypeMismatch);
  };
  overflows(INT64_MAX, 1);
  overflows(INT64_MIN, -1);
  overflows(INT64_MIN, INT64_MIN);
  Editor editor = edit(one("n", INT64_MAX - 1));
  editor.add("n", 1);
  CHECK(editor.get<std::int64_t>("n") == INT64_MAX);
}

TEST_CASE("a change that throws is not recorded, and the editor stays usable") {
  Editor editor = edit({{"n", Value(INT64_MAX)}, {"s", Value("text")}});
  CHECK_THROWS_AS(editor.add("n", 1), TypeMismatch);
  CHECK_THROWS_AS(editor.append("s", 1), TypeMismatch);
  CHECK_FALSE(editor.changed());
  CHECK(editor.get<std::int64_t>("n") == INT64_MAX);
  editor.add("n", -1);
  CHECK(editor.apply_to(one("n", 10))->at("n") == Value(9));
}

TEST_CASE("an append is applied to the array of the moment") {
  Editor editor = edit(one("list", Value(std::vector<int>{1})));
  editor.append("list", "x");
  CHECK(editor.get<Value::Array>("list")->size() == 2);
  const auto merged = editor.apply_to(one("list", Value(std::vector<int>{1, 2, 3})));
  CHECK(merged->at("list") == Value(Value::Array{Value(1), Value(2), Value(3), Value("x")}));
  CHECK(editor.apply_to({})->at("list") == Value(Value::Array{Value("x")}));  // absent counts as empty
}

TEST_CASE("an append to what is no array throws, here and at commit") {
  for (const Value& wrong : {Value(), Value(1), Value("text"), Value(Value::Object{})}) {
    Editor here = edit(one("list", wrong));
    CHECK_THROWS_AS(here.append("list", 1), TypeMismatch);
    Editor there = edit();
    there.append("list", 1);
    CHECK_THROWS_AS(static_cast<void>(there.apply_to(one("list", wrong))), TypeMismatch);
  }
}

TEST_CASE("set_if_absent sets what is absent at commit, and leaves what is there") {
  Editor editor = edit();
  editor.set_if_absent("a", "mine");
  CHECK(editor.get<std::string>("a") == "mine");
  CHECK(editor.apply_to({})->at("a") == Value("mine"));
  CHECK(editor.apply_to(one("a", "theirs"))->at("a") == Value("theirs"));
  CHECK(editor.apply_to(one("a", Value()))->at("a").is_null());  // null is a value
  Editor present = edit(one("a", "old"));
  present.set_if_absent("a", "mine");
  CHECK(present.get<std::string>("a") == "old");
  CHECK(present.apply_to({})->at("a") == Value("mine"));
}

TEST_CASE("add, append and set_if_absent never conflict, whatever was read and changed") {
  const Values base = {{"n", Value(1)}, {"list", Value(std::vector<int>{})}, {"other", Value(1)}};
  const Values changed = {{"n", Value(2)}, {"list", Value(std::vector<int>{9})}, {"new", Value(1)}};
  Editor editor = edit(base);
  static_cast<void>(editor.names());
  static_cast<void>(editor.get<int>("n"));
  static_cast<void>(editor.has("new"));
  editor.add("n", 1);
  editor.append("list", 1);
  editor.set_if_absent("new", 5);
  const auto merged = editor.apply_to(changed);
  REQUIRE(merged);
  CHECK(*merged == Values{{"n", Value(3)}, {"list", Value(std::vector<int>{9, 1})}, {"new", Value(1)}});
}

TEST_CASE("changes are applied in the order in which they were made") {
  Editor editor = edit(one("n", 1));
  editor.add("n", 1);
  editor.set("n", 10);
  editor.add("n", 5);
  CHECK(editor.apply_to(one("n", 1000))->at("n") == Value(15));
  editor.erase("n");
  editor.add("n", 7);
  CHECK(editor.apply_to(one("n", 1000))->at("n") == Value(7));
  editor.clear();
  editor.append("n", 1);
  CHECK(editor.apply_to(one("n", 1000))->at("n") == Value(Value::Array{Value(1)}));
}

TEST_CASE("many requests that only add lose none of their additions") {
  Values committed = one("n", 0);
  std::vector<Editor> requests;
  for (int i = 1; i <= 100; ++i) {
    requests.push_back(edit(committed));  // all from the same snapshot
    requests.back().add("n", i);
  }
  for (const Editor& request : requests) {
    const auto merged = request.apply_to(committed);
    REQUIRE(merged);
    committed = *merged;
  }
  CHECK(committed.at("n") == Value(5050));
}
