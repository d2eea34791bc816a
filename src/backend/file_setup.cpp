#include "backend/file_setup.hpp"

#include "backend/clock_guard.hpp"
#include "backend/file_probe.hpp"
#include "backend/setup_lock.hpp"
#include "format/gc_state.hpp"
#include "format/header.hpp"
#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <span>
#include <utility>

namespace sess::backend {

using format::StoreFile;
using fs::Directory;

namespace {

constexpr std::uint32_t others = 0077;

using Reason = StoreError::Reason;

template <class... Parts>
[[noreturn]] void refuse(Reason reason, fmt::format_string<Parts...> format, Parts&&... parts) {
  throw StoreError(reason, fmt::format(format, std::forward<Parts>(parts)...));
}

[[noreturn]] void refuse_other_owner(const std::string& path, std::uint32_t owner, std::uint32_t user) {
  refuse(Reason::other_owner,
         "open store \"{}\": it belongs to user {} and this process runs as user {}; run it as the owner", path, owner,
         user);
}

/// One user owns a store: files of another owner could neither be locked nor replaced by the first.
void check_owner_and_mode(const Directory& top) {
  const sys::FileStatus status = top.own_status();
  const std::uint32_t user = top.system().user();
  if (status.owner != user) refuse_other_owner(top.path(), status.owner, user);
  if ((status.mode & others) != 0)
    refuse(Reason::open_to_others,
           "open store \"{}\": other users may enter it (mode {:04o}); make it private with chmod 0700", top.path(),
           status.mode);
}

/// A directory with anything in it that is not ours is not made a store: a sweep would go over it.
void check_nothing_foreign(const Directory& top) {
  constexpr std::array ours = {format::keys_file,
                               format::new_keys_file,
                               format::new_store_file,
                               format::gc_file,
                               format::waiters_file,
                               format::shards_directory,
                               format::principals_directory,
                               format::new_principals_directory,
                               format::quarantine_directory};
  top.visit([&](const sys::DirectoryEntry& entry) {
    if (std::ranges::find(ours, entry.name, [](const char* name) { return std::string_view(name); }) == ours.end())
      refuse(Reason::not_empty, "make store \"{}\": the directory holds \"{}\" and is not a store; choose an empty one",
             top.path(), entry.name);
    return true;
  });
}

bool holds_sessions(const Directory& shards, unsigned shard) {
  bool found = false;
  shards.open_child(format::shard_name(shard).c_str()).visit([&](const sys::DirectoryEntry& entry) {
    const auto parsed = format::parse_shard_entry(shard, entry.name);
    found = parsed && parsed->kind != format::ShardEntry::Kind::temporary;
    return !found;
  });
  return found;
}

/// With the clocks of now: the first sweep has something to compare them with.
format::GcState new_gc_state(sys::System& system) {
  format::GcState state;
  state.clock = observe_clock({}, system, std::chrono::milliseconds::zero());
  return state;
}

}  // namespace

void make_gc_file(const Directory& top) {
  if (!top.status(format::gc_file))
    top.put_text(format::gc_file, format::new_store_file, format::to_text(new_gc_state(top.system())));
}

void write_new_gc_state(const Directory& top, const fs::FileLock& lock) {
  const std::string text = format::to_text(new_gc_state(top.system()));
  top.write(lock.file(), format::gc_file, std::as_bytes(std::span(text)));
}

bool is_store(sys::System& system, const std::string& path) {
  sys::FileStatus status;
  return system.status_at(sys::working_directory, (path + "/" + format::store_file).c_str(), status) == 0;
}

void init_directory(sys::System& system, const std::string& path) {
  const int made = system.make_directories(path);
  if (made < 0) fs::throw_io("make directory", path, made);
  const Directory top = Directory::open(system, path);
  check_owner_and_mode(top);
  const fs::FileLock lock = lock_for_setup(top);
  if (top.status(format::store_file)) return;
  check_nothing_foreign(top);

  for (const char* name : {format::shards_directory, format::principals_directory, format::quarantine_directory})
    top.make_directory(name);
  const Directory shards = top.open_child(format::shards_directory);
  const bool has_keys = top.status(format::keys_file).has_value();
  for (unsigned shard = 0; shard < format::shard_count; ++shard) {
    if (shards.make_directory(format::shard_name(shard).c_str()) || has_keys || !holds_sessions(shards, shard))
      continue;
    refuse(Reason::damaged,
           "make store \"{}\": it holds sessions, and its file \"{}\" is missing; restore that from a backup", path,
           format::keys_file);
  }
  shards.sync();
  KeysFile::make(top);
  // At its full size from the start: a sweep must not need a block.
  make_gc_file(top);
  StoreFile file;
  probe_file_system(top.open_child(format::quarantine_directory), file);
  // Last, and whole or not at all: from here on the directory is a store.
  top.put_text(format::store_file, format::new_store_file, format::to_text(file));
}

namespace {

Directory open_top(sys::System& system, const std::string& path) {
  sys::FileStatus status;
  const int answer = system.status_at(sys::working_directory, path.c_str(), status);
  if (answer == -ENOENT)
    refuse(Reason::absent, "open store \"{}\": there is no such directory; make one with: sessctl --store DIR init",
           path);
  try {
    return Directory::open(system, path);
  } catch (const IoError& error) {
    // A store is private, so this is what every other user meets but for root: "permission denied" alone would not say
    // whose it is.
    if (answer == 0 && error.error_number() == EACCES && status.owner != system.user())
      refuse_other_owner(path, status.owner, system.user());
    throw;
  }
}

/// What the store's file says. Throws StoreError where this process may not use the store, or does not know its format.
StoreFile read_store_file(const Directory& top, format::FormatVersion newest) {
  const std::string& path = top.path();
  const auto text = top.read_text(format::store_file);
  if (!text && top.status(format::shards_directory))
    refuse(
        Reason::not_a_store,
        "open store \"{}\": its file \"{}\" is missing; if this was a store, sessctl init makes it one again and keeps "
        "its sessions",
        path, format::store_file);
  if (!text)
    refuse(Reason::not_a_store,
           "open store \"{}\": the directory is not a store; make one with: sessctl --store DIR init", path);
  check_owner_and_mode(top);
  const auto file = format::parse_store_file(*text);
  if (!file)
    refuse(Reason::damaged,
           "open store \"{}\": its file \"{}\" is damaged; restore it from a backup, or move it elsewhere: sessctl "
           "init makes "
           "it again and keeps the sessions",
           path, format::store_file);
  if (file->format > newest || file->shards != format::shard_count)
    refuse(Reason::newer_format,
           "open store \"{}\": it has format {} with {} shards, newer than this program knows; use a newer libsess",
           path, file->format, file->shards);
  return *file;
}

/// Finds out again what the file system can, where a store has been moved to another one.
void probe_again(const Directory& top, StoreFile& file) {
  try {
    const fs::FileLock lock = lock_for_setup(top);
    file = read_store_file(top, format::newest_format);  // somebody may have probed it, or raised its format, meanwhile
    if (file.file_system == file_system_name(file_system_of(top))) return;
    probe_file_system(top.open_child(format::quarantine_directory), file);
    top.put_text(format::store_file, format::new_store_file, format::to_text(file));
  } catch (const IoError&) {
    // Full or read-only: what was found before goes on to be believed, and a commit that meets a file system without
    // the exchange does without it. The next program that opens the store tries again.
  }
}

}  // namespace

OpenedDirectory open_directory(sys::System& system, const std::string& path, bool probe) {
  Directory top = open_top(system, path);
  StoreFile file = read_store_file(top, format::newest_format);
  const sys::FileSystem here = file_system_of(top);
  const bool is_elsewhere = file.file_system != file_system_name(here);
  if (is_elsewhere && probe) probe_again(top, file);
  if (is_elsewhere && !probe) file.exchange = file.nanoseconds = file.no_replace = false;
  auto keys = std::make_unique<KeysFile>(top.again());
  return {std::move(top), std::move(file), std::move(keys), forgets_synced_removals(here)};
}

FileSystemTrial try_directory(sys::System& system, const std::string& path, const Onlooker& onlooker) {
  const Directory top = open_top(system, path);
  static_cast<void>(read_store_file(top, format::newest_format));
  const fs::FileLock lock = lock_for_setup(top);
  return try_file_system(top.open_child(format::quarantine_directory), onlooker);
}

FormatUpgrade upgrade_directory(sys::System& system, const std::string& path, format::FormatVersion newest) {
  const Directory top = open_top(system, path);
  check_owner_and_mode(top);
  const fs::FileLock lock = lock_for_setup(top);
  StoreFile file = read_store_file(top, newest);
  const FormatUpgrade upgrade{file.format, newest};
  if (upgrade.from == upgrade.to) return upgrade;
  file.format = newest;
  top.put_text(format::store_file, format::new_store_file, format::to_text(file));
  return upgrade;
}

}  // namespace sess::backend
