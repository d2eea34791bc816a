// How a command line names a session: by its key, by a unique prefix of the key, or by its ID.
#pragma once

#include <sess/session_id.hpp>
#include <sess/store.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sessctl {

/// Shorter prefixes are refused, so that a slip of the finger does not hit the only session there is.
inline constexpr std::size_t shortest_prefix = 4;

/// The digits of a key, or of its beginning, in lower case as keys are printed. Nothing for what is neither.
std::optional<std::string> digits_of_key(std::string_view text);

/// Answers the key of exactly one session; digits in either case. A full key is answered without a look at the store:
/// whether the session exists is for the command to find out. Throws Failure: usage for what is no key and for a prefix
/// that several sessions share, absent if none has it. Never repeats what is no key: it may be an ID.
sess::SessionKey find_by_key(const sess::Store& store, std::string_view key_or_prefix);

/// A session as a command line names it.
struct NamedSession {
  sess::SessionKey key;
  std::optional<sess::SessionId> id = std::nullopt;  // where it was named by it
  /// What opens its values, sealed or not.
  sess::SessionRef ref() const { return id ? sess::SessionRef(*id) : sess::SessionRef(key); }
};

/// Answers the ID; `id` "-" reads it from standard input. Throws Failure: usage if it is empty, absent for
/// what is no ID, and for one that the store has never issued, or with a secret that is gone: these two cannot be told
/// apart. Never repeats the ID.
sess::SessionId find_by_id(const sess::Store& store, std::string_view id);

/// Reads the first line of standard input.
std::string read_id();

}  // namespace sessctl
