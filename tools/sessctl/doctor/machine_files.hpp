// Files in which the kernel and the system's own configuration say how this machine is.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sessctl {

class MachineFiles {
 public:
  /// All paths are below `root`: empty for the machine itself, a directory in tests.
  explicit MachineFiles(std::string root = {}) : root_(std::move(root)) {}

  /// Nothing where it is absent or cannot be read. `path` is absolute.
  std::optional<std::string> read(const std::string& path) const;
  /// Its first line, without what surrounds it; nothing where there is none.
  std::optional<std::string> word(const std::string& path) const;
  bool is_there(const std::string& path) const;
  /// Configuration in pieces (systemd.unit(5), "drop-ins"): the files of these directories that end so, in the order of
  /// their names. Of files with one name the one of the first directory counts. Paths.
  std::vector<std::string> pieces(const std::vector<std::string>& directories, const std::string& end) const;

 private:
  std::string root_;
};

/// Lines without their ends.
std::vector<std::string> lines_of(const std::string& text);
/// The words of a line, between blanks.
std::vector<std::string> words_of(const std::string& line);
/// True if `path` is `directory`, or below it. Both are absolute.
bool is_below(const std::string& path, const std::string& directory);

}  // namespace sessctl
