// The working copy of a session: what is read, what is changed, what conflicts.
#include <sess/editor.hpp>

#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace sess;
using namespace std::chrono_literals;

namespace {

const Values base = {{"a", Value(1)}, {"b", Value("two")}, {"c", Value(3)}};

Editor edit(const Values& values = base) { return Editor(std::make_shared<const Values>(values)); }

/// The base with one value changed, added or (without a value) taken away: what somebody else has committed meanwhile.
Values with(std::string_view name, std::optional<Value> value) {
  Values changed = base;
  changed.erase(std::string(name));
  if (value) changed.emplace(name, *value);
  return changed;
}

/// What a merge of these changes makes of the values that are there at commit; nothing if it is a conflict.
std::optional<Values> merged(const std::function<void(Editor&)>& changes, const Values& current) {
  Editor editor = edit();
  changes(editor);
  return editor.apply_to(current);
}

bool conflicts(const std::function<void(Editor&)>& changes, const Values& current) {
  return !merged(changes, current).has_value();
}

}  // namespace

// ---- reading -----------------------------------------------------------------------------------------------------

TEST_CASE("an editor reads the values that it was made from, with their types") {
  const Editor editor = edit();
  CHECK(editor.get<int>("a") == 1);
  CHECK(editor.get<std::string>("b") == "two");
  CHECK_FALSE(editor.get<int>("none").has_value());
  CHECK(editor.has("a"));
  CHECK_FALSE(editor.has("none"));
  CHECK(editor.peek<int>("c") == 3);
  CHECK_FALSE(editor.peek<int>("none").has_value());
  CHECK(editor.names() == std::vector<std::string>{"a", "b", "c"});
  CHECK(editor.values() == base);
  CHECK(Editor().names().empty());
}

TEST_CASE("a value of another type is refused by its name") {
  const Editor editor = edit();
  CHECK_THROWS_AS(static_cast<void>(editor.get<std::string>("a")), TypeMismatch);
  CHECK_THROWS_AS(static_cast<void>(editor.peek<std::string>("a")), TypeMismatch);
  CHECK_THROWS_WITH(static_cast<void>(editor.get<int>("b")), "value \"b\": wanted integer, found string");
}

TEST_CASE("an editor sees its own changes, and the values that it was made from stay as they are") {
  const auto values = std::make_shared<const Values>(base);
  Editor editor(values);
  editor.set("a", 10);
  editor.erase("b");
  editor.set("new", true);
  CHECK(editor.get<int>("a") == 10);
  CHECK_FALSE(editor.has("b"));
  CHECK(editor.peek<bool>("new") == true);
  CHECK(editor.names() == std::vector<std::string>{"a", "c", "new"});
  CHECK(*values == base);
  editor.set("b", 2.5);  // erased and set again, of another type
  CHECK(editor.get<double>("b") == 2.5);
}

TEST_CASE("an editor knows whether a commit has anything to apply") {
  Editor editor = edit();
  CHECK_FALSE(editor.changed());
  static_cast<void>(editor.get<int>("a"));
  static_cast<void>(editor.names());
  static_cast<void>(editor.take<int>("none"));
  CHECK_FALSE(editor.changed());
  editor.set("a", 1);  // the same value, and a change all the same: it must win over what comes between
  CHECK(editor.changed());
}

// ---- set and erase -----------------------------------------------------------------------------------------------

TEST_CASE("a blind set wins over what has been changed meanwhile") {
  const auto set = [](Editor& editor) { editor.set("a", 10); };
  CHECK(merged(set, with("a", Value(99)))->at("a") == Value(10));
  CHECK(merged(set, with("a", std::nullopt))->at("a") == Value(10));
  CHECK(merged(set, base)->at("a") == Value(10));
}

TEST_CASE("a blind erase wins over what has been changed meanwhile") {
  const auto erase = [](Editor& editor) { editor.erase("a"); };
  CHECK_FALSE(merged(erase, with("a", Value(99)))->contains("a"));
  CHECK_FALSE(merged(erase, with("a", std::nullopt))->contains("a"));
}

TEST_CASE("what a merge does not change stays as others have left it") {
  const auto values = merged([](Editor& editor) { editor.set("a", 10); }, with("b", Value("theirs")));
  CHECK(*values == Values{{"a", Value(10)}, {"b", Value("theirs")}, {"c", Value(3)}});
}

TEST_CASE("a set of what was read before conflicts if that has changed meanwhile") {
  const auto change = [](Editor& editor) { editor.set("a", editor.get<int>("a").value_or(0) + 1); };
  CHECK(merged(change, base)->at("a") == Value(2));
  CHECK(conflicts(change, with("a", Value(2))));
  CHECK(conflicts(change, with("a", Value("1"))));
  CHECK_FALSE(conflicts(change, with("b", Value("theirs"))));
}

TEST_CASE("an erase of what was read before conflicts if that has changed meanwhile") {
  const auto change = [](Editor& editor) {
    if (editor.has("a")) editor.erase("a");
  };
  CHECK_FALSE(merged(change, base)->contains("a"));
  CHECK(conflicts(change, with("a", Value(2))));
}

TEST_CASE("a value that was read makes every later set and erase depend on it, of whatever name") {
  for (const auto& change : std::vector<std::function<void(Editor&)>>{
           [](Editor& editor) { editor.set("b", std::to_string(editor.get<int>("a").value_or(0))); },
           [](Editor& editor) {
             if (editor.has("a")) editor.erase("b");
           },
           [](Editor& editor) {
             static_cast<void>(editor.get<int>("a"));
             editor.clear();
           }}) {
    CHECK_FALSE(conflicts(change, base));
    CHECK(conflicts(change, with("a", Value(2))));
    CHECK_FALSE(conflicts(change, with("b", Value("theirs"))));
  }
}

TEST_CASE("a read that comes after the last set and erase makes no conflict") {
  const auto change = [](Editor& editor) {
    editor.set("b", "mine");
    static_cast<void>(editor.get<int>("a"));
  };
  CHECK_FALSE(conflicts(change, with("a", Value(2))));
}

TEST_CASE("a read without any change makes no conflict") {
  CHECK(merged([](Editor& editor) { static_cast<void>(editor.names()); }, with("a", Value(2))) == with("a", Value(2)));
}

TEST_CASE("what was absent when it was read and is present now conflicts") {
  const auto change = [](Editor& editor) {
    if (!editor.has("new")) editor.set("new", "mine");
  };
  CHECK(merged(change, base)->at("new") == Value("mine"));
  CHECK(conflicts(change, with("new", Value("theirs"))));
  const auto other = [](Editor& editor) { editor.set("a", editor.get<int>("new").value_or(7)); };
  CHECK(conflicts(other, with("new", Value(7))));
}

TEST_CASE("what was present when it was read and is absent now conflicts") {
  const auto change = [](Editor& editor) { editor.set("b", editor.get<int>("a").value_or(0)); };
  CHECK(conflicts(change, with("a", std::nullopt)));
}

TEST_CASE("what changed and changed back is no conflict: the value is what counts") {
  const auto change = [](Editor& editor) { editor.set("b", editor.get<int>("a").value_or(0)); };
  CHECK_FALSE(conflicts(change, with("a", Value(1))));
}

TEST_CASE("a value read with the wrong type counts as read") {
  const auto change = [](Editor& editor) {
    CHECK_THROWS_AS(static_cast<void>(editor.get<std::string>("a")), TypeMismatch);
    editor.set("a", "one");
  };
  CHECK(conflicts(change, with("a", Value("uno"))));
}

// ---- peek, names -------------------------------------------------------------------------------------------------

TEST_CASE("a peek is a read that does not count") {
  const auto change = [](Editor& editor) { editor.set("a", editor.peek<int>("a").value_or(0) + 1); };
  CHECK(merged(change, with("a", Value(50)))->at("a") == Value(2));
  const auto all = [](Editor& editor) { editor.set("a", static_cast<int>(editor.values().size())); };
  CHECK_FALSE(conflicts(all, with("b", Value("theirs"))));
}

TEST_CASE("the names count as a read of everything") {
  const auto change = [](Editor& editor) { editor.set("count", static_cast<int>(editor.names().size())); };
  CHECK(merged(change, base)->at("count") == Value(3));
  CHECK(conflicts(change, with("a", Value(2))));
  CHECK(conflicts(change, with("b", std::nullopt)));
  CHECK(conflicts(change, with("new", Value(1))));
}

TEST_CASE("names read after the last change make no conflict") {
  const auto change = [](Editor& editor) {
    editor.set("a", 10);
    static_cast<void>(editor.names());
  };
  CHECK_FALSE(conflicts(change, with("b", Value("theirs"))));
}

// ---- own values --------------------------------------------------------------------------------------------------

TEST_CASE("a value that the editor has set or erased itself is no read when it is read back") {
  for (const auto& change : std::vector<std::function<void(Editor&)>>{[](Editor& editor) {
                                                                        editor.set("a", 10);
                                                                        editor.set("b",
                                                                                   editor.get<int>("a").value_or(0));
                                                                      },
                                                                      [](Editor& editor) {
                                                                        editor.erase("a");
                                                                        if (!editor.has("a")) editor.set("b", 0);
                                                                      },
                                                                      [](Editor& editor) {
                                                                        editor.set("a", 10);
                                                                        static_cast<void>(editor.take<int>("a"));
                                                                      },
                                                                      [](Editor& editor) {
                                                                        editor.clear();
                                                                        editor.set("b", editor.has("a") ? 1 : 0);
                                                                      }})
    CHECK_FALSE(conflicts(change, with("a", Value(99))));
}

TEST_CASE("what add, append and set_if_absent have made depends on the base, and reading it back is a read") {
  const auto added = [](Editor& editor) {
    editor.add("a", 1);
    editor.set("b", editor.get<int>("a").value_or(0));
  };
  CHECK(merged(added, base)->at("b") == Value(2));
  CHECK(conflicts(added, with("a", Value(50))));
  const auto filled = [](Editor& editor) {
    editor.set_if_absent("new", 1);
    editor.set("b", editor.get<int>("new").value_or(0));
  };
  CHECK_FALSE(conflicts(filled, base));
  CHECK(conflicts(filled, with("new", Value(50))));
}

TEST_CASE("a value that was read before it was set stays a read") {
  const auto change = [](Editor& editor) {
    static_cast<void>(editor.get<int>("a"));
    editor.set("a", 10);
    static_cast<void>(editor.get<int>("a"));
    editor.set("b", "x");
  };
  CHECK(conflicts(change, with("a", Value(99))));
}

// ---- take --------------------------------------------------------------------------------------------------------

TEST_CASE("a take gives the value and erases it") {
  Editor editor = edit();
  CHECK(editor.take<std::string>("b") == "two");
  CHECK_FALSE(editor.take<std::string>("b").has_value());
  CHECK_FALSE(editor.apply_to(base)->contains("b"));
}

TEST_CASE("of two requests that take the same value one gets it and the other's commit conflicts") {
  Editor first = edit();
  Editor second = edit();
  CHECK(first.take<std::string>("b") == "two");
  CHECK(second.take<std::string>("b") == "two");
  const auto committed = first.apply_to(base);
  REQUIRE(committed);
  CHECK_FALSE(committed->contains("b"));
  CHECK_FALSE(second.apply_to(*committed).has_value());
}

TEST_CASE("a take of what is replaced meanwhile conflicts, and one of nothing counts as a read") {
  const auto take = [](Editor& editor) { static_cast<void>(editor.take<std::string>("b")); };
  CHECK(conflicts(take, with("b", Value("another code"))));
  const auto take_nothing = [](Editor& editor) {
    if (!editor.take<int>("new")) editor.set("wrong", true);
  };
  CHECK_FALSE(conflicts(take_nothing, base));
  CHECK(conflicts(take_nothing, with("new", Value(1))));
}

// ---- clear, copies, rebase, timeouts -----------------------------------------------------------------------------

TEST_CASE("a clear erases also what others have added meanwhile") {
  const auto change = [](Editor& editor) {
    editor.clear();
    editor.set("mine", 1);
  };
  CHECK(*merged(change, with("theirs", Value(1))) == Values{{"mine", Value(1)}});
  Editor editor = edit();
  editor.clear();
  CHECK(editor.names().empty());
  CHECK(editor.changed());
}

TEST_CASE("a copy goes its own way") {
  Editor editor = edit();
  editor.set("a", 10);
  Editor copy = editor;
  copy.set("a", 20);
  copy.add("c", 1);
  CHECK(editor.apply_to(base)->at("a") == Value(10));
  CHECK(copy.apply_to(base)->at("a") == Value(20));
  CHECK(editor.get<int>("c") == 3);
}

TEST_CASE("changes can be applied to one version after another") {
  Editor editor = edit();
  editor.add("a", 1);
  CHECK(editor.apply_to(base)->at("a") == Value(2));
  CHECK(editor.apply_to(with("a", Value(5)))->at("a") == Value(6));
  CHECK(editor.apply_to(base) == editor.values());
}

TEST_CASE("a rebase forgets changes, reads and timeouts") {
  Editor editor = edit();
  static_cast<void>(editor.names());
  editor.set("a", 10);
  editor.set_idle_timeout(1s);
  editor.set_lifetime(1s);
  editor.rebase(std::make_shared<const Values>(with("a", Value(5))));
  CHECK_FALSE(editor.changed());
  CHECK_FALSE(editor.idle_timeout().has_value());
  CHECK_FALSE(editor.lifetime().has_value());
  CHECK(editor.get<int>("a") == 5);
  Editor other = edit();
  static_cast<void>(other.names());
  other.rebase(std::make_shared<const Values>(base));
  other.set("b", "x");
  CHECK(other.apply_to(with("a", Value(5))).has_value());
}

TEST_CASE("timeouts are changes, and only positive ones are accepted") {
  Editor editor = edit();
  for (const auto wrong : {0ms, -1ms, std::chrono::milliseconds::min()}) {
    CHECK_THROWS_AS(editor.set_idle_timeout(wrong), UsageError);
    CHECK_THROWS_AS(editor.set_lifetime(wrong), UsageError);
  }
  CHECK_FALSE(editor.changed());
  editor.set_idle_timeout(1ms);
  CHECK(editor.changed());
  CHECK(editor.idle_timeout() == 1ms);
  CHECK_FALSE(editor.lifetime().has_value());
  Editor other = edit();
  other.set_lifetime(8h);
  CHECK(other.changed());
  CHECK(other.lifetime() == 8h);
  CHECK(*other.apply_to(base) == base);
}
