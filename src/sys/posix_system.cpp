#include "sys/posix_system.hpp"

#include "sys/held_locks.hpp"
#include "sys/open_files.hpp"
#include "sys/proc_locks.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <boost/filesystem.hpp>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <vector>

namespace sess::sys {

static_assert(working_directory == AT_FDCWD);
static_assert(sizeof(off_t) == 8 && sizeof(time_t) == 8, "libsess needs 64-bit files and times");

namespace {

/// The one place where EINTR is retried, and where -1 with errno becomes a negated errno.
template <class Call>
auto checked(Call&& call) -> decltype(call()) {
  for (;;) {
    const auto answer = call();
    if (answer >= 0) return answer;
    if (errno != EINTR) return static_cast<decltype(call())>(-errno);
  }
}

int open_flags(OpenMode mode) {
  // O_NONBLOCK: a FIFO under a record's name must not stop whoever opens it; on a regular file it means nothing.
  constexpr int always = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  switch (mode) {
    case OpenMode::read:
      return always | O_RDONLY;
    case OpenMode::read_write:
      return always | O_RDWR;
    case OpenMode::create_exclusive:
      return always | O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::directory:
      return always | O_RDONLY | O_DIRECTORY;
  }
  return always | O_RDONLY;
}

/// A descriptor of a session file below 3 would be read or written by whatever uses the standard streams.
int above_standard_streams(int descriptor) {
  if (descriptor > STDERR_FILENO || descriptor < 0) return descriptor;
  const int moved = checked([&] { return ::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); });
  ::close(descriptor);
  return moved;
}

FileType file_type(std::uint32_t mode) {
  if (S_ISREG(mode)) return FileType::regular;
  if (S_ISDIR(mode)) return FileType::directory;
  return FileType::other;
}

int open_to_sync(const char* directory) {
  return checked([&] { return ::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
}

void fill(const struct ::stat& from, FileStatus& to) {
  to.identity = {from.st_dev, from.st_ino};
  to.type = file_type(from.st_mode);
  to.mode = from.st_mode & 07777;
  to.owner = from.st_uid;
  to.links = static_cast<std::uint32_t>(from.st_nlink);
  to.size = static_cast<std::uint64_t>(from.st_size);
  to.blocks = static_cast<std::uint64_t>(from.st_blocks);
  to.modified = {from.st_mtim.tv_sec, static_cast<std::uint32_t>(from.st_mtim.tv_nsec)};
  to.changed = {from.st_ctim.tv_sec, static_cast<std::uint32_t>(from.st_ctim.tv_nsec)};
}

}  // namespace

int PosixSystem::open(int directory, const char* path, OpenMode mode) {
  // O_NOATIME: a session file's times lie in the future (they are its deadline), so under relatime every read
  // would find the access time older than the modification time and write the inode. Only the owner may ask
  // for it (EPERM else, open(2)); then the access time is simply kept by the kernel.
  const int flags = open_flags(mode);
  const int quiet = mode == OpenMode::directory ? 0 : O_NOATIME;
  int descriptor = checked([&] { return ::openat(directory, path, flags | quiet, 0600); });
  if (descriptor == -EPERM && quiet != 0) descriptor = checked([&] { return ::openat(directory, path, flags, 0600); });
  return above_standard_streams(descriptor);
}

int PosixSystem::close(int descriptor) { return ::close(descriptor) == 0 ? 0 : -errno; }

int PosixSystem::try_lock(int descriptor) {
  return checked([&] { return ::flock(descriptor, LOCK_EX | LOCK_NB); });
}

int PosixSystem::unlock(int descriptor) {
  return checked([&] { return ::flock(descriptor, LOCK_UN); });
}

int PosixSystem::try_lock_byte(int descriptor, std::uint64_t offset) {
  struct ::flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(offset);
  range.l_len = 1;
  const int answer = checked([&] { return ::fcntl(descriptor, F_OFD_SETLK, &range); });
  return answer == -EAGAIN || answer == -EACCES ? -EWOULDBLOCK : answer;
}

int PosixSystem::status(int descriptor, FileStatus& status) {
  struct ::stat found {};
  const int answer = checked([&] { return ::fstat(descriptor, &found); });
  if (answer == 0) fill(found, status);
  return answer;
}

int PosixSystem::status_at(int directory, const char* path, FileStatus& status) {
  struct ::stat found {};
  const int answer = checked([&] { return ::fstatat(directory, path, &found, AT_SYMLINK_NOFOLLOW); });
  if (answer == 0) fill(found, status);
  return answer;
}

std::int64_t PosixSystem::read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) {
  return checked([&] { return ::pread(descriptor, buffer.data(), buffer.size(), static_cast<off_t>(offset)); });
}

std::int64_t PosixSystem::write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) {
  return checked([&] { return ::pwrite(descriptor, data.data(), data.size(), static_cast<off_t>(offset)); });
}

int PosixSystem::truncate(int descriptor, std::uint64_t size) {
  return checked([&] { return ::ftruncate(descriptor, static_cast<off_t>(size)); });
}

int PosixSystem::sync_data(int descriptor) {
  return checked([&] { return ::fdatasync(descriptor); });
}

int PosixSystem::start_writeback(int descriptor) {
  return checked([&] { return ::sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE); });
}

int PosixSystem::sync(int descriptor) {
  return checked([&] { return ::fsync(descriptor); });
}

int PosixSystem::sync_file_system(int descriptor) {
  return checked([&] { return ::syncfs(descriptor); });
}

int PosixSystem::set_times(int descriptor, FileTime time) {
  const timespec both[2] = {{time.seconds, static_cast<long>(time.nanoseconds)},
                            {time.seconds, static_cast<long>(time.nanoseconds)}};
  return checked([&] { return ::futimens(descriptor, both); });
}

int PosixSystem::rename(int directory, const char* from, int to_directory, const char* to, RenameMode mode) {
  unsigned flags = 0;
  if (mode == RenameMode::no_replace) flags = RENAME_NOREPLACE;
  if (mode == RenameMode::exchange) flags = RENAME_EXCHANGE;
  return checked([&] { return ::renameat2(directory, from, to_directory, to, flags); });
}

int PosixSystem::link(int directory, const char* from, int to_directory, const char* to) {
  return checked([&] { return ::linkat(directory, from, to_directory, to, 0); });
}

int PosixSystem::unlink(int directory, const char* path) {
  return checked([&] { return ::unlinkat(directory, path, 0); });
}

int PosixSystem::make_directory(int directory, const char* path) {
  return checked([&] { return ::mkdirat(directory, path, 0700); });
}

int PosixSystem::set_mode(int directory, const char* path, std::uint32_t mode) {
  return checked([&] { return ::fchmodat(directory, path, mode, 0); });
}

int PosixSystem::make_directories(const std::string& path) {
  namespace filesystem = boost::filesystem;
  boost::system::error_code error;
  filesystem::path wanted = filesystem::path(path).lexically_normal();
  if (wanted.filename_is_dot() && wanted.has_parent_path()) wanted = wanted.parent_path();  // "a/b/" is "a/b"
  // Boost takes the "." of "./a" for a directory to make.
  if (wanted.parent_path() == ".") wanted = wanted.filename();
  if (filesystem::is_directory(wanted, error)) return 0;
  // Directories that get an entry: the missing parents and the one above them.
  std::vector<filesystem::path> changed;
  for (filesystem::path parent = wanted.parent_path();; parent = parent.parent_path()) {
    changed.push_back(parent.empty() ? filesystem::path(".") : parent);
    if (parent.empty() || filesystem::exists(parent, error)) break;
  }
  error.clear();  // of the questions above, where the answer was no
  if (wanted.has_parent_path()) filesystem::create_directories(wanted.parent_path(), error);
  // Boost tells EEXIST of a parent that is a file.
  if (error) return error.value() == EEXIST ? -ENOTDIR : -error.value();
  // mkdir with the mode at once: a directory that is open to others even for a moment can be entered.
  if (::mkdir(wanted.c_str(), 0700) != 0) {
    if (errno != EEXIST) return -errno;
    return filesystem::is_directory(wanted, error) ? 0 : -ENOTDIR;
  }
  for (const filesystem::path& parent : changed) {
    const int directory = above_standard_streams(open_to_sync(parent.c_str()));
    if (directory == -EACCES) continue;  // it may be entered but not read, and what cannot be opened cannot be synced
    if (directory < 0) return directory;
    const int answer = sync(directory);
    ::close(directory);
    if (answer < 0) return answer;
  }
  return 0;
}

int PosixSystem::file_system(int descriptor, FileSystem& found) {
  struct ::statfs status {};
  const int answer = checked([&] { return ::fstatfs(descriptor, &status); });
  if (answer < 0) return answer;
  found.type = static_cast<std::uint64_t>(status.f_type);
  static_assert(sizeof(status.f_fsid) == sizeof(found.id));
  std::memcpy(&found.id, &status.f_fsid, sizeof(found.id));
  return 0;
}

int PosixSystem::list(int descriptor, const std::function<bool(const DirectoryEntry&)>& visit) {
  // A descriptor of its own: readdir moves the position, which is shared by all duplicates.
  const int own = above_standard_streams(
      checked([&] { return ::openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW); }));
  if (own < 0) return own;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own), &::closedir);
  if (!stream) {
    const int error = errno;
    ::close(own);
    return -error;
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) return -errno;  // 0 at the end
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    if (!visit({entry->d_name, entry->d_ino})) return 0;
  }
}

std::int64_t PosixSystem::wall_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::chrono::nanoseconds PosixSystem::monotonic_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::chrono::nanoseconds PosixSystem::boot_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::string PosixSystem::boot_id() {
  constexpr std::size_t size = 36;  // of a UUID's text
  std::string id(size, '\0');       // first: where there is no memory no file stays open
  const int file =
      above_standard_streams(checked([] { return ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC); }));
  if (file < 0) return {};
  const ssize_t got = checked([&] { return ::read(file, id.data(), id.size()); });
  ::close(file);
  return got == static_cast<ssize_t>(size) ? id : std::string();
}

void PosixSystem::pause(std::chrono::nanoseconds duration) {
  if (duration <= std::chrono::nanoseconds::zero()) {
    ::sched_yield();
    return;
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  const timespec wanted{seconds.count(), (duration - seconds).count()};
  ::nanosleep(&wanted, nullptr);  // woken early by a signal: the waiter looks again, which does no harm
}

int PosixSystem::random(std::span<std::byte> buffer) {
  while (!buffer.empty()) {
    const ssize_t got = checked([&] { return ::getrandom(buffer.data(), buffer.size(), 0); });
    if (got < 0) return static_cast<int>(got);
    buffer = buffer.subspan(static_cast<std::size_t>(got));
  }
  return 0;
}

std::uint32_t PosixSystem::user() { return ::geteuid(); }

std::uint64_t PosixSystem::fork_count() { return HeldLocks::instance().fork_count(); }

bool PosixSystem::announce_lock(int descriptor, FileIdentity identity, std::uint64_t forks) {
  return HeldLocks::instance().add(descriptor, identity, forks);
}

bool PosixSystem::withdraw_lock(int descriptor) { return HeldLocks::instance().remove(descriptor); }

bool PosixSystem::locked_by_this_thread(FileIdentity identity, int other_than) {
  return HeldLocks::instance().held_by_this_thread(identity, other_than);
}

std::uint64_t PosixSystem::process_generation() { return HeldLocks::instance().generation(); }

int PosixSystem::lock_holder(FileIdentity identity) { return holder_in_proc_locks(identity); }

OpenFiles PosixSystem::open_files(const std::function<bool(std::string_view)>& wanted) {
  return open_files_in_proc("/proc", wanted);
}

}  // namespace sess::sys
