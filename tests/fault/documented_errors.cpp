#include "documented_errors.hpp"

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <stdexcept>
#include <string_view>

namespace sess::test {

namespace {

// What may come from any call that reaches a disk or a server. EIO: the disk, a soft mount of NFS; ETIMEDOUT: nfs(5),
// softerr; ESTALE: nfs(5), the file is gone on the server.
constexpr std::initializer_list<int> of_any_disk = {EIO, ESTALE, ETIMEDOUT};

std::vector<int> with(std::initializer_list<int> first, std::initializer_list<int> second) {
  std::vector<int> both(first);
  both.insert(both.end(), second);
  return both;
}

/// The files that are made by open: temp files, what a store's own files are written as, and probes.
bool is_made(std::string_view path) {
  return path.ends_with(".temp") || path.ends_with(".new") || path.find("/probe") != std::string_view::npos;
}

}  // namespace

std::vector<int> errors_of(const LoggedCall& call) {
  switch (call.call) {
    case Call::open: {  // open(2); with O_CREAT a new inode and a new entry are needed
      auto errors = with(of_any_disk, {EACCES, ELOOP, EMFILE, ENAMETOOLONG, ENFILE, ENODEV, ENOMEM, ENOTDIR, ENXIO,
                                       EOVERFLOW, EPERM, EROFS, ETXTBSY, EWOULDBLOCK});
      if (is_made(call.path)) errors.insert(errors.end(), {EDQUOT, ENOSPC, EEXIST});
      return errors;
    }
    case Call::close:  // close(2); on Linux the descriptor is gone all the same
      return {EINTR, EIO, EDQUOT, ENOSPC};
    case Call::try_lock:  // flock(2); over NFS it is fcntl(2), F_SETLK
      return with(of_any_disk, {EWOULDBLOCK, ENOLCK, ENOMEM, EOPNOTSUPP});
    case Call::unlock:
      return with(of_any_disk, {ENOLCK});
    case Call::try_lock_byte:  // fcntl(2), F_OFD_SETLK
      return with(of_any_disk, {EWOULDBLOCK, EINVAL, ENOLCK, ENOMEM});
    case Call::status:  // fstat(2)
      return with(of_any_disk, {ENOMEM, EOVERFLOW});
    case Call::status_at:  // fstatat(2)
      return with(of_any_disk, {EACCES, ELOOP, ENAMETOOLONG, ENOMEM, ENOTDIR, EOVERFLOW});
    case Call::read:  // pread(2), read(2)
      return with(of_any_disk, {EAGAIN, EISDIR, ENOMEM, EOVERFLOW});
    case Call::write:  // pwrite(2), write(2); EROFS: ext4 with errors=remount-ro
      return with(of_any_disk, {EAGAIN, EDQUOT, EFBIG, ENOMEM, ENOSPC, EPERM, EROFS});
    case Call::truncate:  // ftruncate(2); ENOSPC and EDQUOT: copy-on-write file systems
      return with(of_any_disk, {EDQUOT, EFBIG, EINVAL, ENOSPC, EPERM, EROFS, ETXTBSY});
    case Call::sync_data:  // fdatasync(2)
    case Call::sync:       // fsync(2); EINVAL: a directory of some FUSE file systems
      return with(of_any_disk, {EDQUOT, EINVAL, ENOSPC, EROFS});
    case Call::sync_file_system:  // syncfs(2); ENOSYS, EPERM: seccomp(2)
      return with(of_any_disk, {EDQUOT, ENOSPC, ENOSYS, EPERM, EROFS});
    case Call::start_writeback:  // sync_file_range(2); ENOSYS, EPERM: seccomp(2)
      return with(of_any_disk, {EINVAL, ENOMEM, ENOSPC, ENOSYS, EPERM, ESPIPE});
    case Call::set_times:  // utimensat(2); ENOSPC and EDQUOT: copy-on-write file systems
      return with(of_any_disk, {EACCES, EDQUOT, ENOSPC, ENOSYS, EPERM, EROFS});
    case Call::rename: {  // renameat2(2)
      auto errors = with(of_any_disk, {EACCES, EBUSY, EDQUOT, EINVAL, ELOOP, EMLINK, ENAMETOOLONG, ENOENT, ENOMEM,
                                       ENOSPC, ENOSYS, ENOTDIR, EOPNOTSUPP, EPERM, EROFS, EXDEV});
      // Of what is moved aside: somebody has removed it, which is an answer.
      if (call.path.find("/quarantine/") != std::string::npos) std::erase(errors, ENOENT);
      // Only of RENAME_NOREPLACE: of a new session's name.
      if (!call.path.ends_with('~') && call.path.find(" -> ") != std::string::npos) errors.push_back(EEXIST);
      return errors;
    }
    case Call::link:  // linkat(2)
      return with(of_any_disk, {EACCES, EDQUOT, EEXIST, ELOOP, EMLINK, ENAMETOOLONG, ENOENT, ENOMEM, ENOSPC, ENOTDIR,
                                EPERM, EROFS, EXDEV});
    case Call::unlink:  // unlinkat(2); ENOSPC and EDQUOT: copy-on-write file systems
      return with(of_any_disk,
                  {EACCES, EBUSY, EDQUOT, EISDIR, ELOOP, ENAMETOOLONG, ENOMEM, ENOSPC, ENOTDIR, EPERM, EROFS});
    case Call::make_directory:    // mkdirat(2)
    case Call::make_directories:  // and openat(2), fsync(2) of the parents
      return with(of_any_disk,
                  {EACCES, EDQUOT, ELOOP, EMFILE, EMLINK, ENAMETOOLONG, ENFILE, ENOMEM, ENOSPC, ENOTDIR, EPERM, EROFS});
    case Call::set_mode:  // fchmodat(2)
      return with(of_any_disk, {EACCES, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR, EPERM, EROFS});
    case Call::file_system:  // fstatfs(2)
      return with(of_any_disk, {ENOMEM, ENOSYS, EOVERFLOW});
    case Call::list:  // openat(2), fdopendir(3), getdents(2)
      return with(of_any_disk, {EACCES, EMFILE, ENFILE, ENOENT, ENOMEM, ENOTDIR});
    case Call::random:  // getrandom(2); EPERM: seccomp(2)
      return {ENOSYS, EPERM};
    default:
      throw std::logic_error("no errors are known of " + to_string(call));
  }
}

std::vector<int> errors_after_the_effect_of(const LoggedCall& call) {
  switch (call.call) {
    case Call::try_lock:
    case Call::write:
    case Call::truncate:
    case Call::set_times:
      return {EIO, ETIMEDOUT};
    case Call::rename:  // with RENAME_NOREPLACE only FUSE sends it at all, and once
    case Call::unlink:
      return {EIO, ETIMEDOUT, ENOENT};
    case Call::link:
    case Call::make_directory:
      return {EIO, ETIMEDOUT, EEXIST};
    case Call::make_directories:
      return {EIO, ETIMEDOUT};
    default:  // it changes nothing, or is done whatever it answers (close)
      return {};
  }
}

}  // namespace sess::test
