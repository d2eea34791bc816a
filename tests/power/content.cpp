#include "content.hpp"

#include <cstddef>
#include <random>

namespace sess::test::power {

namespace {

constexpr const char* session_name = "session";
constexpr const char* version_name = "version";
constexpr const char* text_name = "text";
constexpr std::size_t block = 64;

}  // namespace

std::string text_of(std::uint32_t session, std::uint32_t version) {
  std::minstd_rand random(session * 2654435761U + version);
  // Twice as large with half the chance, nine times.
  std::size_t size = 100 + random() % 28;
  for (auto chance = random(); chance % 2 == 1 && size < 32768; chance /= 2) size *= 2;
  size += random() % size;
  // Each block names its place: no two of all texts are alike, wherever one is torn or shifted.
  std::string text;
  text.reserve(size + block);
  while (text.size() < size)
    text += std::to_string(session) + "." + std::to_string(version) + "." + std::to_string(text.size()) +
            std::string(block / 2, static_cast<char>('a' + (version + text.size() / block) % 26)) + " ";
  text.resize(size);
  return text;
}

void write_version(Editor& editor, std::uint32_t session, std::uint32_t version) {
  editor.set(session_name, std::int64_t{session});
  editor.set(version_name, std::int64_t{version});
  editor.set(text_name, text_of(session, version));
}

std::optional<std::uint32_t> version_in(const Values& values, std::uint32_t session) {
  const Editor editor(std::make_shared<const Values>(values));
  try {
    if (editor.peek<std::int64_t>(session_name) != std::int64_t{session}) return std::nullopt;
    const auto version = static_cast<std::uint32_t>(editor.peek<std::int64_t>(version_name).value_or(0));
    if (editor.peek<std::string>(text_name) != text_of(session, version)) return std::nullopt;
    return version;
  } catch (const TypeMismatch&) {
    return std::nullopt;
  }
}

}  // namespace sess::test::power
