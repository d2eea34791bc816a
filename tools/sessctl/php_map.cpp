#include "php_map.hpp"

#include "failure.hpp"
#include "input_lines.hpp"
#include "report.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sessctl {
namespace {

constexpr const char* mark = "# made";  // PHP has no '#' in an ID

}  // namespace

PhpMap::PhpMap(const std::string& path) : path_(path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  directory_ = Descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory_) fail("open directory of");
  constexpr int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
  file_ = Descriptor(::openat(directory_.get(), name.c_str(), flags, 0600));
  if (!file_) fail("open");
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) fail("stat");
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || status.st_nlink != 1)
    throw Failure(ExitCode::no_permission, "open", path_,
                  "it is not a file of this user's alone, with one name: who owns it would have every session in it",
                  "name a new file, in a directory that only this user can write to");
  if ((status.st_mode & 077) != 0)
    throw Failure(ExitCode::no_permission, "open", path_, "others can read it, and who has it has every session in it",
                  "name a new file, or chmod 0600 this one");
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail("lock");
    throw Failure(ExitCode::busy, "lock", path_, "another import is at work with it", "try again when that is over");
  }
  read();
}

void PhpMap::fail(const char* operation) const {
  const int error = errno;
  const ExitCode code = error == ENOENT || error == ENOTDIR ? ExitCode::absent : exit_code_of(error);
  throw Failure(code, operation, path_, std::strerror(error), "check the file that --map names");
}

void PhpMap::read() {
  off_t whole = 0;
  bool is_torn = false;
  {
    constexpr std::size_t longest = 4096;  // an ID of PHP's and one of ours have a few hundred bytes
    InputLines lines(path_, file_.get(), longest);
    while (const auto line = lines.next()) {
      is_torn = !lines.is_whole() && !lines.is_too_long();
      if (is_torn) break;
      whole += static_cast<off_t>(line->size()) + 1;
      if (*line == mark) {
        take_mark();
        continue;
      }
      const std::size_t space = line->find(' ');
      if (space == 0 || space == std::string::npos || line->find(' ', space + 1) != std::string::npos)
        throw Failure(ExitCode::data, "read", path_,
                      "line " + std::to_string(lines.number()) + " is not one of such a map", "name a new file");
      ids_.insert_or_assign(line->substr(0, space), Entry{line->substr(space + 1)});
    }
  }
  if (is_torn && ::ftruncate(file_.get(), whole) != 0) fail("cut");
}

const PhpMap::Entry* PhpMap::find(const std::string& php_id) const {
  const auto found = ids_.find(php_id);
  return found == ids_.end() ? nullptr : &found->second;
}

void PhpMap::add(const std::string& php_id, const std::string& id) {
  append(php_id + ' ' + id + '\n');
  ids_.insert_or_assign(php_id, Entry{id});
}

void PhpMap::take_mark() {
  for (auto& [php_id, entry] : ids_) entry.is_made = true;
}

void PhpMap::mark_made(const std::vector<std::string>& failed) {
  const auto is_made = [](const auto& named) { return named.second.is_made; };
  if (std::ranges::all_of(ids_, is_made)) return;
  std::string text = std::string(mark) + '\n';
  for (const std::string& php_id : failed) text += php_id + ' ' + ids_.at(php_id).id + '\n';
  append(text);
  take_mark();
  for (const std::string& php_id : failed) ids_.at(php_id).is_made = false;
}

void PhpMap::append(const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t got = ::write(file_.get(), text.data() + written, text.size() - written);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("write");
    written += static_cast<std::size_t>(got);
  }
}

void PhpMap::sync() const {
  if (::fsync(file_.get()) != 0 || ::fsync(directory_.get()) != 0) fail("sync");
}

}  // namespace sessctl
