// A locked record file.
#pragma once

#include "backend/file_store.hpp"
#include "fs/replacement.hpp"

#include <utility>

namespace sess::backend {

/// Holds the lock on the inode that is linked at the record's name. The store must outlive it.
class FileRecord final : public LockedRecord {
 public:
  /// `highest_generation` is the largest that any trace of this record on disk names so far.
  FileRecord(const FileStore& store, fs::FileLock lock, Version version, std::uint64_t highest_generation);

  /// Takes the lock of the record's file, which is not there before.
  void hold(fs::FileLock lock) noexcept { lock_ = std::move(lock); }
  void check_usable() const override;
  const Version& version() const override { return version_; }
  Outcome commit(const NewVersion& next) override;
  Outcome sync() override;
  void set_deadline(std::int64_t deadline) override;
  Outcome destroy() override;
  void release() noexcept override { lock_.release(); }

 private:
  int commit_by(fs::Replacement& replacement, const NewVersion& next);
  std::uint64_t next_generation(const fs::Replacement& replacement) const;

  const FileStore& store_;
  fs::FileLock lock_;
  Version version_;
  std::uint64_t highest_generation_;
};

}  // namespace sess::backend
