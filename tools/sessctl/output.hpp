// Standard output, buffered. Unlike stdio it tells a reader that has gone (quiet) from a disk that is full (an error).
#pragma once

#include "styled_text.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sessctl {

struct TerminalSize {
  std::size_t lines = 24;
  std::size_t columns = 80;
};

/// A terminal, in a locale that has no more characters than ASCII, as far as it says: what else there is must not get
/// there raw, because on a terminal of 8 bits it may be a control character.
bool is_ascii_terminal(int descriptor) noexcept;

/// Just now; 24 by 80 where it does not tell.
TerminalSize terminal_size(int descriptor) noexcept;

class Output {
 public:
  /// Coloured if it is a terminal, and the environment does not say otherwise: NO_COLOR (no-color.org), TERM=dumb.
  explicit Output(int descriptor) noexcept;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() = default;  // what was not flushed is dropped: main flushes and reports

  /// Throws OutputClosed or Failure, like flush, when the buffer is full and cannot be written.
  void print(std::string_view text);
  void print_line(std::string_view text);
  void print_line(const StyledLine& line);
  /// Without an end of line; on a terminal cut to its width.
  void print_cut(const StyledLine& line);
  /// A line of a table: the same, with an end, so that columns stay columns.
  void print_row(const StyledLine& line);
  /// Throws OutputClosed if nobody reads any more, Failure (ExitCode::io) if writing fails.
  void flush();
  /// A person reads it: hostile control characters must not get there, and what the locale has no characters for is
  /// escaped.
  bool is_terminal() const noexcept { return is_terminal_; }
  /// Of the terminal; nothing if it is none.
  std::optional<TerminalSize> size() const noexcept;
  /// A terminal that pictures can be drawn on.
  bool is_screen() const noexcept { return is_screen_; }
  /// Throws OutputClosed if nobody will read any more: for who waits without writing.
  void check_reader() const;
  void set_coloured(bool coloured) noexcept { is_coloured_ = coloured; }

 private:
  int descriptor_;
  bool is_terminal_;
  bool is_ascii_;
  bool is_screen_;
  bool is_coloured_;
  std::string buffer_;
};

}  // namespace sessctl
