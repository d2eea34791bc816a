// The index beside the records of sessions: opened when it is needed first, rebuilt where it is missing.
#include "backend/file_store.hpp"
#include "backend/setup_lock.hpp"
#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

namespace sess::backend {

namespace {

// Turns of a race with others that open, or remove, the index.
constexpr int attempt_limit = 64;

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

struct FileStore::OpenIndex {
  std::unique_ptr<FileStore> store;
  sys::FileIdentity identity;  // of its directory, which is open: no other gets the same
  const OpenIndex* earlier;
};

FileStore::~FileStore() {
  for (const OpenIndex* index = index_.load(); index != nullptr;) delete std::exchange(index, index->earlier);
}

std::unique_ptr<FileStore> FileStore::open_index(const char* directory, FileStoreOptions::Role role) const {
  FileStoreOptions options = options_;
  options.role = role;
  options.directory = directory;
  return std::make_unique<FileStore>(top_.again(), std::move(options));
}

void FileStore::rebuild_index(const std::function<void(const RecordStore&)>& fill) const {
  const fs::FileLock lock = lock_for_setup(top_);
  if (top_.status(format::principals_directory)) return;  // by another, meanwhile
  remove_rebuilding(top_);
  top_.make_directory(format::new_principals_directory);
  fill(*open_index(format::new_principals_directory, FileStoreOptions::Role::new_index));
  // Once for all that was written, before anybody can rely on it. By a descriptor of its own: one that is long open is
  // told of every write that has failed since (syncfs(2)).
  top_.again().sync_file_system();
  const int at = top_.descriptor();
  const int answer =
      system().rename(at, format::new_principals_directory, at, format::principals_directory, sys::RenameMode::replace);
  if (answer < 0) fs::throw_io("rename", top_.path_of(format::new_principals_directory), answer);
  top_.sync();
}

const RecordStore* FileStore::present_index() const {
  if (is_index()) throw UsageError("index: an index has none");
  for (int attempt = 0; attempt < attempt_limit; ++attempt) {
    const OpenIndex* known = index_.load(std::memory_order_acquire);
    const auto there = top_.status(format::principals_directory);
    if (!there) return nullptr;
    // Somebody may have removed it, and another program made it again.
    if (known != nullptr && there->identity == known->identity) return known->store.get();
    auto opened = std::make_unique<OpenIndex>();
    opened->store = open_index(format::principals_directory, FileStoreOptions::Role::index);
    opened->identity = opened->store->shards_.own_status().identity;
    opened->earlier = known;
    if (index_.compare_exchange_strong(known, opened.get(), std::memory_order_acq_rel))
      return opened.release()->store.get();  // the chain has it
  }
  fs::throw_io("open directory", top_.path_of(format::principals_directory), -EAGAIN);
}

const RecordStore& FileStore::index(const std::function<void(const RecordStore&)>& fill) const {
  for (int attempt = 0; attempt < attempt_limit; ++attempt) {
    if (const RecordStore* present = present_index()) return *present;
    rebuild_index(fill);
  }
  fs::throw_io("open directory", top_.path_of(format::principals_directory), -EAGAIN);
}

void FileStore::make_shard(const SessionKey& key) const {
  const auto shard = format::shard_of(key);
  if (!shards_.status(shard.c_str())) shards_.make_directory(shard.c_str());
  // Also where another has made it: it may have been killed before its sync.
  if (options_.role == FileStoreOptions::Role::index) shards_.sync();
}

}  // namespace sess::backend
