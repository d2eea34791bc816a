#include "terminal.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>

#include <poll.h>
#include <unistd.h>

namespace sessctl {
namespace {

// xterm's control sequences (ctlseqs, "DEC Private Mode Set"): 1049 is the second screen, 25 the cursor; J clears from
// the cursor on, K to the end of the line, H goes home.
constexpr std::string_view enter_sequence = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view leave_sequence = "\x1b[?25h\x1b[?1049l";

constexpr std::array signals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};

std::atomic<int> ending_signal = 0;
std::atomic<bool> pause_wished = false;
std::atomic<bool> is_resized = false;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);
std::array<struct sigaction, signals.size()> before;

void note_signal(int number) {
  if (number == SIGTSTP)
    pause_wished = true;
  else if (number == SIGWINCH)
    is_resized = true;
  else
    ending_signal = number;
}

/// By itself, because the buffer may hold half a picture.
void write_all(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t size = ::write(STDOUT_FILENO, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;  // there is no terminal any more
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

}  // namespace

SignalWishes::SignalWishes() {
  struct sigaction action {};
  action.sa_handler = note_signal;  // without SA_RESTART, so that waits end
  for (std::size_t i = 0; i < signals.size(); ++i) {
    ::sigaction(signals.at(i), nullptr, &before.at(i));
    if (before.at(i).sa_handler != SIG_IGN) ::sigaction(signals.at(i), &action, nullptr);
  }
}

SignalWishes::~SignalWishes() {
  for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals.at(i), &before.at(i), nullptr);
}

bool SignalWishes::take_pause() noexcept { return pause_wished.exchange(false); }

bool SignalWishes::take_resize() noexcept { return is_resized.exchange(false); }

int SignalWishes::ended_by() noexcept { return ending_signal; }

Screen::Screen(Output& out) : out_(out) {
  has_keys_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
  enter();
}

Screen::~Screen() { leave(); }

void Screen::enter() {
  if (has_keys_) {
    termios now = before_;
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // signals by keys stay
    now.c_cc[VMIN] = 0;
    now.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  write_all(enter_sequence);
}

void Screen::leave() noexcept {
  write_all(leave_sequence);
  if (has_keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

void Screen::draw(const std::vector<StyledLine>& lines) {
  const TerminalSize size = out_.size().value_or(TerminalSize());
  // What is there is overwritten, and only then cleared: a screen that is cleared first flickers.
  out_.print("\x1b[H");
  for (std::size_t i = 0; i < std::min(lines.size(), size.lines); ++i) {
    if (i > 0) out_.print("\r\n");
    out_.print_cut(lines[i]);
    out_.print("\x1b[K");
  }
  out_.print("\x1b[J");
  out_.flush();
}

void Screen::pause() {
  leave();
  ::raise(SIGSTOP);
  enter();
}

char Screen::key() const noexcept {
  if (!has_keys_) return 0;
  pollfd polled{STDIN_FILENO, POLLIN, 0};
  char pressed = 0;
  if (::poll(&polled, 1, 0) != 1 || (polled.revents & POLLIN) == 0) return 0;
  return ::read(STDIN_FILENO, &pressed, 1) == 1 ? pressed : '\0';
}

}  // namespace sessctl
