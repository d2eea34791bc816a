#include "sys/directory_watch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <optional>
#include <utility>

namespace sess::sys {

namespace {

using Kind = DirectoryEvent::Kind;

constexpr std::uint32_t wanted = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB;

std::optional<Kind> kind_of(std::uint32_t mask) {
  constexpr auto kinds = std::to_array<std::pair<std::uint32_t, Kind>>({{IN_Q_OVERFLOW, Kind::lost},
                                                                        {IN_IGNORED, Kind::ended},
                                                                        {IN_CREATE, Kind::appeared},
                                                                        {IN_DELETE, Kind::vanished},
                                                                        {IN_MOVED_FROM, Kind::moved_away},
                                                                        {IN_MOVED_TO, Kind::moved_here},
                                                                        {IN_ATTRIB, Kind::changed}});
  for (const auto& [bit, kind] : kinds)
    if ((mask & bit) != 0) return kind;
  return std::nullopt;
}

}  // namespace

DirectoryWatch::~DirectoryWatch() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int DirectoryWatch::open() {
  descriptor_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (descriptor_ < 0) return -errno;
  // Below 3 it would be what somebody prints to.
  if (descriptor_ > STDERR_FILENO) return 0;
  const int higher = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int error = errno;
  ::close(std::exchange(descriptor_, higher));
  return higher < 0 ? -error : 0;
}

int DirectoryWatch::add(const std::string& path) {
  const int number = ::inotify_add_watch(descriptor_, path.c_str(), wanted | IN_ONLYDIR | IN_DONT_FOLLOW);
  return number < 0 ? -errno : number;
}

int DirectoryWatch::wait(std::chrono::milliseconds timeout, const std::function<void(const DirectoryEvent&)>& visit) {
  pollfd polled{descriptor_, POLLIN, 0};
  const auto most = std::clamp<std::chrono::milliseconds::rep>(timeout.count(), 0, INT_MAX);
  if (::poll(&polled, 1, static_cast<int>(most)) < 0 && errno != EINTR) return -errno;
  // No more than there is now: whoever makes events as fast as they are read would hold up the caller for ever.
  int left = 0;
  if (::ioctl(descriptor_, FIONREAD, &left) != 0) return -errno;
  // Whole events only; one takes at most its own size and that of a name.
  alignas(inotify_event) std::array<char, std::size_t{256} * (sizeof(inotify_event) + NAME_MAX + 1)> buffer;
  while (left > 0) {
    const ssize_t size = ::read(descriptor_, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN ? 0 : -errno;
    left -= static_cast<int>(size);
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      const auto* const event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += sizeof *event + event->len;
      const auto kind = kind_of(event->mask);
      // Filled up with zero bytes.
      if (kind) visit({*kind, event->wd, event->len > 0 ? std::string_view(event->name) : std::string_view()});
    }
  }
  return 0;
}

}  // namespace sess::sys
