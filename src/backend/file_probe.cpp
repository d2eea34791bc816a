#include "backend/file_probe.hpp"

#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sess::backend {

using fs::Directory;
using sys::OpenMode;
using sys::RenameMode;
using sys::UniqueFd;

namespace {

constexpr std::array names = {format::probe_file, format::other_probe_file};

[[noreturn]] void refuse(const Directory& place, std::string_view why) {
  throw StoreError(StoreError::Reason::unusable,
                   fmt::format("use \"{}\" for a store: {}; choose another file system", place.path(), why));
}

UniqueFd make(const Directory& place, const char* name) {
  place.unlink(name);
  const int descriptor = place.system().open(place.descriptor(), name, OpenMode::create_exclusive);
  if (descriptor < 0) fs::throw_io("create", place.path_of(name), descriptor);
  return {place.system(), descriptor};
}

/// Two open files of one inode must not both have the lock.
void require_exclusive_locks(const Directory& place, const UniqueFd& file) {
  const auto other = place.open_file(names[0], OpenMode::read_write);
  if (!other) fs::throw_io("open", place.path_of(names[0]), -ENOENT);
  sys::System& system = place.system();
  if (system.try_lock(file.get()) != 0) refuse(place, "its file system cannot lock files (flock)");
  if (system.try_lock(other->get()) != -EWOULDBLOCK) refuse(place, "its file system gives one lock to two (flock)");
  system.unlock(file.get());
}

/// The deadline of a session is its file's modification time, to the second at least. Below the second it names the
/// version: where that is not kept, commits must not use an inode twice.
bool keeps_nanoseconds(const Directory& place, const UniqueFd& file) {
  constexpr std::int64_t ahead = 30 * 24 * 3600 + 1;  // a session of a month
  const sys::FileTime wanted{(place.system().wall_clock() / 1000 + ahead) | 1, 123'456'789};
  const int answer = place.system().set_times(file.get(), wanted);
  if (answer < 0) fs::throw_io("set times of", place.path_of(names[0]), answer);
  const auto found = place.status(names[0]);
  if (!found || found->modified.seconds != wanted.seconds)
    refuse(place, "its file system does not keep modification times");
  return found->modified == wanted;
}

}  // namespace

sys::FileSystem file_system_of(const Directory& directory) {
  sys::FileSystem found;
  const int answer = directory.system().file_system(directory.descriptor(), found);
  if (answer < 0) fs::throw_io("statfs", directory.path(), answer);
  return found;
}

std::string file_system_name(const sys::FileSystem& file_system) {
  return fmt::format("{:x}:{:x}", file_system.type, file_system.id);
}

bool forgets_synced_removals(const sys::FileSystem& file_system) {
  // Its log may hold entries from before the removal, and its replay makes names of them (tests/power/README.md, "What
  // was found").
  constexpr std::uint64_t btrfs = 0x9123683e;  // BTRFS_SUPER_MAGIC (statfs(2))
  return file_system.type == btrfs;
}

void probe_file_system(const Directory& place, format::StoreFile& file) {
  const std::array made = {make(place, names[0]), make(place, names[1])};
  const std::array identity = {place.status(made[0], names[0]).identity, place.status(made[1], names[1]).identity};
  require_exclusive_locks(place, made[0]);
  file.nanoseconds = keeps_nanoseconds(place, made[0]);
  const auto rename = [&](RenameMode mode) {
    return place.system().rename(place.descriptor(), names[0], place.descriptor(), names[1], mode);
  };
  const auto now_at = [&](std::size_t i) { return place.status(names.at(i)).value_or(sys::FileStatus{}).identity; };
  file.exchange = rename(RenameMode::exchange) == 0 && now_at(0) == identity[1] && now_at(1) == identity[0];
  // The kernel itself refuses to rename over a name; whether the file system can rename at all then shows without one.
  const bool refuses = rename(RenameMode::no_replace) == -EEXIST;
  const sys::FileIdentity first = now_at(0);
  place.unlink(names[1]);
  file.no_replace = refuses && rename(RenameMode::no_replace) == 0 && now_at(1) == first;
  for (const char* name : names) place.unlink(name);
  file.file_system = file_system_name(file_system_of(place));
}

}  // namespace sess::backend
