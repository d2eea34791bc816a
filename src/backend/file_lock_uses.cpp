// Who has locked which session, or waits for it.
#include "backend/file_store.hpp"
#include "format/names.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sess::backend {

namespace {

/// True if this is what the name means now: paths of other stores look the same, and from another mount namespace this
/// store's look different.
bool is_at(const fs::Directory& directory, const char* name, sys::FileIdentity identity) {
  const auto status = directory.status(name);
  return status && status->identity == identity;
}

LockUser user_of(const sys::TableLock& lock) { return {lock.process, lock.command, lock.gone}; }

/// Of the locks that only the kernel's table tells of, those on this device, by inode. Left out are holders of what
/// somebody whose descriptors can be seen has locked: the table names who took a lock, who may have ended since.
InodeLocks only_in_table(const sys::OpenFiles& open, std::uint64_t device) {
  InodeLocks by_inode;
  for (const sys::TableLock& lock : open.locks) {
    const bool is_known = std::ranges::any_of(open.files, [&](const sys::OpenFile& file) {
      return file.identity == lock.identity && (file.process == lock.process || (file.locked && !lock.waits));
    });
    if (lock.identity.device == device && !is_known) by_inode[lock.identity.inode].push_back(lock);
  }
  return by_inode;
}

/// Calls `visit` for each record of a store that has one of these inodes. Takes out of `locks` what is in the store's
/// shards, so that it leaves those that are elsewhere.
template <class Visit>
void visit_records(const fs::Directory& shards, InodeLocks& locks, const Visit& visit) {
  std::set<std::uint64_t> missing;  // not found as a record yet
  for (const auto& lock : locks) missing.insert(lock.first);
  InodeLocks elsewhere = locks;
  for (unsigned shard = 0; shard < format::shard_count && !missing.empty(); ++shard) {
    const std::string name = format::shard_name(shard);
    const auto visit_one = [&](const sys::DirectoryEntry& entry) {
      const auto found = locks.find(entry.inode);
      if (found == locks.end()) return true;
      elsewhere.erase(entry.inode);
      const auto parsed = format::parse_shard_entry(shard, entry.name);
      const bool is_record = parsed && parsed->kind == format::ShardEntry::Kind::record;
      if (is_record && is_at(shards, format::record_name(parsed->key).c_str(), found->second.front().identity)) {
        visit(parsed->key, found->second);
        missing.erase(entry.inode);
      }
      return !missing.empty();
    };
    try {
      shards.open_child(name.c_str()).visit(visit_one);
    } catch (const IoError&) {
      // 'sessctl verify' names it. What is locked in the others is told.
    }
  }
  // Where the search has ended early nothing was missing any more.
  locks = std::move(elsewhere);
}

}  // namespace

LockUses FileStore::lock_uses() const {
  const sys::OpenFiles open = system().open_files(
      [](std::string_view path) { return format::record_in_path(path) || format::is_gc_file(path); });
  LockUses uses;
  uses.hidden_processes = open.hidden;
  uses.sees_all_processes = open.all_processes;
  std::map<std::string, LockUse> sessions;  // by the digits of the key
  const auto use_of = [&](const SessionKey& key) -> LockUse& {
    LockUse& use = sessions.try_emplace(key.to_string()).first->second;
    use.key = key;
    return use;
  };
  for (const sys::OpenFile& file : open.files) {
    LockUser user{file.process, file.command};
    const auto key = format::record_in_path(file.path);
    if (!key) {
      if (file.locked && is_at(top_, format::gc_file, file.identity)) uses.sweepers.push_back(std::move(user));
    } else if (is_at(shards_, format::record_name(*key).c_str(), file.identity)) {
      LockUse& use = use_of(*key);
      (file.locked ? use.holders : use.others).push_back(std::move(user));
    }
  }
  InodeLocks locks;
  if (const auto sweep = open.locks.empty() ? std::nullopt : top_.status(format::gc_file)) {
    locks = only_in_table(open, sweep->identity.device);
    for (const sys::TableLock& lock : locks[sweep->identity.inode])
      if (!lock.waits) uses.sweepers.push_back(user_of(lock));
    locks.erase(sweep->identity.inode);
  }
  const auto begin = system().monotonic_clock();
  locks_elsewhere_.take_out(locks, begin);
  if (!locks.empty()) {
    visit_records(shards_, locks, [&](const SessionKey& key, const std::vector<sys::TableLock>& found) {
      LockUse& use = use_of(key);
      for (const sys::TableLock& lock : found) (lock.waits ? use.others : use.holders).push_back(user_of(lock));
    });
    const auto end = system().monotonic_clock();
    locks_elsewhere_.add(locks, end - begin, end);
  }
  for (auto& session : sessions) uses.sessions.push_back(std::move(session.second));
  return uses;
}

}  // namespace sess::backend
