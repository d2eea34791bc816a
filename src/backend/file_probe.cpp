#include "backend/file_probe.hpp"

#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// The deadline of a session is its file's modification time, to the second at least. Below the second it names the
/// version: where that is not kept, commits must not use an inode twice.
constexpr std::int64_t ahead = 30 * 24 * 3600 + 1;  // seconds: a session of a month
constexpr std::uint32_t every_digit = 123'456'789;

class Trial {
 public:
  Trial(const Directory& place, const Onlooker& onlooker) : place_(place), onlooker_(onlooker) {}
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  /// After a failure the files go, too; whether that fails as well is of no interest then.
  ~Trial() {
    if (is_done_) return;
    for (const char* name : names) place_.system().unlink(place_.descriptor(), name);
  }

  FileSystemTrial run() {
    const std::array made = {make(place_, names[0]), make(place_, names[1])};
    const std::array identity = {place_.status(made[0], names[0]).identity, place_.status(made[1], names[1]).identity};
    try_locks(made[0]);
    if (found_.excludes) {
      try_times(made[0], identity[0]);
      try_renames(identity);
    }
    for (const char* name : names) place_.unlink(name);
    is_done_ = true;
    return found_;
  }

 private:
  std::optional<TrialSight> sight(const char* name) const {
    return onlooker_ ? std::optional(onlooker_(place_.path_of(name))) : std::nullopt;
  }

  /// Two open files of one inode must not both have the lock.
  void try_locks(const UniqueFd& file) {
    const auto other = place_.open_file(names[0], OpenMode::read_write);
    if (!other) fs::throw_io("open", place_.path_of(names[0]), -ENOENT);
    sys::System& system = place_.system();
    found_.flock = system.try_lock(file.get()) == 0;
    if (!found_.flock) return;
    found_.excludes = system.try_lock(other->get()) == -EWOULDBLOCK;
    const auto locked = sight(names[0]);
    system.unlock(file.get());
    const auto free = sight(names[0]);
    if (!locked || !free) return;
    found_.excludes_processes = !locked->got_lock && free->got_lock;
    found_.frees_locks = system.try_lock(file.get()) == 0;
    system.unlock(file.get());
  }

  void try_times(const UniqueFd& file, const sys::FileIdentity& identity) {
    const sys::FileTime wanted{(place_.system().wall_clock() / 1000 + ahead) | 1, every_digit};
    const int answer = place_.system().set_times(file.get(), wanted);
    if (answer < 0) fs::throw_io("set times of", place_.path_of(names[0]), answer);
    const auto there = place_.status(names[0]);
    found_.keeps_times = there && there->modified.seconds == wanted.seconds;
    found_.keeps_nanoseconds = there && there->modified == wanted;
    if (const auto seen = sight(names[0]))
      found_.shows_changes = there && seen->inode == identity.inode &&
                             sys::FileTime{seen->modified_seconds, seen->modified_nanoseconds} == there->modified;
  }

  void try_renames(const std::array<sys::FileIdentity, 2>& identity) {
    found_.exchange = rename(RenameMode::exchange) == 0 && now_at(0) == identity[1] && now_at(1) == identity[0];
    if (const auto seen = sight(names[0]))
      found_.shows_changes = found_.shows_changes == true && seen->inode == now_at(0).inode;
    // The kernel itself refuses to rename over a name; whether the file system can rename at all then shows without
    // one.
    const bool refuses = rename(RenameMode::no_replace) == -EEXIST;
    const sys::FileIdentity first = now_at(0);
    place_.unlink(names[1]);
    found_.no_replace = refuses && rename(RenameMode::no_replace) == 0 && now_at(1) == first;
  }

  int rename(RenameMode mode) const {
    return place_.system().rename(place_.descriptor(), names[0], place_.descriptor(), names[1], mode);
  }
  sys::FileIdentity now_at(std::size_t i) const {
    return place_.status(names.at(i)).value_or(sys::FileStatus{}).identity;
  }

  const Directory& place_;
  const Onlooker& onlooker_;
  FileSystemTrial found_;
  bool is_done_ = false;
};

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

FileSystemTrial try_file_system(const Directory& place, const Onlooker& onlooker) {
  return Trial(place, onlooker).run();
}

void probe_file_system(const Directory& place, format::StoreFile& file) {
  const FileSystemTrial found = try_file_system(place, {});
  if (!found.flock) refuse(place, "its file system cannot lock files (flock)");
  if (!found.excludes) refuse(place, "its file system gives one lock to two (flock)");
  if (!found.keeps_times) refuse(place, "its file system does not keep modification times");
  file.exchange = found.exchange;
  file.no_replace = found.no_replace;
  file.nanoseconds = found.keeps_nanoseconds;
  file.file_system = file_system_name(file_system_of(place));
}

}  // namespace sess::backend
