#include "cli/damage.hpp"

#include <fstream>
#include <iterator>

#include <doctest/doctest.h>
#include <sys/stat.h>

namespace cli {

void damage(const std::filesystem::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary | std::ios::ate);
  REQUIRE(stream.good());
  stream.seekp(-1, std::ios::end);
  stream.put('\x7f');
}

std::map<std::string, std::string> tree(const std::filesystem::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat status {};
    REQUIRE(::lstat(entry.path().c_str(), &status) == 0);
    std::string text = std::to_string(status.st_ino) + " " + std::to_string(status.st_mode) + " " +
                       std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + " " +
                       std::to_string(status.st_ctim.tv_sec) + "." + std::to_string(status.st_ctim.tv_nsec) + " ";
    if (entry.is_regular_file()) {
      std::ifstream file(entry.path(), std::ios::binary);
      text.append(std::istreambuf_iterator<char>(file), {});
    }
    files[entry.path()] = text;
  }
  return files;
}

}  // namespace cli
