#include "mounts.hpp"

#include "machine_files.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>

namespace sessctl {
namespace {

bool is_octal(char digit) { return digit >= '0' && digit <= '7'; }

/// Blanks and backslashes are \ooo there (proc(5)).
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
                           is_octal(text[i + 3]);
    if (!is_escape) {
      plain += text[i];
      continue;
    }
    plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return plain;
}

void add_options(const std::string& text, std::vector<std::string>& options) {
  std::istringstream stream(text);
  for (std::string option; std::getline(stream, option, ',');) options.push_back(std::move(option));
}

/// 36 35 98:0 /root /mnt rw,noatime master:1 - ext4 /dev/root rw,errors=continue
std::optional<Mount> parse_line(const std::string& line) {
  const std::vector<std::string> words = words_of(line);
  const auto dash = std::find(words.begin(), words.end(), "-");
  if (dash - words.begin() < 6 || words.end() - dash < 4) return std::nullopt;
  Mount mount{.id = std::strtoull(words[0].c_str(), nullptr, 10),
              .point = unescaped(words[4]),
              .type = dash[1],
              .source = unescaped(dash[2]),
              .options = {}};
  add_options(words[5], mount.options);
  add_options(dash[3], mount.options);
  return mount;
}

}  // namespace

bool Mount::has_option(const std::string& name) const { return std::ranges::find(options, name) != options.end(); }

std::optional<std::uint64_t> mount_id_of(const std::string& path) {
  struct statx status {};
  if (::statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) != 0) return std::nullopt;
  if ((status.stx_mask & STATX_MNT_ID) == 0) return std::nullopt;  // Linux before 5.8
  return status.stx_mnt_id;
}

std::optional<Mount> mount_of(const std::string& path, const std::optional<std::uint64_t>& id,
                              const std::string& mountinfo) {
  std::optional<Mount> found;
  for (const std::string& line : lines_of(mountinfo)) {
    auto mount = parse_line(line);
    if (mount && mount->id == id) return mount;
    // Of two at one place the later one hides the other.
    if (mount && is_below(path, mount->point) && (!found || mount->point.size() >= found->point.size()))
      found = std::move(mount);
  }
  return found;
}

bool is_shared(const Mount& mount) {
  constexpr auto types = std::to_array<std::string_view>(
      {"9p",        "afs",        "beegfs", "ceph",      "cifs",    "coda",   "fuse.ceph", "fuse.glusterfs",
       "fuse.s3fs", "fuse.sshfs", "gfs2",   "glusterfs", "gpfs",    "lustre", "ncpfs",     "nfs",
       "nfs4",      "ocfs2",      "smb3",   "smbfs",     "virtiofs"});
  return std::ranges::find(types, std::string_view(mount.type)) != types.end();
}

}  // namespace sessctl
