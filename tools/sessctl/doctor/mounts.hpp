// Which file system a path is on (/proc/PID/mountinfo).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sessctl {

struct Mount {
  std::string point;                 // where it is mounted
  std::string type;                  // "ext4", "nfs4", "fuse.sshfs"
  std::string source;                // "/dev/vda1", "server:/export"
  std::vector<std::string> options;  // of the mount, and of the file system
  bool has_option(const std::string& name) const;
};

/// The mount that this absolute path, without symbolic links, is on. Nothing where the text does not say.
std::optional<Mount> mount_of(const std::string& path, const std::string& mountinfo);

/// True for a file system that other machines may have mounted as well.
bool is_shared(const Mount& mount);

}  // namespace sessctl
