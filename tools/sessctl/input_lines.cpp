#include "input_lines.hpp"

#include "failure.hpp"
#include "report.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sessctl {
namespace {

constexpr std::size_t piece = 256 * 1024;

/// What is left to read of a regular file; 0: that is not known.
std::uint64_t rest_of(int descriptor) noexcept {
  struct stat status {};
  const off_t at = ::lseek(descriptor, 0, SEEK_CUR);
  if (at < 0 || ::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= at) return 0;
  return static_cast<std::uint64_t>(status.st_size - at);
}

}  // namespace

InputLines::InputLines(std::string path, int descriptor, std::size_t longest)
    : path_(std::move(path)), longest_(longest), descriptor_(descriptor), size_(rest_of(descriptor)) {}

InputLines::InputLines(const std::string& path, std::size_t longest)
    : path_(path == "-" ? "standard input" : path), longest_(longest) {
  if (path != "-") own_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  descriptor_ = path == "-" ? STDIN_FILENO : own_.get();
  if (descriptor_ >= 0) {
    size_ = rest_of(descriptor_);
    return;
  }
  if (errno == ENOENT || errno == ENOTDIR)
    throw Failure(ExitCode::absent, "open", path, std::strerror(errno), "check the name of the file");
  const bool refused = errno == EACCES || errno == EPERM;
  throw Failure(exit_code_of(errno), "open", path, std::strerror(errno),
                refused ? "run sessctl as a user who may read it" : "check the file");
}

std::optional<std::string> InputLines::next() {
  if (std::exchange(is_too_long_, false)) skip_rest();
  std::size_t searched = 0;
  for (;;) {
    const std::size_t end = buffer_.find('\n', used_ + searched);
    if (end != std::string::npos && end - used_ <= longest_) {
      std::string line = buffer_.substr(used_, end - used_);
      used_ = end + 1;
      ++number_;
      return line;
    }
    if (buffer_.size() - used_ > longest_) {
      // At once: its end may never come.
      is_too_long_ = true;
      ++number_;
      return std::string();
    }
    buffer_.erase(0, used_);
    used_ = 0;
    searched = buffer_.size();
    if (!read_more()) {
      if (buffer_.empty()) return std::nullopt;
      is_whole_ = false;
      ++number_;
      return std::exchange(buffer_, {});
    }
  }
}

void InputLines::skip_rest() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', used_);
    if (end != std::string::npos) {
      used_ = end + 1;
      return;
    }
    buffer_.clear();
    used_ = 0;
    if (!read_more()) return;
  }
}

/// False at the end.
bool InputLines::read_more() {
  if (at_end_) return false;
  // A piece at a time, however long the line is by now: a pipe gives little at once.
  piece_.resize(piece);
  ssize_t got = -1;
  do {
    got = ::read(descriptor_, piece_.data(), piece_.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0)
    throw Failure(ExitCode::io, "read", path_, std::strerror(errno), "check the file; what came before was taken");
  buffer_.append(piece_, 0, static_cast<std::size_t>(got));
  read_ += static_cast<std::uint64_t>(got);
  at_end_ = got == 0;
  return !at_end_;
}

}  // namespace sessctl
