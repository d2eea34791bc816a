#include "output.hpp"

#include "exit_codes.hpp"
#include "failure.hpp"
#include "progress.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace sessctl {
namespace {

bool has_control_sequences() noexcept {
  const char* const terminal = std::getenv("TERM");
  return terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
}

bool wants_no_colour() noexcept {
  const char* const no_color = std::getenv("NO_COLOR");
  return no_color != nullptr && *no_color != '\0';
}

}  // namespace

bool is_ascii_terminal(int descriptor) noexcept { return ::isatty(descriptor) == 1 && !locale_is_utf8(); }

TerminalSize terminal_size(int descriptor) noexcept {
  winsize size{};
  TerminalSize found;
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return found;
  // A serial line, or whoever made the terminal, may know only one of the two.
  if (size.ws_row != 0) found.lines = size.ws_row;
  if (size.ws_col != 0) found.columns = size.ws_col;
  return found;
}

Output::Output(int descriptor) noexcept
    : descriptor_(descriptor),
      is_terminal_(::isatty(descriptor) == 1),
      is_ascii_(is_ascii_terminal(descriptor)),
      is_screen_(is_terminal_ && has_control_sequences()),
      is_coloured_(is_screen_ && !wants_no_colour()) {}

void Output::print(std::string_view text) {
  constexpr std::size_t enough = 64 * 1024;
  if (is_ascii_)
    buffer_ += ascii_only(text);
  else
    buffer_ += text;
  if (buffer_.size() >= enough) flush();
}

void Output::print_line(std::string_view text) {
  print(text);
  print("\n");
}

void Output::print_line(const StyledLine& line) { print_line(to_text(line, is_coloured_)); }

void Output::print_cut(const StyledLine& line) {
  const auto terminal = size();
  if (!terminal) return print(to_text(line, is_coloured_));
  StyledLine shown = line;
  if (is_ascii_)
    for (Styled& piece : shown) piece.text = ascii_only(piece.text);
  print(to_text(cut_to(shown, terminal->columns), is_coloured_));
}

void Output::print_row(const StyledLine& line) {
  print_cut(line);
  print("\n");
}

void Output::flush() {
  // Taken out first: after a failure the rest is not tried again.
  const std::string pending = std::move(buffer_);
  buffer_.clear();
  std::string_view rest = pending;
  if (is_terminal_ && !rest.empty()) Progress::hide();
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      throw OutputClosed();
    } else if (errno == EAGAIN) {
      // Somebody who shares the pipe made it non-blocking.
      pollfd room{descriptor_, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      throw Failure(
          ExitCode::io, "write", "standard output", std::strerror(errno),
          "the output is incomplete, and what the command had changed before is done; send it somewhere with room");
    }
  }
}

void Output::check_reader() const {
  pollfd polled{descriptor_, 0, 0};  // of a pipe without readers, POLLERR (poll(2))
  if (::poll(&polled, 1, 0) == 1 && (polled.revents & POLLERR) != 0) throw OutputClosed();
}

std::optional<TerminalSize> Output::size() const noexcept {
  if (!is_terminal_) return std::nullopt;
  return terminal_size(descriptor_);
}

}  // namespace sessctl
