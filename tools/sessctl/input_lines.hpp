// A file, or standard input, line by line.
#pragma once

#include "descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sessctl {

/// Keeps one line in memory, and some of what follows it.
class InputLines {
 public:
  /// "-" is standard input. No line of more than `longest` bytes is taken into memory. Throws Failure (absent,
  /// no_permission, io).
  InputLines(const std::string& path, std::size_t longest);
  /// What has been opened already, from where it stands; it stays open.
  InputLines(std::string path, int descriptor, std::size_t longest);
  InputLines(const InputLines&) = delete;
  InputLines& operator=(const InputLines&) = delete;
  ~InputLines() = default;

  /// The next line without its end, empty if it is too long; nothing behind the last one. Waits for input. Throws
  /// Failure (io).
  std::optional<std::string> next();
  /// That line is longer than the longest that is taken, and is passed over: whether it has an end is not known yet.
  bool is_too_long() const noexcept { return is_too_long_; }
  /// Of the line that next() has answered last; from 1 on.
  std::uint64_t number() const noexcept { return number_; }
  /// How much of a file has been read, from 0 to 1; negative where its size is not known, as of a pipe.
  double share() const noexcept { return size_ > 0 ? static_cast<double>(read_) / static_cast<double>(size_) : -1; }
  /// That line had an end: the last one of a file that was cut off has none.
  bool is_whole() const noexcept { return is_whole_; }

 private:
  bool read_more();
  void skip_rest();  // of a line that is too long

  std::string path_;
  std::size_t longest_;
  Descriptor own_;
  int descriptor_ = -1;
  std::string piece_;  // what was read last
  std::string buffer_;
  std::size_t used_ = 0;    // of the buffer
  std::uint64_t size_ = 0;  // of a file, from where it stands
  std::uint64_t read_ = 0;  // bytes
  bool at_end_ = false;
  bool is_whole_ = true;
  bool is_too_long_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace sessctl
