#include "output.hpp"

#include "exit_codes.hpp"
#include "failure.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace sessctl {

void Output::print(std::string_view text) {
  constexpr std::size_t enough = 64 * 1024;
  buffer_ += text;
  if (buffer_.size() >= enough) flush();
}

void Output::print_line(std::string_view text) {
  print(text);
  print("\n");
}

void Output::flush() {
  // Taken out first: after a failure the rest is not tried again.
  const std::string pending = std::move(buffer_);
  buffer_.clear();
  std::string_view rest = pending;
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
      throw Failure(ExitCode::io, "write", "standard output", std::strerror(errno),
                    "the output is incomplete; send it somewhere with room and run the command again");
    }
  }
}

bool Output::is_terminal() const noexcept { return ::isatty(descriptor_) == 1; }

}  // namespace sessctl
