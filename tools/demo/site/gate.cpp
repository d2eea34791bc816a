#include "demo/site/gate.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace demo {

void Gate::stop(const sess::web::HttpRequest& request, std::string_view point) const {
  if (!enabled()) return;
  const std::optional<std::string> label = request.header("X-Gate");
  if (!label) return;

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const timeval patience{.tv_sec = 120, .tv_usec = 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string line = *label + "." + std::string(point) + "\n";
    char released = 0;
    if (::send(descriptor, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size())) {
      // A signal that tells the program to end does not end a request.
      while (::recv(descriptor, &released, 1, 0) < 0 && errno == EINTR) continue;
    }
  }
  ::close(descriptor);
}

}  // namespace demo
