// The values that this layer keeps in a session. Their names begin with "sess."; what a program does to them is undone
// by finish(), but for flash values, which are the program's.
#pragma once

#include <sess/value.hpp>

#include <string>
#include <string_view>

namespace sess::web {

/// Whose an authenticated session is: a string.
inline constexpr std::string_view principal_name = "sess.principal";
/// What CSRF tokens are made of, where that is not the session's own ID but an earlier one of it: 32 bytes.
inline constexpr std::string_view csrf_name = "sess.csrf";
/// When the cookie was last sent again with the same ID, in milliseconds since 1970: an integer.
inline constexpr std::string_view sent_name = "sess.sent";
/// The key of the ID before, which leads on to this one until this one comes back: 20 bytes.
inline constexpr std::string_view previous_name = "sess.previous";
/// The idle timeout that a session gets when its ID first comes back, in milliseconds: an integer.
inline constexpr std::string_view first_name = "sess.first";
inline constexpr std::string_view own_prefix = "sess.";
inline constexpr std::string_view flash_prefix = "sess.flash.";

inline bool is_own_value(std::string_view name) {
  return name.starts_with(own_prefix) && !name.starts_with(flash_prefix);
}

/// Of these values the ones of this layer.
inline Values own_values(const Values& values) {
  Values own;
  for (auto at = values.lower_bound(own_prefix); at != values.end() && at->first.starts_with(own_prefix); ++at)
    if (is_own_value(at->first)) own.insert(*at);
  return own;
}

}  // namespace sess::web
