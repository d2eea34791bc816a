#include "session_name.hpp"

#include "exit_codes.hpp"
#include "failure.hpp"
#include "report.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

namespace sessctl {
namespace {

bool has_form_of_id(std::string_view text) {
  constexpr std::string_view characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.size() == sess::SessionId::text_size && text.find_first_not_of(characters) == text.npos;
}

}  // namespace

std::optional<std::string> digits_of_key(std::string_view text) {
  if (text.size() > sess::SessionKey::text_size) return std::nullopt;
  std::string digits(text);
  for (char& digit : digits)
    if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
  if (digits.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
  return digits;
}

sess::SessionKey find_by_key(const sess::Store& store, std::string_view key_or_prefix) {
  constexpr std::string_view operation = "find session";
  const std::optional<std::string> digits = digits_of_key(key_or_prefix);
  if (!digits)
    throw Failure(ExitCode::usage, operation, "", "the argument is not a key or a prefix of one",
                  "give a key as 'sessctl ls' shows it, or the session's ID with --id -");
  if (key_or_prefix.size() < shortest_prefix)
    throw Failure(ExitCode::usage, operation, key_or_prefix,
                  fmt::format("fewer than {} digits of a key", shortest_prefix), "give more digits");
  if (const auto key = sess::SessionKey::parse(*digits)) return *key;

  const std::vector<sess::SessionKey> found = store.find(*digits, 2);
  if (found.empty())
    throw Failure(ExitCode::absent, operation, key_or_prefix, "no such session",
                  "'sessctl ls' lists the sessions there are");
  if (found.size() > 1)
    throw Failure(ExitCode::usage, operation, key_or_prefix, "several sessions have a key that begins so",
                  "give more digits");
  return found.front();
}

std::string read_id() {
  if (::isatty(STDIN_FILENO) == 1)
    complain("reading the session's ID from the terminal, which shows it; Enter ends it");
  // An ID is 60 characters; the rest is room for white space, and for finding out that it is no ID.
  std::array<char, 256> buffer{};
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t count = ::read(STDIN_FILENO, buffer.data() + size, buffer.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      throw Failure(ExitCode::io, "read ID from", "standard input", std::strerror(errno), "check what it comes from");
    if (count == 0) break;
    const auto* const begin = buffer.data() + size;
    size += static_cast<std::size_t>(count);
    if (std::find(begin, begin + count, '\n') != begin + count) break;
  }
  const std::string_view all(buffer.data(), size);
  const std::string_view line = all.substr(0, all.find('\n'));
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  const std::size_t end = line.find_last_not_of(" \t\r") + 1;  // npos + 1 is 0
  std::string id(begin < end ? line.substr(begin, end - begin) : std::string_view());
  sodium_memzero(buffer.data(), buffer.size());
  if (id.empty())
    throw Failure(ExitCode::usage, "read ID from", "standard input", "there is none",
                  "write the session's ID as one line to standard input");
  return id;
}

sess::SessionId find_by_id(const sess::Store& store, std::string_view id) {
  if (id.empty())
    throw Failure(ExitCode::usage, "find session by ID", "", "the ID is empty",
                  "write the session's ID as one line to standard input and give --id -");
  std::string text = id == "-" ? read_id() : std::string(id);
  const bool is_id = has_form_of_id(text);
  std::optional<sess::SessionId> parsed = store.parse(text);
  sodium_memzero(text.data(), text.size());
  if (!is_id)
    throw Failure(ExitCode::absent, "find session by ID", "", "this is no session ID",
                  "give the whole of the cookie's value");
  // Of a secret that is gone nothing is left to check an ID with.
  if (!parsed)
    throw Failure(ExitCode::absent, "find session by ID", "",
                  "this store has never issued that ID, or the secret that it was issued with is gone",
                  "check that --store names the store which the ID came from, and whether 'sessctl rotate-keys' has "
                  "dropped secrets");
  return *std::move(parsed);
}

}  // namespace sessctl
