// A terminal that is drawn on, and left as it was: by whatever way the command ends that a program can do something
// about.
#pragma once

#include "output.hpp"

#include <string>
#include <vector>

#include <termios.h>

namespace sessctl {

/// Takes SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP and SIGWINCH for itself until it dies: they end waits, and are told
/// here. What is ignored (nohup) stays ignored. One at a time in a process.
class SignalWishes {
 public:
  SignalWishes();
  ~SignalWishes();
  SignalWishes(const SignalWishes&) = delete;
  SignalWishes& operator=(const SignalWishes&) = delete;
  /// That this process is to be stopped (SIGTSTP), once: after a look it has not been asked for any more.
  static bool take_pause() noexcept;
  /// That the terminal's size has changed (SIGWINCH), likewise.
  static bool take_resize() noexcept;
  /// The signal that has ended it; 0: none.
  static int ended_by() noexcept;
};

/// The terminal's second screen (xterm's, which its descendants and the Linux console's multiplexers have), without
/// cursor, and keys that come at once and are not shown. Standard output must be a terminal.
class Screen {
 public:
  explicit Screen(Output& out);
  /// Brings back what was there before.
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// These lines, without controls, each cut to the terminal's width, from its top. Throws as Output::flush.
  void draw(const std::vector<StyledLine>& lines);
  /// Leaves the screen, stops this process as Ctrl-Z does, and comes back when it goes on.
  void pause();
  /// A key that was pressed; 0: none was, or standard input is not the terminal. Does not wait.
  char key() const noexcept;

 private:
  void enter();
  void leave() noexcept;

  Output& out_;
  bool has_keys_ = false;  // standard input is the terminal
  termios before_{};
};

}  // namespace sessctl
