#include "php_files.hpp"

#include "descriptor.hpp"
#include "failure.hpp"
#include "report.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace sessctl {
namespace {

constexpr std::string_view prefix = "sess_";
constexpr std::size_t longest_id = 256;                // what PHP 7.1 and later accept
constexpr std::size_t largest = std::size_t{1} << 30;  // bytes, as of a record

/// What PHP takes for a session's ID (session.sid_bits_per_character), and nothing that is a path.
bool is_php_id(std::string_view text) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-,";
  return !text.empty() && text.size() <= longest_id && text.find_first_not_of(letters) == std::string_view::npos;
}

/// A path as a message may print it.
std::string printable(const std::string& path) {
  const std::size_t name = path.rfind('/') + 1;  // npos + 1 is 0
  const std::string_view last = std::string_view(path).substr(name);
  if (!last.starts_with(prefix)) return path;
  return path.substr(0, name) + php_label(std::string(last.substr(prefix.size())));
}

[[noreturn]] void fail(std::string_view operation, const std::string& path) {
  const int error = errno;
  const bool is_absent = error == ENOENT || error == ENOTDIR;
  throw Failure(is_absent ? ExitCode::absent : exit_code_of(error), operation, printable(path), std::strerror(error),
                is_absent ? "check the name" : "run sessctl as a user who may read it");
}

/// Later than any time of a session may be, and no more than the clock can say.
constexpr std::int64_t latest = 9'000'000'000;  // seconds: in 2255

struct Unread {
  std::string why;
  ExitCode code = ExitCode::io;
  std::string_view advice = "check the file";
  bool is_absent = false;
};

bool read_file(int directory, const std::string& name, PhpFile& file, Unread& unread) {
  const auto failed = [&](const char* operation) {
    unread.why = std::string(operation) + ": " + std::strerror(errno);
    unread.code = exit_code_of(errno);
    if (errno == EACCES || errno == EPERM) unread.advice = "let the store's owner, whom root becomes first, read it";
    return false;
  };
  const Descriptor opened(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK));
  unread.is_absent = !opened && errno == ENOENT;
  if (!opened) return failed("open");
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) return failed("stat");
  if (!S_ISREG(status.st_mode)) {
    unread.why = "it is no regular file";
    return false;
  }
  // PHP writes in place, under this lock.
  if (::flock(opened.get(), LOCK_SH | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock");
    unread = {"a request has it locked", ExitCode::busy, "stop PHP, then import again"};
    return false;
  }
  if (::fstat(opened.get(), &status) != 0) return failed("stat");
  if (static_cast<std::size_t>(status.st_size) > largest) {
    unread.why = "it is larger than 1 GiB";
    return false;
  }
  file.content.resize(static_cast<std::size_t>(status.st_size));
  std::size_t size = 0;
  while (size < file.content.size()) {
    const ssize_t got = ::read(opened.get(), file.content.data() + size, file.content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  file.content.resize(size);
  using std::chrono::milliseconds;
  const std::chrono::seconds seconds(std::clamp<std::int64_t>(status.st_mtim.tv_sec, 0, latest));
  file.modified = std::chrono::system_clock::time_point(seconds + milliseconds(status.st_mtim.tv_nsec / 1'000'000));
  return true;
}

}  // namespace

std::string php_label(const std::string& id) {
  constexpr std::size_t most = 6;
  return "sess_" + id.substr(0, std::min(most, id.size() / 4)) + "...";
}

struct PhpFiles::Source {
  std::string path;  // of the directory
  Descriptor directory;
  std::string name = {};  // of one file in it; empty: all
};

PhpFiles::PhpFiles(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    auto source =
        std::make_unique<Source>(Source{path, Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))});
    if (!source->directory && errno == ENOTDIR) {
      const std::size_t slash = path.rfind('/');
      source->name = slash == std::string::npos ? path : path.substr(slash + 1);
      source->path = slash == std::string::npos ? "." : path.substr(0, slash + 1);
      if (!source->name.starts_with(prefix) || !is_php_id(source->name.substr(prefix.size())))
        throw Failure(ExitCode::usage, "import", printable(path), "the name is not that of a session file of PHP",
                      "give files named sess_..., or their directory");
      source->directory = Descriptor(::open(source->path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    if (!source->directory) fail("open", path);
    sources_.push_back(std::move(source));
  }
}

PhpFiles::~PhpFiles() = default;

void PhpFiles::visit(const std::function<void(const PhpFile&)>& visit,
                     const std::function<void(const PhpRefusal&)>& refuse) const {
  const auto take = [&](const Source& source, const std::string& name) {
    PhpFile file{.id = name.substr(prefix.size()), .content = {}, .modified = {}};
    Unread unread;
    if (read_file(source.directory.get(), name, file, unread)) {
      visit(file);
    } else if (source.name.empty() && unread.is_absent) {
      // It has ended since it was listed.
    } else {
      refuse({php_label(file.id), unread.why, unread.code, unread.advice});
    }
  };
  for (const auto& source : sources_) {
    if (!source->name.empty()) {
      take(*source, source->name);
      continue;
    }
    // fdopendir takes the descriptor for its own.
    const int again = ::fcntl(source->directory.get(), F_DUPFD_CLOEXEC, 3);
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(again >= 0 ? ::fdopendir(again) : nullptr, ::closedir);
    if (!listing) fail("list", source->path);
    ::rewinddir(listing.get());
    for (;;) {
      errno = 0;
      const dirent* const entry = ::readdir(listing.get());
      if (entry == nullptr && errno != 0) fail("list", source->path);
      if (entry == nullptr) break;
      const std::string name = entry->d_name;
      if (name.starts_with(prefix) && is_php_id(std::string_view(name).substr(prefix.size()))) take(*source, name);
    }
  }
}

}  // namespace sessctl
