#include "content.hpp"

#include <bit>
#include <charconv>
#include <string>

#include "support/system_call.hpp"

namespace sess::test {

namespace {

std::string text_of(std::int64_t mark) {
  const std::uint64_t number = mixed(static_cast<std::uint64_t>(mark), 1);
  return std::string(number % 900, static_cast<char>('a' + number % 26)) + std::to_string(mark);
}

const Value* find(const Values& values, const char* name) {
  const auto found = values.find(name);
  return found == values.end() ? nullptr : &found->second;
}

}  // namespace

void write_mark(Editor& editor, unsigned mark, Writing writing) {
  if (writing == Writing::blind)
    editor.add("count", 1);
  else
    editor.set("count", editor.get<std::int64_t>("count").value_or(0) + 1);
  editor.set("m" + std::to_string(mark), 1);
  editor.set("last", std::int64_t{mark});
  editor.set("text", text_of(mark));
}

Content content_of(const Values& values) {
  Content content;
  for (const auto& [name, value] : values) {
    unsigned mark = most_marks;
    if (name.size() < 2 || name[0] != 'm') continue;
    std::from_chars(name.data() + 1, name.data() + name.size(), mark);
    if (mark < most_marks) content.marks |= Marks{1} << mark;
  }
  const Value* const count = find(values, "count");
  const Value* const last = find(values, "last");
  const Value* const text = find(values, "text");
  if (count == nullptr || last == nullptr || text == nullptr) return content;
  const auto mark = last->as<std::int64_t>("last");
  content.whole = count->as<std::int64_t>("count") == std::popcount(content.marks) &&
                  (content.marks >> static_cast<unsigned>(mark) & 1) != 0 &&
                  text->as<std::string>("text") == text_of(mark);
  return content;
}

}  // namespace sess::test
