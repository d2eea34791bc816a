// sessctl as a person runs it: in a terminal of its own.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

namespace cli {

/// For a test case: not run, and said so, where there are no pseudo-terminals, as in a bare root folder without
/// /dev/pts.
doctest::skip needs_terminal();

struct TerminalStart {
  std::vector<std::string> arguments;
  winsize size = {24, 80, 0, 0};  // lines, columns
  /// Beside PATH and TERM=xterm, which it may replace; nothing else is inherited.
  std::vector<std::pair<std::string, std::string>> environment = {};
  int input = -1;  // a descriptor for standard input; else it is the terminal
};

class PseudoTerminal {
 public:
  explicit PseudoTerminal(const TerminalStart& start);
  ~PseudoTerminal();
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  void press(char key) const;
  void send(int signal) const;
  void resize(const winsize& size) const;
  /// Reads until this has been printed, from what was read last on.
  void await(std::string_view text);
  /// The same, without waiting.
  bool has_printed(std::string_view text);
  /// Whatever is printed until it ends; waitpid's status of the end, or with WUNTRACED of a stop.
  int wait(int options = 0);
  bool is_as_before() const;
  /// Everything that was read; lines end with CR LF.
  const std::string& text() const { return text_; }

 private:
  bool read_more(bool may_wait);

  int master_ = -1;
  int slave_ = -1;
  pid_t process_ = -1;
  termios before_{};
  std::string text_;
  std::size_t read_ = 0;
};

/// What it prints in a terminal until it ends, with LF at the ends of lines; fails the test unless it ends with this
/// exit code.
std::string shown(const TerminalStart& start, int code = 0);

/// Without what colours text or clears lines.
std::string without_sequences(const std::string& text);

}  // namespace cli
