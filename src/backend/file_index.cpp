// The index beside the records of sessions: opened when it is needed first, rebuilt where it is missing.
#include "backend/file_store.hpp"
#include "backend/setup_lock.hpp"
#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <utility>
#include <vector>

namespace sess::backend {

namespace {

/// What a killed rebuilding has left: files in shards.
void remove_rebuilding(const fs::Directory& top) {
  if (!top.status(format::new_principals_directory)) return;
  const fs::Directory old = top.open_child(format::new_principals_directory);
  for (unsigned shard = 0; shard < format::shard_count; ++shard) {
    const std::string name = format::shard_name(shard);
    if (!old.status(name.c_str())) continue;
    const fs::Directory directory = old.open_child(name.c_str());
    std::vector<std::string> files;
    directory.visit([&](const sys::DirectoryEntry& entry) {
      files.emplace_back(entry.name);
      return true;
    });
    for (const std::string& file : files) directory.unlink(file.c_str());
  }
}

}  // namespace

std::unique_ptr<FileStore> FileStore::open_index(const char* directory) const {
  FileStoreOptions options = options_;
  options.directory = directory;
  options.makes_shards = true;
  return std::make_unique<FileStore>(top_.again(), std::move(options));
}

const RecordStore& FileStore::index(const std::function<void(const RecordStore&)>& fill) const {
  const std::lock_guard guard(index_mutex_);
  if (options_.makes_shards) throw UsageError("index: an index has none");
  if (index_) {
    // Somebody may have removed it, and another program made it again.
    const auto there = top_.status(format::principals_directory);
    if (there && there->identity == index_->shards_.own_status().identity) return *index_;
    former_indexes_.push_back(std::move(index_));  // another thread may be at it
  }
  if (!top_.status(format::principals_directory)) {
    const fs::FileLock lock = lock_for_setup(top_);
    if (!top_.status(format::principals_directory)) {
      remove_rebuilding(top_);
      top_.make_directory(format::new_principals_directory);
      fill(*open_index(format::new_principals_directory));
      const int at = top_.descriptor();
      const int answer = system().rename(at, format::new_principals_directory, at, format::principals_directory,
                                         sys::RenameMode::replace);
      if (answer < 0) fs::throw_io("rename", top_.path_of(format::new_principals_directory), answer);
      top_.sync();
    }
  }
  index_ = open_index(format::principals_directory);
  return *index_;
}

void FileStore::make_shard(const SessionKey& key) const {
  const auto shard = format::shard_of(key);
  if (!shards_.status(shard.c_str())) shards_.make_directory(shard.c_str());
  // Also where another has made it: it may have been killed before its sync.
  shards_.sync();
}

}  // namespace sess::backend
