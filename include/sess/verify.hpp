// Verifying: every record of a store is read and compared with what it should be. Nothing is changed.
#pragma once

#include <sess/export.hpp>
#include <sess/progress.hpp>
#include <sess/session_id.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sess {

class Store;

/// One thing that is not as it should be.
///
/// Told of what is, never of what is under way: a record that is written to meanwhile is no finding, neither is a
/// session that has expired and is not swept yet, nor a torn spare, which the next commit overwrites.
struct Finding {
  enum class Kind : std::uint8_t {
    checksum,       // a record that does not verify: flipped bits, torn, cut short, empty
    wrong_key,      // a record of another session under this one's name
    newer_format,   // a record of a format, a state or a flag that this program does not know; it is left alone
    payload,        // a record that verifies, and whose values cannot be decoded; what sweeps remember, likewise
    times,          // the file's modification time is not that of its version (src/FORMAT.md, "Times")
    deadline,       // it is, but the deadline is not the version's, or a clock is or was wrong
    owner,          // a file or directory of another user
    mode,           // its permissions are not those that libsess gives: 0700 and 0600
    file_type,      // a directory, a symbolic link or a device in the place of a file, or the other way round
    missing,        // a directory or a file of the store's own that is not there
    unreadable,     // it could not be read: error_number
    busy,           // it could not be judged: locked by another process for longer than StoreOptions::lock_timeout
    orphan_temp,    // a file that a killed program was writing; the next sweep removes it
    orphan_spare,   // the previous version of a session that is not there
    stale_entry,    // the list of a principal names sessions that have ended: it may, and they are dropped in time
    missing_entry,  // the list of a principal lacks a live session of his: an end of all of them would pass it over
    foreign_file,   // a name that libsess does not write, or not there
  };
  /// note: libsess puts it right by itself, in time. warning: nothing is lost, and somebody should look at it. error:
  /// data is damaged or cannot be read, or sessions cannot be used.
  enum class Severity : std::uint8_t { note, warning, error };
  /// What repair (sess/repair.hpp) does about it. none: nothing; advice says what a person may do.
  enum class Remedy : std::uint8_t { none, mend, quarantine };

  Kind kind = Kind::checksum;
  Severity severity = Severity::error;
  Remedy remedy = Remedy::none;
  std::optional<SessionKey> key = std::nullopt;        // of the session that it is about, if it is about one
  std::optional<SessionKey> principal = std::nullopt;  // likewise; the keyed hash that the store keeps of the name
  /// Relative to the store's directory; any bytes that a file name may have. Empty: the directory itself.
  std::string file = {};
  std::string what = {};    // one sentence, lower case, without a full stop
  std::string advice = {};  // for a person, where the remedy is none; may be empty
  int error_number = 0;     // the errno, where something could not be read
};

/// The kind's name as it stands in the enumeration.
SESS_API std::string_view to_string(Finding::Kind kind) noexcept;
/// Likewise.
SESS_API std::string_view to_string(Finding::Severity severity) noexcept;

struct VerifyOptions {
  /// Threads that read, each a shard at a time. 0: as many as there are processors, at most 8.
  unsigned jobs = 0;
  /// See there.
  OnProgress on_progress = nullptr;
};

struct VerifyReport {
  std::uint64_t records = 0;      // that were looked at, of sessions
  std::uint64_t bytes = 0;        // of these
  std::uint64_t principals = 0;   // lists that were looked at
  std::uint64_t quarantined = 0;  // records in quarantine
  std::uint64_t errors = 0;       // findings by severity
  std::uint64_t warnings = 0;
  std::uint64_t notes = 0;
  std::uint64_t unread = 0;  // of the findings, those that are unreadable or busy
  std::chrono::microseconds duration{0};
};

/// Reads every record of a store, its index of principals and its own files, and calls `visit` for each finding, in the
/// thread of the caller and in the order of the files. Changes nothing on disk and renews nothing; a store that was
/// opened with StoreOptions::probe off is not changed by being opened, either. Programs go on using the store
/// meanwhile: records are read as snapshots are, and only one that does not verify, or changes faster than it can be
/// read, is judged under its lock, which is waited for as long as StoreOptions::lock_timeout says and held for one
/// reading. Not a picture of one moment. Throws what `visit` throws, after the threads have ended.
SESS_API VerifyReport verify(const Store& store, const VerifyOptions& options,
                             const std::function<void(const Finding&)>& visit);

}  // namespace sess
