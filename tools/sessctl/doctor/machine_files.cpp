#include "machine_files.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <system_error>

namespace sessctl {

std::optional<std::string> MachineFiles::read(const std::string& path) const {
  // By the stream's own words: files of /proc have no size.
  std::ifstream file(root_ + path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return std::nullopt;
  return text;
}

std::optional<std::string> MachineFiles::word(const std::string& path) const {
  const auto text = read(path);
  if (!text) return std::nullopt;
  std::istringstream stream(*text);
  std::string line;
  std::getline(stream >> std::ws, line);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\0')) line.pop_back();
  if (line.empty()) return std::nullopt;
  return line;
}

bool MachineFiles::is_there(const std::string& path) const {
  std::error_code ignored;
  return std::filesystem::exists(root_ + path, ignored);
}

std::vector<std::string> MachineFiles::pieces(const std::vector<std::string>& directories,
                                              const std::string& end) const {
  std::map<std::string, std::string> by_name;
  for (const std::string& directory : directories) {
    std::error_code error;
    std::filesystem::directory_iterator entry(root_ + directory, error);
    while (!error && entry != std::filesystem::directory_iterator()) {
      const std::string name = entry->path().filename();
      if (name.ends_with(end)) by_name.emplace(name, directory + "/" + name);
      entry.increment(error);
    }
  }
  std::vector<std::string> paths;
  for (auto& [name, path] : by_name) paths.push_back(std::move(path));
  return paths;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

bool is_below(const std::string& path, const std::string& directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace sessctl
