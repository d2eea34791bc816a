#include "sys/open_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

namespace sess::sys {

namespace {

constexpr std::string_view removed_suffix = " (deleted)";

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

/// The numbers among the names of a directory. False where it cannot be read.
bool visit_numbers(const std::string& path, const std::function<void(int)>& visit) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (!directory) return false;
  while (const dirent* const entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) visit(number);
  }
  return true;
}

/// Empty where there is none any more.
std::string link_target(const std::string& link) {
  std::array<char, 4096> target;  // PATH_MAX: a longer one is no name of a store's
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : std::string();
}

/// As far as it can be read: of a process that has ended, that fails.
std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();  // an iterator of the buffer would throw
  return text.str();
}

/// The effective user; without it nobody.
std::optional<uid_t> user_of(const std::string& process_directory) {
  std::ifstream status(process_directory + "/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string name;
    uid_t real = 0;
    uid_t effective = 0;
    if (words >> name >> real >> effective && name == "Uid:") return effective;
  }
  return std::nullopt;
}

/// Processes and descriptors may go at any moment: what cannot be read any more is left out.
void add_files(const std::string& process_directory, int process, const std::function<bool(std::string_view)>& wanted,
               OpenFiles& found) {
  std::string command;
  const bool readable = visit_numbers(process_directory + "/fd", [&](int descriptor) {
    const std::string number = std::to_string(descriptor);
    const std::string link = process_directory + "/fd/" + number;
    std::string path = link_target(link);
    if (path.ends_with(removed_suffix)) path.resize(path.size() - removed_suffix.size());
    struct stat status {};
    if (!wanted(path) || ::stat(link.c_str(), &status) != 0) return;
    if (command.empty()) {
      command = text_of(process_directory + "/comm");
      if (command.ends_with('\n')) command.pop_back();
    }
    const bool locked = names_flock(text_of(process_directory + "/fdinfo/" + number));
    found.files.push_back({process, command, std::move(path), {status.st_dev, status.st_ino}, locked});
  });
  if (!readable && errno == EACCES && user_of(process_directory) == ::geteuid()) ++found.hidden;
}

/// Of the machine's first PID namespace (linux/proc_ns.h, PROC_PID_INIT_INO): from there all processes are seen.
bool is_first_namespace(const std::string& proc) { return link_target(proc + "/self/ns/pid") == "pid:[4026531836]"; }

}  // namespace

bool names_flock(std::string_view fdinfo) {
  for (std::size_t at = 0; (at = fdinfo.find("lock:", at)) != fdinfo.npos; ++at) {
    if (at > 0 && fdinfo[at - 1] != '\n') continue;
    const std::string_view line = fdinfo.substr(at, fdinfo.find('\n', at) - at);
    if (line.find(" FLOCK ") != line.npos && line.find("->") == line.npos) return true;
  }
  return false;
}

OpenFiles open_files_in_proc(const std::string& proc, const std::function<bool(std::string_view)>& wanted) {
  OpenFiles found;
  const bool readable = visit_numbers(
      proc, [&](int process) { add_files(proc + "/" + std::to_string(process), process, wanted, found); });
  found.all_processes = readable && is_first_namespace(proc);
  return found;
}

}  // namespace sess::sys
