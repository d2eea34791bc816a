// A directory that goes away with the test.
#pragma once

#include <string>
#include <vector>

namespace sess::test {

class TemporaryDirectory {
 public:
  /// Below /tmp, or below another directory (a test that wants a certain file system).
  explicit TemporaryDirectory(const std::string& below = "/tmp");
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  const std::string& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Where tests make their stores: the disk's file system and the memory's, "/tmp" and "/dev/shm". A machine that has
/// only one of them says so on standard error.
std::vector<std::string> file_systems();

/// All regular files below a directory, relative to it, in order.
std::vector<std::string> files_below(const std::string& path);

/// True if LONG=1 is in the environment: the tests then run the counts that the project promises.
bool long_run();

}  // namespace sess::test
