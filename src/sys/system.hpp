// The system-call interface (layer L0).
//
// Purpose: every call that libsess makes to the operating system goes through one object that is passed in,
// so that a test can fail the N-th call, stop a process between two calls, or lose what was not synced.
// Nothing above src/sys calls the operating system.
//
// Convention: a call answers a value >= 0, or the negated errno (the kernel's own convention). EINTR never
// comes out of here: it is retried in one place, except for close, which is never retried (on Linux the
// descriptor is gone whatever close answers; see close(2), "Dealing with error returns from close()").
// Paths are relative to a directory descriptor; a descriptor below 3 is never handed out.
//
// Thread-safety: every member may be called by several threads at once.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sess::sys {

/// Stands for "relative to the working directory" where a directory descriptor is wanted (AT_FDCWD).
inline constexpr int working_directory = -100;

/// Names one file of one file system, for as long as it is open or linked.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// A file time: seconds since 1970-01-01 00:00 UTC, and nanoseconds.
struct FileTime {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  // clang-tidy 14 takes the literal 0 inside a defaulted <=> for a pointer.
  friend auto operator<=>(const FileTime&, const FileTime&) = default;  // NOLINT(modernize-use-nullptr)
};

enum class FileType : std::uint8_t { regular, directory, other };

/// What libsess wants to know of a file.
struct FileStatus {
  FileIdentity identity;
  FileType type = FileType::other;
  std::uint32_t mode = 0;   // permission bits
  std::uint32_t owner = 0;  // user ID
  std::uint32_t links = 0;
  std::uint64_t size = 0;    // bytes
  std::uint64_t blocks = 0;  // allocated, in units of 512 bytes
  FileTime modified;
  FileTime changed;
};

/// Names a file system, as long as it is mounted at least (statfs(2)).
struct FileSystem {
  std::uint64_t type = 0;
  std::uint64_t id = 0;
};

/// How a file is opened. Every open adds O_CLOEXEC, O_NOFOLLOW and, where the kernel permits it, O_NOATIME.
enum class OpenMode : std::uint8_t {
  read,              // O_RDONLY
  read_write,        // O_RDWR
  create_exclusive,  // O_RDWR | O_CREAT | O_EXCL, mode 0600
  directory,         // O_RDONLY | O_DIRECTORY
};

enum class RenameMode : std::uint8_t {
  replace,     // rename(2)
  no_replace,  // renameat2(2) with RENAME_NOREPLACE
  exchange,    // renameat2(2) with RENAME_EXCHANGE
};

/// One entry of a directory; `.` and `..` are left out.
struct DirectoryEntry {
  std::string_view name;    // valid during the call of the visitor
  std::uint64_t inode = 0;  // of the file, mostly; where file systems are laid over each other perhaps not
};

/// A file that a process has open.
struct OpenFile {
  int process = 0;
  std::string command;  // the process's, at most 15 bytes: any bytes
  std::string path;     // as it was last linked; from another mount namespace perhaps relative to a mount
  FileIdentity identity;
  bool locked = false;  // by this descriptor: the process holds its flock
};

/// An flock that a process has taken or waits for, according to the kernel's table.
struct TableLock {
  int process = 0;
  std::string command = {};  // as above; empty where it is not told
  bool gone = false;         // the process, or its file: a child of it has the lock
  FileIdentity identity;
  bool waits = false;
};

struct OpenFiles {
  std::vector<OpenFile> files;   // an entry a descriptor
  std::vector<TableLock> locks;  // on any file that its taker cannot be seen to have open
  /// This user's processes whose descriptors it may not see: started as root, or with capabilities, for example.
  unsigned hidden = 0;
  bool all_processes = false;  // false: there may be others, of other PID namespaces
};

class System {
 public:
  System() = default;
  System(const System&) = delete;
  System& operator=(const System&) = delete;
  virtual ~System() = default;

  // ---- files ---------------------------------------------------------------------------------------------

  /// Opens `path` relative to `directory`. Answers a descriptor >= 3 or the negated errno.
  virtual int open(int directory, const char* path, OpenMode mode) = 0;
  virtual int close(int descriptor) = 0;

  /// flock(LOCK_EX | LOCK_NB): 0, or -EWOULDBLOCK when another open file description holds the lock.
  virtual int try_lock(int descriptor) = 0;
  /// flock(LOCK_UN).
  virtual int unlock(int descriptor) = 0;

  /// fcntl(F_OFD_SETLK) of one byte, which need not be there: 0, or -EWOULDBLOCK when another open file description has
  /// it. Let go by close. Independent of flock.
  virtual int try_lock_byte(int descriptor, std::uint64_t offset) = 0;

  /// fstat(2) and statx(2) without following a symbolic link.
  virtual int status(int descriptor, FileStatus& status) = 0;
  virtual int status_at(int directory, const char* path, FileStatus& status) = 0;

  /// pread(2) and pwrite(2); either may transfer less than was asked for.
  virtual std::int64_t read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) = 0;
  virtual std::int64_t write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) = 0;
  virtual int truncate(int descriptor, std::uint64_t size) = 0;
  /// fdatasync(2): the data, and the metadata needed to read it.
  virtual int sync_data(int descriptor) = 0;
  /// Begins to write a file's data to the disk, and does not wait for it (sync_file_range(2) with
  /// SYNC_FILE_RANGE_WRITE alone; it may block while the device's queue is full). A hint: whatever it answers, nothing
  /// is promised, and an error of the writing stays to be told by the next sync.
  virtual int start_writeback(int descriptor) = 0;
  /// fsync(2): a directory's entries, or a file with all of its metadata.
  virtual int sync(int descriptor) = 0;
  /// syncfs(2): everything on the file system of an open file or directory, whoever has written it.
  virtual int sync_file_system(int descriptor) = 0;
  /// Sets both times of a file (futimens(2)). Both, because with UTIME_OMIT for the access time some FUSE
  /// file systems answer 0 and set nothing.
  virtual int set_times(int descriptor, FileTime time) = 0;

  // ---- names ---------------------------------------------------------------------------------------------

  virtual int rename(int directory, const char* from, int to_directory, const char* to, RenameMode mode) = 0;
  virtual int link(int directory, const char* from, int to_directory, const char* to) = 0;
  virtual int unlink(int directory, const char* path) = 0;
  /// mkdirat(2) with mode 0700; -EEXIST when the name is taken.
  virtual int make_directory(int directory, const char* path) = 0;
  /// Makes a directory with mode 0700 and its missing parents, relative to the working directory, and syncs the
  /// directories that got an entry. 0 also when it is there already, which keeps its mode.
  virtual int make_directories(const std::string& path) = 0;
  /// Sets the permission bits of a file or directory (fchmodat(2), which follows a symbolic link: look first).
  virtual int set_mode(int directory, const char* path, std::uint32_t mode) = 0;
  /// The file system of an open file or directory (fstatfs(2)).
  virtual int file_system(int descriptor, FileSystem& found) = 0;
  /// Visits every entry of an open directory, in the file system's order, until the visitor answers false.
  virtual int list(int descriptor, const std::function<bool(const DirectoryEntry&)>& visit) = 0;

  // ---- time, chance, processes ---------------------------------------------------------------------------

  /// CLOCK_REALTIME in milliseconds since 1970-01-01 00:00 UTC. For expiry only.
  virtual std::int64_t wall_clock() = 0;
  /// CLOCK_MONOTONIC. For deadlines of waits and for budgets.
  virtual std::chrono::nanoseconds monotonic_clock() = 0;
  /// CLOCK_BOOTTIME: time since the machine started, asleep or not. Nobody can set it.
  virtual std::chrono::nanoseconds boot_clock() = 0;
  /// Names this run of the machine (proc_sys_kernel(5), random/boot_id); empty where the kernel does not tell.
  virtual std::string boot_id() = 0;
  /// Sleeps about as long as asked (a waiter between two attempts); zero only yields the processor.
  virtual void pause(std::chrono::nanoseconds duration) = 0;
  /// Fills the buffer from getrandom(2), blocking only before the kernel's pool is first seeded.
  virtual int random(std::span<std::byte> buffer) = 0;
  /// The effective user ID.
  virtual std::uint32_t user() = 0;

  // ---- locks across fork ---------------------------------------------------------------------------------
  //
  // A forked child shares the parent's open file descriptions, and with them the locks: a child that lives on
  // would keep a session locked after its parent was killed. So a descriptor is announced here before it is
  // locked, and the child closes every announced descriptor before fork returns in it (pthread_atfork(3)). A fork by
  // another thread between open and announcement hands the child a descriptor that it does not know of: the
  // announcement is then refused, and the file must be opened again, which makes a description of its own.

  /// Counts the forks that this process has made or stems from; costs no system call.
  virtual std::uint64_t fork_count() = 0;
  /// Announces a descriptor that is about to be locked by the calling thread and was opened when fork_count() answered
  /// `forks`. False, and not announced, if the process has forked since.
  [[nodiscard]] virtual bool announce_lock(int descriptor, FileIdentity identity, std::uint64_t forks) = 0;
  /// Takes the announcement back; call before close. Answers false in a forked child, where the descriptor
  /// has been closed already and its number may belong to something else.
  virtual bool withdraw_lock(int descriptor) = 0;
  /// True if the calling thread has announced another descriptor of this very file than this one: waiting for its lock
  /// would never end.
  virtual bool locked_by_this_thread(FileIdentity identity, int other_than) = 0;
  /// Counts the forks between the program's start and this process; costs no system call. Who compares it
  /// with an earlier value learns whether it is a forked copy.
  virtual std::uint64_t process_generation() = 0;
  /// The process that holds the flock of a file according to /proc/locks, or 0 where the kernel does not
  /// tell (other PID namespace, network file system).
  virtual int lock_holder(FileIdentity identity) = 0;
  /// The files whose path `wanted` accepts, of all processes that this user may look at. Takes some microseconds for
  /// each descriptor of the machine.
  virtual OpenFiles open_files(const std::function<bool(std::string_view path)>& wanted) = 0;
};

}  // namespace sess::sys
