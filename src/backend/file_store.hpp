// Records as files: the protocol of PROTOCOL.md over a directory of shards.
#pragma once

#include "backend/record_store.hpp"
#include "fs/directory.hpp"
#include "fs/file_lock.hpp"
#include "sys/system.hpp"

#include <sess/store.hpp>

#include <functional>
#include <memory>
#include <string>

namespace sess::backend {

struct FileStoreOptions {
  bool exchange = true;    // probed when the store was made
  bool no_replace = true;  // likewise
  std::chrono::nanoseconds lock_timeout = std::chrono::seconds(30);
  std::function<void(const Event&)> on_event = nullptr;
};

class FileStore final : public RecordStore {
 public:
  /// `top` is the store's directory. The system must outlive the store.
  FileStore(fs::Directory top, FileStoreOptions options);

  std::int64_t now() const override;
  void random(std::span<std::byte> buffer) const override;
  ReadResult read(const SessionKey& key) const override;
  LockResult lock(const SessionKey& key, std::chrono::nanoseconds timeout) const override;
  std::unique_ptr<LockedRecord> create(const NewVersion& first, Outcome& outcome) const override;
  void visit(const std::function<bool(const Listed&)>& visitor) const override;
  std::vector<SessionKey> find(std::string_view prefix, std::size_t limit) const override;
  GcReport sweep(const GcOptions& options) const override;

 private:
  friend class FileRecord;
  friend class Sweep;

  sys::System& system() const noexcept { return top_.system(); }
  /// The lock-free part of read: nothing if every attempt met a commit or damage. Changes nothing on disk.
  std::optional<ReadResult> read_unlocked(const SessionKey& key, std::string& why) const;
  std::uint64_t random_number() const;
  std::function<std::string()> temporary_names(const SessionKey& key) const;
  void report(Event::Kind kind, const SessionKey& key, std::string detail) const;
  /// Reads and verifies what is locked, and recovers or quarantines what does not verify. False: quarantined.
  bool load_locked(const SessionKey& key, const fs::FileLock& lock, const sys::FileStatus& status, Version& version,
                   std::uint64_t& highest_generation) const;
  bool recover(const SessionKey& key, const fs::FileLock& lock, const sys::FileStatus& status,
               std::span<const std::byte> damaged, const std::string& why, Version& version,
               std::uint64_t& highest_generation) const;
  void quarantine(const SessionKey& key, const std::string& why) const;

  fs::Directory top_;
  fs::Directory shards_;
  FileStoreOptions options_;
};

/// Header and deadline of bytes that verify; nothing else may be done with them.
std::optional<Version> verified_version(std::span<const std::byte> file, const SessionKey& key, sys::FileTime modified,
                                        format::Unverified& why);

}  // namespace sess::backend
