#include "sys/open_files.hpp"

#include "sys/proc_locks.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace sess::sys {

namespace {

constexpr std::string_view removed_suffix = " (deleted)";

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
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

/// Empty where there is none any more, or where it may not be read (errno).
std::string link_target(const std::string& link) {
  std::array<char, 4096> target;  // PATH_MAX: a longer one is no name of a store's
  errno = 0;
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : std::string();
}

/// As far as it can be read: of a process that has ended, that fails. Nothing where it may not be read.
std::optional<std::string> text_of(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (!file) return errno == EACCES ? std::nullopt : std::optional(std::string());
  std::string text;
  std::array<char, 1024> piece;
  std::size_t got = 0;
  while ((got = std::fread(piece.data(), 1, piece.size(), file.get())) > 0) text.append(piece.data(), got);
  if (std::ferror(file.get()) != 0 && errno == EACCES) return std::nullopt;
  return text;
}

/// A living process of this effective user. One that has ended and was not waited for yet has nothing open.
bool is_own(const std::string& process_directory) {
  // Cheaper than the status, and there are many of other users.
  struct stat owner {};
  if (::stat(process_directory.c_str(), &owner) != 0) return false;
  if (owner.st_uid != ::geteuid() && owner.st_uid != 0) return false;
  std::istringstream status(text_of(process_directory + "/status").value_or(""));
  bool own = false;
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string name;
    char state = 0;
    uid_t real = 0;
    uid_t effective = 0;
    words >> name;
    if (name == "State:" && words >> state && (state == 'Z' || state == 'X')) return false;
    if (name == "Uid:" && words >> real >> effective) own = effective == ::geteuid();
  }
  return own;
}

std::string command_of(const std::string& process_directory) {
  std::string command = text_of(process_directory + "/comm").value_or("");
  if (command.ends_with('\n')) command.pop_back();
  return command;
}

/// Processes and descriptors may go at any moment: what cannot be read any more is left out. Of one that was started as
/// root the directory cannot be read; of one with capabilities it can, and nothing in it. Then its descriptors do not
/// tell what it has locked. False for such a one.
bool add_files(const std::string& process_directory, int process, const std::function<bool(std::string_view)>& wanted,
               OpenFiles& found) {
  std::string command;
  bool refused = false;
  const bool readable = visit_numbers(process_directory + "/fd", [&](int descriptor) {
    if (refused) return;
    const std::string number = std::to_string(descriptor);
    const std::string link = process_directory + "/fd/" + number;
    std::string path = link_target(link);
    refused = path.empty() && errno == EACCES;
    if (path.ends_with(removed_suffix)) path.resize(path.size() - removed_suffix.size());
    if (refused || !wanted(path)) return;
    struct stat status {};
    if (::stat(link.c_str(), &status) != 0) {
      refused = errno == EACCES;
      return;
    }
    if (command.empty()) command = command_of(process_directory);
    const auto table = text_of(process_directory + "/fdinfo/" + number);
    refused = !table;
    if (table)
      found.files.push_back({process, command, std::move(path), {status.st_dev, status.st_ino}, names_flock(*table)});
  });
  return readable ? !refused : errno != EACCES;
}

bool has_open(const std::string& process_directory, FileIdentity identity) {
  bool found = false;
  visit_numbers(process_directory + "/fd", [&](int descriptor) {
    struct stat status {};
    const std::string link = process_directory + "/fd/" + std::to_string(descriptor);
    found = found || (::stat(link.c_str(), &status) == 0 && identity == FileIdentity{status.st_dev, status.st_ino});
  });
  return found;
}

/// False also for a process of whom nothing is told (the mount option hidepid, proc(5)).
bool has_ended(int process) { return ::kill(process, 0) != 0 && errno == ESRCH; }

/// What the table says that the descriptors have not told. Of `seen` these have told who has a file open; who has not
/// took its lock and left it to a process that it has started, or has the ID of the one that did.
void add_locks(const std::string& proc, const std::set<int>& seen, OpenFiles& found) {
  std::ifstream table(proc + "/locks");
  for (TableLock& lock : flocks_in_table({std::istreambuf_iterator<char>(table), std::istreambuf_iterator<char>()})) {
    const std::string directory = proc + "/" + std::to_string(lock.process);
    const bool is_seen = seen.contains(lock.process);
    if (is_seen && has_open(directory, lock.identity)) continue;
    if (!is_seen) lock.command = command_of(directory);
    lock.gone = is_seen || (lock.command.empty() && has_ended(lock.process));
    found.locks.push_back(std::move(lock));
  }
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
  std::set<int> seen;
  const bool readable = visit_numbers(proc, [&](int process) {
    const std::string directory = proc + "/" + std::to_string(process);
    if (add_files(directory, process, wanted, found))
      seen.insert(process);
    else if (is_own(directory))
      ++found.hidden;
  });
  add_locks(proc, seen, found);
  found.all_processes = readable && is_first_namespace(proc);
  return found;
}

}  // namespace sess::sys
