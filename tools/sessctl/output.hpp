// Standard output, buffered. Unlike stdio it tells a reader that has gone (quiet) from a disk that is full (an error).
#pragma once

#include <string>
#include <string_view>

namespace sessctl {

class Output {
 public:
  explicit Output(int descriptor) noexcept : descriptor_(descriptor) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() = default;  // what was not flushed is dropped: main flushes and reports

  /// Throws OutputClosed or Failure, like flush, when the buffer is full and cannot be written.
  void print(std::string_view text);
  void print_line(std::string_view text);
  /// Throws OutputClosed if nobody reads any more, Failure (ExitCode::io) if writing fails.
  void flush();
  /// A person reads it: hostile control characters must not get there.
  bool is_terminal() const noexcept;

 private:
  int descriptor_;
  std::string buffer_;
};

}  // namespace sessctl
