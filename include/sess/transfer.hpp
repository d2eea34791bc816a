// Sessions as they travel from one store to another: for tools that move or back up a store, not for requests.
//
//   for each key:   if (const auto copy = sess::copy_of(from, key)) ...        one committed version
//   sess::Restoration into(to);
//   for each copy:  into.restore(copy)                                         made, or left alone
//   into.finish()                                                              on disk, all of them
//
// No ID is on disk, and none travels: a session is found again by its key, a hash of its ID. An ID is accepted by a
// store that has the secret it was signed with, and a user's sessions are found by a hash that is keyed with another.
// So a copy is of use to the visitor who has the cookie, and to the end of all sessions of a user, only in a store with
// the same keyring (the file `keys`); keyring_marks tell whether another store has it.
#pragma once

#include <sess/export.hpp>
#include <sess/result.hpp>
#include <sess/session_id.hpp>
#include <sess/store.hpp>
#include <sess/value.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sess {

/// One committed version of a live session, and all that another store needs to go on with it. Times have milliseconds.
struct SessionCopy {
  SessionKey key;
  SessionKind kind = SessionKind::anonymous;
  std::uint64_t generation = 1;                                  // 1 to 2^48
  std::chrono::system_clock::time_point created = {};            // from 1970 on
  std::chrono::milliseconds idle_timeout{0};                     // positive
  std::chrono::system_clock::time_point deadline = {};           // when it expires unless it is renewed
  std::chrono::system_clock::time_point absolute_deadline = {};  // not before the deadline
  std::optional<SessionKey> principal = std::nullopt;            // keyed hash of a user's name; only if authenticated
  Values values = {};                                            // empty if it is sealed
  /// Of a sealed session: the values as they are on disk, which only its ID opens.
  std::optional<Value::Bytes> sealed = std::nullopt;
  friend bool operator==(const SessionCopy&, const SessionCopy&) = default;
};

/// The version of a session that is committed just now. Waits for nobody, and changes nothing on disk: it renews no
/// deadline and recovers no record. Answers absent, expired, or superseded (its ID was replaced: what it goes on as has
/// a key of its own), each without a copy. Throws CorruptRecord for a record that cannot be read, whatever the reason,
/// or decoded.
SESS_API Result<SessionCopy> copy_of(const Store& store, const SessionKey& key);

/// One for each secret of the store's keyring, of 16 hexadecimal digits, that tells nothing of it; the first is that of
/// the secret that no rotation replaces. A store that has all marks of another accepts its IDs, and finds its users.
/// One whose keyring was copied before a rotation of the other lacks those of the new secrets.
SESS_API std::vector<std::string> keyring_marks(const Store& store);

/// What has become of a copy.
enum class Restored : std::uint8_t {
  made,       // there is a session of this key now, as the copy says
  unchanged,  // there was one already, the same, perhaps renewed meanwhile
  kept,       // there is another version under this key, or what an ID that was replaced has left: it stays as it is
  expired,    // past its deadline: nothing is made
  gone,       // all sessions of its principal were ended in this moment: nothing is made
  busy,       // a damaged record, or the list of its principal, was locked for too long: nothing is made
};

/// Makes sessions in a store of copies. Nothing that is there is replaced. What has been ended here cannot be told from
/// what was never here, so a copy brings it back: restore into a store that no program uses yet. No listener is told
/// (StoreOptions::on_event): nobody has logged in. A limit on a principal's sessions is not looked at.
class SESS_API Restoration {
 public:
  explicit Restoration(const Store& store) noexcept : store_(store) {}

  /// Key, generation, times and values are those of the copy. A session with a principal is in the principal's list, on
  /// disk, before it is there itself. Waits, as long as StoreOptions::lock_timeout, for the lock of that list; and of a
  /// record of this key that does not verify, which is recovered or moved to quarantine. Throws UsageError for a copy
  /// that is of no session: times out of order or out of range, values nested too deeply or too large (1 GiB;
  /// StoreOptions::size_limit is not looked at), a principal of an anonymous session; UnsupportedRecord, where a record
  /// of a newer format is there; StoreError, where the file system says that there is one and there is none; IoError.
  /// Then nothing is made.
  Restored restore(const SessionCopy& copy) const;
  /// Returns when all that has been made is on disk: until then a power cut may take it. It syncs the file system.
  /// Throws IoError, then nobody knows what is on disk: restore again.
  void finish() const;

 private:
  Store store_;
};

}  // namespace sess
