// Quarantine: what did not verify, kept until somebody has looked at it. Copies are there too, of the damaged bytes of
// records that were restored from the version before.
#pragma once

#include <sess/export.hpp>
#include <sess/result.hpp>
#include <sess/session_id.hpp>
#include <sess/snapshot.hpp>
#include <sess/store.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sess {

/// One file in quarantine.
struct QuarantinedFile {
  std::uint64_t size = 0;  // bytes
  /// Why it does not verify; empty: it does, by now or because it was moved by mistake.
  std::string problem = {};
  /// What its header says, where there is one. Nothing of it is sure while there is a problem.
  std::optional<SessionFacts> facts = std::nullopt;
  std::optional<SessionKey> names = std::nullopt;  // the key in its header
  bool live = false;                               // the header says that the session was not replaced by another
};

/// What was moved to quarantine together, or was copied.
struct Quarantined {
  /// Names it: the key, a dot and 16 hexadecimal digits; of a copy with a plus sign before the dot.
  std::string name = {};
  SessionKey key = {};  // of a session, or of a principal's list
  std::chrono::system_clock::time_point since = {};
  std::optional<QuarantinedFile> record = std::nullopt;
  std::optional<QuarantinedFile> previous = std::nullopt;  // the previous version that was beside it
  bool copy = false;                                       // the session stayed, and went on from its previous version
};

/// The same, by its name alone.
struct QuarantinedName {
  std::string name = {};
  std::chrono::system_clock::time_point since = {};
};

/// What becomes of a session that is to be had back. Nothing has been changed but with the first two.
enum class QuarantineOutcome : std::uint8_t {
  restored,
  durability_unknown,  // it is back, and perhaps gone after a power cut
  absent,              // there is nothing of this name in quarantine
  unverified,          // neither file verifies
  occupied,            // there is a record of this key: the session has been made again, or was never gone
  expired,             // its deadline has passed
  replaced,            // it had ended before: its ID was replaced by another
  ended,               // all sessions of its principal were ended since
  no_session,          // it is the list of a principal, which is made again from the sessions
  copy,                // a copy of what was damaged: the session has gone on without, and may have ended since
  busy,                // the list of its principal was locked for too long
};

/// The name as it stands in the enumeration.
SESS_API std::string_view to_string(QuarantineOutcome outcome) noexcept;

/// A handle on the quarantine of a store, which it keeps open. Thread-safe. What cannot be read or written throws
/// IoError.
class SESS_API Quarantine {
 public:
  explicit Quarantine(Store store);

  /// All there is, the oldest first. Reads every file, one after the other.
  std::vector<Quarantined> list() const;

  /// The same, and reads no file: as much as is needed to delete what is old.
  std::vector<QuarantinedName> names() const;

  /// Brings a session back, under a generation of its own and with the deadline that it has, from the file that
  /// verifies: the record, else the previous version. Both files are removed from quarantine then; a call that is cut
  /// short may leave them there, and so does one that cannot delete them: the session is back. Never over a record that
  /// there is.
  ///
  /// A session in quarantine is absent, so a logout with its ID finds nothing to end and leaves no trace. Whether its
  /// user has logged out since cannot be known; that all sessions of its principal were ended can, while the list of
  /// that principal remembers it. Call this only for a user who asks for it, or where nobody can have logged out.
  QuarantineOutcome restore(const std::string& name) const;

  /// Deletes its files, for good. False where there is nothing of this name.
  bool purge(const std::string& name) const;
  /// The same, of what names() has told. False also where a file has been put there since, as somebody does who has a
  /// copy of the right bytes.
  bool purge(const QuarantinedName& known) const;

 private:
  Store store_;
};

}  // namespace sess
