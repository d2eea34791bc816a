// Records as files: the protocol of PROTOCOL.md over a directory of shards.
#pragma once

#include "backend/events.hpp"
#include "backend/locks_elsewhere.hpp"
#include "backend/record_store.hpp"
#include "format/names.hpp"
#include "fs/directory.hpp"
#include "fs/file_lock.hpp"
#include "sys/system.hpp"

#include <sess/store.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sess::backend {

struct FileStoreOptions {
  /// What the records are. In an index shards are made when they are needed first, and a record that does not verify is
  /// left as it is for who knows what belongs there; a new index is synced as a whole, by who makes it.
  enum class Role : std::uint8_t { sessions, index, new_index };
  Role role = Role::sessions;
  const char* directory = format::shards_directory;      // where the records are, below the store's
  format::FormatVersion format = format::newest_format;  // to write
  bool exchange = true;                                  // probed when the store was made
  bool nanoseconds = true;                               // likewise: file times are kept to the nanosecond
  bool no_replace = true;                                // likewise
  std::chrono::nanoseconds lock_timeout = std::chrono::seconds(30);
  bool early_writeback = false;                    // StoreOptions
  unsigned waiter_limit = 0;                       // at most format::waiters_per_session; 0: none
  std::shared_ptr<const Events> events = nullptr;  // null: nobody listens
  bool forgets_synced_removals = false;            // the file system: a removal takes a sync of all of it
};

class FileStore final : public RecordStore {
 public:
  /// `top` is the store's directory. The system must outlive the store.
  FileStore(fs::Directory top, FileStoreOptions options);

  std::int64_t now() const override;
  void random(std::span<std::byte> buffer) const override;
  ~FileStore() override;
  ReadResult read(const SessionKey& key) const override;
  ReadResult read(const SessionKey& key, std::chrono::nanoseconds timeout) const override;
  LockResult lock(const SessionKey& key, std::chrono::nanoseconds timeout) const override;
  std::unique_ptr<LockedRecord> create(const NewVersion& first, Outcome& outcome) const override;
  RemoveResult remove(const SessionKey& key, std::chrono::nanoseconds timeout, bool with_successor) const override;
  std::optional<Listed> look(const SessionKey& key) const override;
  void visit(const std::function<bool(const Listed&)>& visitor,
             const std::function<void(std::exception_ptr)>& on_error) const override;
  std::vector<SessionKey> find(std::string_view prefix, std::size_t limit) const override;
  GcReport sweep(const GcOptions& options, const Expiring& expiring) const override;
  std::optional<LastSweep> last_sweep() const override;
  std::vector<SweptHour> swept_hours() const override;
  std::optional<ClockHold> clock_hold(std::chrono::milliseconds hold) const override;
  LockUses lock_uses() const override;
  std::unique_ptr<RecordWatch> watch() const override;
  std::uint64_t examine_frame(const std::function<void(Finding)>& found) const override;
  unsigned parts() const override;
  ExaminedPart examine(unsigned part, const ExaminationSink& sink) const override;
  std::unique_ptr<Hold> hold(const SessionKey& key, std::chrono::nanoseconds timeout) const override;
  const RecordStore* present_index() const override;
  std::optional<Mended> mend(const Finding& finding, bool dry_run) const override;
  std::vector<format::QuarantineName> kept() const override;
  std::optional<std::int64_t> kept_since(const format::QuarantineName& name) const override;
  std::optional<KeptFile> look_at_kept(const format::QuarantineName& name) const override;
  std::optional<Outcome> restore(const KeptFile& kept, std::uint64_t above) const override;
  bool purge(const format::QuarantineName& name) const override;
  const RecordStore& index(const std::function<void(const RecordStore&)>& fill) const override;
  void sync_all() const override;

 private:
  friend class FileRecord;
  friend class FileWatch;
  friend class Sweep;
  friend class Examination;
  friend class Mending;
  friend class FrameExamination;

  sys::System& system() const noexcept { return top_.system(); }
  /// The lock-free part of read: nothing if every attempt met a commit or damage. Changes nothing on disk.
  std::optional<ReadResult> read_unlocked(const SessionKey& key, std::string& why) const;
  std::uint64_t random_number() const;
  /// Waits for a session's lock, as far as the limit on waiters permits.
  fs::Acquisition acquire(const SessionKey& key, std::chrono::nanoseconds timeout) const;
  std::function<std::string()> temporary_names(const SessionKey& key) const;
  /// Tells of the record of this key, be it a session's or, in an index, a principal's.
  void report(Event::Kind kind, const SessionKey& key, const std::string& detail, int holder = 0) const noexcept;
  /// Tells of a wait in vain. Nothing of one that was none (zero).
  void report_timeout(const SessionKey& key, std::chrono::nanoseconds timeout, int holder) const noexcept;
  /// What a locked record is: its own version, the one that it is to be recovered to, or nothing that verifies.
  struct Loaded {
    std::optional<Version> version;
    std::uint64_t highest_generation = 0;  // that any trace of the record on disk names
    std::string damage;                    // why the record itself does not verify; empty if it does
    bool unsettled = false;                // it verifies, but its times are not those of its version
  };
  /// Changes nothing on disk. Throws UnsupportedRecord, IoError.
  Loaded load(const SessionKey& key, const sys::UniqueFd& file, const sys::FileStatus& status) const;
  /// The version of the spare, under a generation of its own.
  void load_spare(const SessionKey& key, const sys::FileStatus& damaged_status, std::span<const std::byte> damaged,
                  Loaded& loaded) const;
  /// True if the times of a file name the version in it (stamp.hpp).
  bool stamped(const Version& version, sys::FileTime modified) const;
  /// Writes the recovered version into the record, finishes a recovery that was cut short, or moves aside what has no
  /// version.
  void repair(const SessionKey& key, const fs::FileLock& lock, const Loaded& loaded) const;
  void mark_spare(const SessionKey& key, const Version& version) const;
  void restore(const SessionKey& key, const fs::FileLock& lock, const Version& version) const;
  /// Syncs the name of a record. ok or durability_unknown.
  Outcome sync_shard(const SessionKey& key) const;
  /// Syncs the removal of a record, whoever has removed it. ok or durability_unknown.
  Outcome sync_removal(const SessionKey& key) const;
  /// A version of a record that cannot be locked, because its file system is read-only.
  ReadResult read_only(const SessionKey& key) const;
  void quarantine(const SessionKey& key) const;
  /// The same, of what does not verify, and tells so.
  void set_aside(const SessionKey& key, const std::string& damage) const;
  /// Keeps the bytes of a record that has no version, whose file stays where it is until it is replaced.
  void keep_aside(const SessionKey& key) const;
  /// Puts a copy of a record that is locked into quarantine: the file itself is about to be written to.
  void keep_copy(const SessionKey& key, const sys::UniqueFd& file, const sys::FileStatus& status) const;
  enum class Leftover : std::uint8_t { removed, young, in_use };  // in_use: or gone
  /// Removes a file that no living program uses: it is old, and its lock is free. `owner`, if given, must be absent.
  Leftover remove_leftover(const std::string& path, const char* owner, std::int64_t now, bool dry_run) const;

  bool is_index() const noexcept { return options_.role != FileStoreOptions::Role::sessions; }
  std::unique_ptr<FileStore> open_index(const char* directory, FileStoreOptions::Role role) const;
  void rebuild_index(const std::function<void(const RecordStore&)>& fill) const;
  void make_shard(const SessionKey& key) const;

  fs::Directory top_;
  fs::Directory shards_;
  FileStoreOptions options_;
  /// Earlier ones stay until the store is closed, because another thread may be at them. No mutex: a thread would wait
  /// while another rebuilds the index, and a child that is forked meanwhile would for ever.
  struct OpenIndex;
  mutable std::atomic<const OpenIndex*> index_ = nullptr;
  mutable LocksElsewhere locks_elsewhere_;
};

/// How much of a file of this size to read: of one that is too large to be a record of this format just the header,
/// which says whether it is of a newer one.
std::size_t size_to_read(std::uint64_t size);

/// The version in a file's bytes, or nothing and why they do not verify. Throws UnsupportedRecord, naming the path, if
/// they are of a newer format.
std::optional<Version> verified_version(std::span<const std::byte> file, const SessionKey& key, sys::FileTime modified,
                                        const std::string& path, std::string& why);

}  // namespace sess::backend
