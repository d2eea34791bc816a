#include "support/temporary_directory.hpp"

#include <boost/filesystem.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

namespace sess::test {

namespace filesystem = boost::filesystem;

TemporaryDirectory::TemporaryDirectory(const std::string& below) : path_(below + "/sess-test-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make a directory below " + below);
}

TemporaryDirectory::~TemporaryDirectory() {
  boost::system::error_code ignored;
  filesystem::remove_all(path_, ignored);
}

std::vector<std::string> file_systems() {
  std::vector<std::string> found = {"/tmp"};
  boost::system::error_code error;
  if (filesystem::is_directory("/dev/shm", error)) {
    found.emplace_back("/dev/shm");
  } else {
    std::cerr << "SKIPPED: there is no /dev/shm, so nothing is tested on tmpfs\n";
  }
  return found;
}

std::vector<std::string> files_below(const std::string& path) {
  std::vector<std::string> files;
  for (const auto& entry : filesystem::recursive_directory_iterator(path))
    if (filesystem::is_regular_file(entry.symlink_status()))
      files.push_back(filesystem::relative(entry.path(), path).string());
  std::ranges::sort(files);
  return files;
}

bool long_run() {
  const char* value = std::getenv("LONG");
  return value != nullptr && *value == '1';
}

}  // namespace sess::test
