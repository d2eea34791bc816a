// Which file system a path is on (/proc/PID/mountinfo).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sessctl {

struct Mount {
  std::uint64_t id = 0;              // as mountinfo and statx(2) number them
  std::string point;                 // where it is mounted
  std::string type;                  // "ext4", "nfs4", "fuse.sshfs"
  std::string source;                // "/dev/vda1", "server:/export"
  std::vector<std::string> options;  // of the mount, and of the file system
  bool has_option(const std::string& name) const;
};

/// The number of the mount that a path is on (statx(2), STATX_MNT_ID); nothing where the kernel does not tell.
std::optional<std::uint64_t> mount_id_of(const std::string& path);

/// The mount with this number. Where that is not known, the one that this absolute path, without symbolic links, seems
/// to be on: a mount that hides deeper ones is taken for one of those then. Nothing where the text does not say.
std::optional<Mount> mount_of(const std::string& path, const std::optional<std::uint64_t>& id,
                              const std::string& mountinfo);

/// True for a file system that other machines may have mounted as well.
bool is_shared(const Mount& mount);

}  // namespace sessctl
