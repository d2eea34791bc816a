// The keyring of an open store: the file "keys", as it is now.
//
// Secrets are replaced while programs run, and nobody may be logged out by that. So a new secret signs no ID in its
// first seconds (format::signing_delay), and within these every program finds it: it looks at the file before it issues
// an ID, and where a text has the form of an ID and does not verify; at most once in look_interval, so that forged IDs
// cost no more than one system call in that time.
//
// Why that is enough: an ID of the new secret is sent at least signing_delay after the file has been renamed into its
// place. A program that meets the ID has looked at the file either after the renaming, and knows the secret, or more
// than look_interval ago, and looks now. (If the wall clock is set ahead within the delay, a program may refuse an ID
// for the rest of look_interval. The same holds after a rotation that keeps nothing.)
#pragma once

#include "format/keyring.hpp"
#include "fs/directory.hpp"

#include <sess/store.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sess::backend {

inline constexpr std::chrono::seconds look_interval(1);
static_assert(look_interval < format::signing_delay);

/// Thread-safe, and usable in forked children: no thread ever waits for another one.
class KeysFile {
 public:
  /// `top` is the store's directory. Throws StoreError if the file is missing or damaged, IoError.
  explicit KeysFile(fs::Directory top);
  KeysFile(const KeysFile&) = delete;
  KeysFile& operator=(const KeysFile&) = delete;
  ~KeysFile();

  /// Makes the file of a new store, under the lock for setting up; one that holds a keyring is left as it is.
  static void make(const fs::Directory& top);

  /// The ID that this text is, if the store has issued it. Throws IoError if that cannot be told.
  std::optional<SessionId> check(std::string_view text) const;
  SessionId issue(SessionKind kind, std::span<const std::byte, format::random_part_size> random) const;
  /// Terms for an ID that follows another, and that ID (Keyring::forward, Keyring::successor). Throw IoError if it
  /// cannot be told whether there is a newer secret.
  format::Forward forward(std::span<const std::byte, format::nonce_size> nonce) const;
  std::optional<SessionId> successor(const SessionId& id, const format::Forward& terms) const;
  /// Keyring::principal_key; the secret for it is never replaced.
  SessionKey principal_key(std::string_view name) const { return newest().keyring.principal_key(name); }
  /// Keyring::refusal_mark.
  std::string refusal_mark(std::string_view text) const { return newest().keyring.refusal_mark(text); }
  /// Keyring::marks.
  std::vector<std::string> marks() const { return newest().keyring.marks(); }
  /// Adds a secret, one process at a time. Throws UsageError, StoreError, IoError.
  KeyRotation rotate(const KeyRotationOptions& options) const;

 private:
  /// What was read of the file once. Earlier ones stay until the store is closed, because another thread may be at
  /// them: about as many as there were changes of the file.
  struct Reading {
    format::Keyring keyring;
    sys::FileStatus status;
    const Reading* earlier;
  };
  const Reading& newest() const noexcept { return *newest_.load(std::memory_order_acquire); }
  /// The newest reading, for signing with it.
  const Reading& for_signing() const;
  /// Reads the file again if it has changed since. A file that is missing or damaged now changes nothing.
  void look() const;
  bool looked_lately() const;
  std::optional<std::int64_t> clock_ahead() const;
  std::optional<Reading> read() const;

  fs::Directory top_;
  mutable std::atomic<const Reading*> newest_ = nullptr;
  mutable std::atomic<std::int64_t> looked_ = 0;  // on the monotonic clock, in nanoseconds
};

}  // namespace sess::backend
