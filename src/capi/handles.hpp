// What the handles of the C interface are, and how its functions keep exceptions to themselves.
#pragma once

#include <sess/sess.h>
#include <sess/error.hpp>
#include <sess/result.hpp>
#include <sess/session.hpp>
#include <sess/snapshot.hpp>
#include <sess/store.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

struct sess_store {
  sess::Store store;
};

struct sess_changes {
  sess::Changes changes;
  sess::SessionFacts facts;
};

struct sess_session {
  std::optional<sess::Session> session;  // always there once it is handed out
};

namespace sess::capi {

/// Maps the exception under way to its number, and keeps its message for this thread. Exported for libsess-fcgi.
SESS_API int caught() noexcept;

/// What sess_error_message() says is nothing from here on, until something fails.
void forget_error() noexcept;

/// Runs `work`, which answers a number; an exception becomes one.
template <class Work>
int guarded(Work&& work) noexcept {
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    return caught();
  }
}

int number_of(Outcome outcome) noexcept;
inline int number_of(const Status& status) noexcept { return number_of(status.outcome()); }

/// Throws UsageError for NULL.
template <class T>
T& required(T* pointer, const char* what) {
  if (pointer == nullptr) throw UsageError(std::string(what) + ": NULL");
  return *pointer;
}
inline const char* required_text(const char* text, const char* what) { return &required(text, what); }

/// Runs `work` on the store and the ID that a text is; SESS_ABSENT for a text that it has not issued. `what` is done,
/// for the message where one of them is NULL.
template <class Work>
int with_id(const sess_store* store, const char* id, const std::string& what, Work work) {
  const Store& in = required(store, (what + ": store").c_str()).store;
  const auto parsed = in.parse(required_text(id, (what + ": ID").c_str()));
  return parsed ? work(in, *parsed) : SESS_ABSENT;
}

/// An out parameter, NULL until there is something to hand out.
template <class T>
T*& emptied(T** out, const char* what) {
  required(out, what) = nullptr;
  return *out;
}

// Handles that are objects of the C++ interface themselves.
inline sess_editor* handle_of(Editor* editor) { return reinterpret_cast<sess_editor*>(editor); }
inline Editor& editor_of(sess_editor* editor) { return *reinterpret_cast<Editor*>(&required(editor, "use editor")); }
inline const sess_value* handle_of(const Value* value) { return reinterpret_cast<const sess_value*>(value); }
inline const Value& value_of(const sess_value* value) {
  return *reinterpret_cast<const Value*>(&required(value, "use value"));
}

inline std::int64_t to_milliseconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// Structures that grow at their ends: a program and the library may know different sizes of one.

/// Fills the caller's structure, of `size` bytes, with what the library has.
template <class T>
int initialize(T* structure, std::size_t size, T defaults) noexcept {
  return guarded([&] {
    required(structure, "set options");
    if (size < sizeof(std::size_t)) throw UsageError("set options: the size is that of no structure");
    defaults.struct_size = size;
    std::memset(static_cast<void*>(structure), 0, size);
    std::memcpy(static_cast<void*>(structure), &defaults, std::min(size, sizeof(T)));
    return SESS_OK;
  });
}

/// What the caller has set, over the defaults. Throws UsageError for a structure that was not initialized, and where
/// something is set that this library does not know (as openat2(2) does).
template <class T>
T with_defaults(const T* given, T defaults) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (given == nullptr) return defaults;
  if (given->struct_size < sizeof(std::size_t))
    throw UsageError("read options: struct_size is not set; call the function that initializes the structure");
  const auto* const bytes = reinterpret_cast<const unsigned char*>(given);
  for (std::size_t i = sizeof(T); i < given->struct_size; ++i)
    if (bytes[i] != 0) throw UsageError("read options: one is set that this version of libsess does not know");
  std::memcpy(static_cast<void*>(&defaults), given, std::min(given->struct_size, sizeof(T)));
  return defaults;
}

/// Copies a structure to the caller's, whose struct_size says how much of it he knows.
template <class T>
void hand_out(T* to, T from) {
  if (required(to, "hand out").struct_size < sizeof(std::size_t)) throw UsageError("hand out: struct_size is not set");
  const std::size_t size = to->struct_size;
  from.struct_size = size;
  std::memset(static_cast<void*>(to), 0, size);  // all of it, also what a newer header has
  std::memcpy(static_cast<void*>(to), &from, std::min(size, sizeof(T)));
}

/// Copies a text to a caller's array that is large enough for it.
int hand_out_text(const std::string& text, char* to);

sess_facts to_c(const SessionFacts& facts);
CommitOptions commit_options(const sess_commit_options* given);

}  // namespace sess::capi
