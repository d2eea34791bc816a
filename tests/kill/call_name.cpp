#include "call_name.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sess::test {

// Those that a program of libsess makes; the older ones are missing on newer architectures.
std::string name_of_call(long number) {
  static constexpr auto names = std::to_array<std::pair<long, const char*>>({
#ifdef SYS_mkdir
      {SYS_mkdir, "mkdir"},
#endif
#ifdef SYS_open
      {SYS_open, "open"},
#endif
#ifdef SYS_stat
      {SYS_stat, "stat"},
#endif
#ifdef SYS_newfstatat
      {SYS_newfstatat, "newfstatat"},
#endif
#ifdef SYS_renameat
      {SYS_renameat, "renameat"},
#endif
      {SYS_clock_nanosleep, "clock_nanosleep"},
      {SYS_clone, "clone"},
      {SYS_close, "close"},
      {SYS_fcntl, "fcntl"},
      {SYS_fdatasync, "fdatasync"},
      {SYS_flock, "flock"},
      {SYS_fstat, "fstat"},
      {SYS_fsync, "fsync"},
      {SYS_ftruncate, "ftruncate"},
      {SYS_futex, "futex"},
      {SYS_getdents64, "getdents64"},
      {SYS_geteuid, "geteuid"},
      {SYS_getpid, "getpid"},
      {SYS_getrandom, "getrandom"},
      {SYS_gettid, "gettid"},
      {SYS_linkat, "linkat"},
      {SYS_mkdirat, "mkdirat"},
      {SYS_nanosleep, "nanosleep"},
      {SYS_openat, "openat"},
      {SYS_pread64, "pread64"},
      {SYS_pwrite64, "pwrite64"},
      {SYS_read, "read"},
      {SYS_renameat2, "renameat2"},
      {SYS_rt_sigprocmask, "rt_sigprocmask"},
      {SYS_sched_yield, "sched_yield"},
      {SYS_statx, "statx"},
      {SYS_sync_file_range, "sync_file_range"},
      {SYS_syncfs, "syncfs"},
      {SYS_unlinkat, "unlinkat"},
      {SYS_utimensat, "utimensat"},
      {SYS_write, "write"},
  });
  const auto* const found = std::ranges::find(names, number, &std::pair<long, const char*>::first);
  return found == names.end() ? "call " + std::to_string(number) : found->second;
}

}  // namespace sess::test
