// The record protocol (layer L3): what a store needs of whatever keeps its records.
//
// A record is one version of a session: a header and a payload that nobody here looks into. The promises of
// PROTOCOL.md are kept below this line; what a session is, above it. Times are milliseconds since 1970-01-01
// 00:00 UTC on the wall clock of now().
#pragma once

#include "format/header.hpp"
#include "format/names.hpp"

#include <sess/gc.hpp>
#include <sess/locks.hpp>
#include <sess/repair.hpp>
#include <sess/result.hpp>
#include <sess/session_id.hpp>
#include <sess/verify.hpp>
#include <sess/watch.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sess::backend {

/// One committed version.
struct Version {
  format::Header header;
  std::vector<std::byte> payload;
  std::int64_t deadline = 0;  // in force: a touch may have moved it beyond the header's
};

/// What a commit writes; generation, key and deadline bookkeeping are the backend's.
struct NewVersion {
  format::Header header;  // generation and payload_size are ignored
  std::span<const std::byte> payload;
  bool durable = false;
  bool scrub = false;  // overwrite the version before, on disk
  /// If durable: a sync that fails after the version has taken effect throws as well, because what comes next must not
  /// be done unless this is on disk.
  bool or_throw = false;
  /// Of a commit: a deadline beyond the header's that is in force at once, as if it had been moved, and can be moved
  /// back. 0: none.
  std::int64_t later_deadline = 0;
  /// Of a creation.
  std::uint64_t first_generation = 1;
  /// The state says more: a version that is not live is always durable, and leaves none before it to come back.
};

/// A record that this process holds locked, until release or destruction. Throws IoError; then the version
/// that was current stays current and locked. In a forked child what changes the record throws UsageError.
class LockedRecord {
 public:
  LockedRecord() = default;
  LockedRecord(const LockedRecord&) = delete;
  LockedRecord& operator=(const LockedRecord&) = delete;
  virtual ~LockedRecord() = default;

  /// Throws UsageError if it has been released, or in a forked child.
  virtual void check_usable() const = 0;
  /// The current version: the one that was locked, or last committed.
  virtual const Version& version() const = 0;
  /// Replaces it and keeps the lock. ok or durability_unknown.
  virtual Outcome commit(const NewVersion& next) = 0;
  /// Puts the current version on disk. ok or durability_unknown.
  virtual Outcome sync() = 0;
  /// Moves the deadline without a new version; not before the header's.
  virtual void set_deadline(std::int64_t deadline) = 0;
  /// Ends the record, for good once this answers ok; then it is released. ok or durability_unknown.
  virtual Outcome destroy() = 0;
  virtual void release() noexcept = 0;
};

/// outcome: ok, absent or busy. damaged, of a record in an index: the version is an earlier one, or there is none at
/// all (its generation is 0), and nothing has been put right: that is for whoever knows what belongs there, by a
/// commit.
struct ReadResult {
  Outcome outcome = Outcome::absent;
  Version version = {};
  int holder = 0;
  bool damaged = false;
};
struct LockResult {
  Outcome outcome = Outcome::absent;
  std::unique_ptr<LockedRecord> record = nullptr;
  int holder = 0;
  bool damaged = false;
};

struct RemoveResult {
  Outcome outcome = Outcome::absent;
  int holder = 0;
  SessionKey successor = {};  // where the outcome is superseded
};

/// One record of a listing; `problem` says why there is no version.
struct Listed {
  SessionKey key;
  std::optional<Version> version;
  std::uint64_t size = 0;  // bytes
  std::string problem;
};

/// What an examination hands out, in the thread that examines.
struct ExaminationSink {
  std::function<void(Finding)> found;
  std::function<void(const Version&)> verified;  // each record that verifies
};

/// A part of the records that was looked at.
struct ExaminedPart {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

/// What was done about a finding.
struct Mended {
  Repaired::Action action = Repaired::Action::left;
  std::string what = {};
  bool needs_index = false;  // nothing was done yet: the index is missing, and is made by who knows what belongs in it
  std::optional<Finding> rest = std::nullopt;  // what a person is to look at all the same
};

/// What is in quarantine: moved aside, or a copy.
struct KeptFile {
  format::QuarantineName name;
  std::uint64_t size = 0;  // bytes
  std::int64_t since = 0;
  std::optional<Version> version = std::nullopt;         // if it verifies
  std::string problem = {};                              // else why not
  std::optional<format::Header> claimed = std::nullopt;  // what the header says, if there is one; nothing of it is sure
  std::uint64_t highest_generation = 0;                  // that any trace of it names
};

/// What has happened to a record. `listed`: as it was just after, if it was still there.
struct RecordChange {
  Change::Kind kind = Change::Kind::lost;
  SessionKey key = {};
  std::optional<Listed> listed = std::nullopt;
};

/// sess::Watch, of records. Lives no longer than its RecordStore.
class RecordWatch {
 public:
  RecordWatch() = default;
  RecordWatch(const RecordWatch&) = delete;
  RecordWatch& operator=(const RecordWatch&) = delete;
  virtual ~RecordWatch() = default;

  virtual std::size_t records() const noexcept = 0;
  /// As Watch::wait.
  virtual bool wait(std::chrono::milliseconds timeout, const std::function<void(const RecordChange&)>& visit) = 0;
};

/// Holds a record's lock until it is destroyed.
class Hold {
 public:
  Hold() = default;
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  virtual ~Hold() = default;
};

/// Thread-safe. Expired versions are handed out like others: who asks decides, by Version::deadline.
/// Visits go in the order of the keys.
class RecordStore {
 public:
  RecordStore() = default;
  RecordStore(const RecordStore&) = delete;
  RecordStore& operator=(const RecordStore&) = delete;
  virtual ~RecordStore() = default;

  virtual std::int64_t now() const = 0;
  virtual void random(std::span<std::byte> buffer) const = 0;

  /// One committed version, without a lock. Waits for it where the record does not verify: as long as the store's
  /// options say, or this long.
  virtual ReadResult read(const SessionKey& key) const = 0;
  virtual ReadResult read(const SessionKey& key, std::chrono::nanoseconds timeout) const = 0;
  /// Waits for the lock at most this long; zero: does not wait.
  virtual LockResult lock(const SessionKey& key, std::chrono::nanoseconds timeout) const = 0;
  /// A new record, locked. Null if there is one of this key; the Outcome is that of commit.
  virtual std::unique_ptr<LockedRecord> create(const NewVersion& first, Outcome& outcome) const = 0;

  /// Ends the record, for good once this answers ok or absent: also where it has been damaged, and where somebody else
  /// has removed it whose removal may not be on disk yet. ok, durability_unknown, absent or busy. superseded: it is not
  /// removed, because it goes on as another one, which would then be found by nobody; `with_successor` removes it.
  virtual RemoveResult remove(const SessionKey& key, std::chrono::nanoseconds timeout, bool with_successor) const = 0;

  /// One record, as a listing shows it; nothing where it is absent. Changes nothing, also where it does not verify.
  virtual std::optional<Listed> look(const SessionKey& key) const = 0;
  /// Changes nothing, also where a record does not verify. `on_error`, where there is one, is given the IoError of a
  /// part that cannot be read, and the visit goes on with the next; else that comes out.
  virtual void visit(const std::function<bool(const Listed&)>& visitor,
                     const std::function<void(std::exception_ptr)>& on_error) const = 0;
  /// Keys that begin with this hexadecimal prefix of at least one digit, at most `limit`.
  virtual std::vector<SessionKey> find(std::string_view prefix, std::size_t limit) const = 0;
  /// Is given a live version that has expired, under its lock. False: it stays.
  using Expiring = std::function<bool(const Version& version)>;
  /// Sweeps the index too. What `expiring` throws, which may be empty, ends the sweep and comes out.
  virtual GcReport sweep(const GcOptions& options, const Expiring& expiring) const = 0;
  /// Puts on disk whatever has been written and not synced, by anybody. Throws IoError, also for what has failed since
  /// the store was opened (before Linux 5.8, syncfs(2) tells of no errors).
  virtual void sync_all() const = 0;
  /// Nothing where there was none, or where what is remembered of it is damaged.
  virtual std::optional<LastSweep> last_sweep() const = 0;
  virtual std::vector<SweptHour> swept_hours() const = 0;
  /// What a sweep with such a hold would find; nothing where it would go by the clock.
  virtual std::optional<ClockHold> clock_hold(std::chrono::milliseconds hold) const = 0;

  /// Who has locked which record, or has it open.
  virtual LockUses lock_uses() const = 0;
  /// Changes from now on. Throws IoError.
  virtual std::unique_ptr<RecordWatch> watch() const = 0;

  // ---- examination: changes nothing, and what cannot be read is a finding ------------------------------------

  /// What is not a record, nor among records. Answers how many records are in quarantine.
  virtual std::uint64_t examine_frame(const std::function<void(Finding)>& found) const = 0;
  /// Into how many parts the records fall, which may be examined by several threads at once.
  virtual unsigned parts() const = 0;
  virtual ExaminedPart examine(unsigned part, const ExaminationSink& sink) const = 0;
  /// Holds the lock of a record without a look at what is in it. Null: absent, or not free in this time.
  virtual std::unique_ptr<Hold> hold(const SessionKey& key, std::chrono::nanoseconds timeout) const = 0;
  /// The index, where there is one; null where it would have to be made. Lives as long as this.
  virtual const RecordStore* present_index() const = 0;

  /// Acts on a finding of an examination of these records, by what there is now; nothing where there is nothing wrong
  /// any more. A damaged record of an index is kept aside, and left for who makes it again. Throws IoError,
  /// UnsupportedRecord.
  virtual std::optional<Mended> mend(const Finding& finding, bool dry_run) const = 0;

  /// Everything in quarantine that is whole, in no order.
  virtual std::vector<format::QuarantineName> kept() const = 0;
  /// Since when, on the wall clock. Nothing where there is none.
  virtual std::optional<std::int64_t> kept_since(const format::QuarantineName& name) const = 0;
  /// Nothing where there is none. What cannot be read is no version, with the reason.
  virtual std::optional<KeptFile> look_at_kept(const format::QuarantineName& name) const = 0;
  /// Makes a record of a file that verifies, on disk, with a generation above this one and above its own. ok or
  /// durability_unknown; nothing where there is a record of this key. The file stays where it is.
  virtual std::optional<Outcome> restore(const KeptFile& kept, std::uint64_t above) const = 0;
  /// Deletes it, for good. False where there is none.
  virtual bool purge(const format::QuarantineName& name) const = 0;

  /// Records that are kept in the same way beside these, under keys that are no session's: the index of principals.
  /// Where there is none (somebody has removed it) one is made, by one process at a time; `fill` creates in it what
  /// belongs there, without a sync of its own, before anybody else sees it. Throws UsageError in an index.
  virtual const RecordStore& index(const std::function<void(const RecordStore&)>& fill) const = 0;
};

}  // namespace sess::backend
