// What happens to the names in directories, told by the kernel (inotify(7)).
#pragma once

#include "sys/system.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sess::sys {

struct DirectoryEvent {
  enum class Kind : std::uint8_t {
    appeared,    // made, or linked
    moved_here,  // renamed, from wherever; of two names that are exchanged both are
    moved_away,
    vanished,  // unlinked
    changed,   // its times, or permissions
    lost,      // more happened than the kernel keeps (fs.inotify.max_queued_events): some events are missing
    ended,     // the directory itself is gone
  };
  Kind kind;
  int directory = -1;          // as add() has answered; -1 with lost
  std::string_view name = {};  // valid during the call of the visitor
};

/// Not for several threads at once.
class DirectoryWatch {
 public:
  DirectoryWatch() = default;
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;
  ~DirectoryWatch();

  /// 0 or the negated errno: -EMFILE where this user has too many (fs.inotify.max_user_instances).
  int open();
  /// A number for the directory, or the negated errno: -ENOSPC where this user watches too many.
  int add(const std::string& path);
  /// Waits until something happens, at most so long, and visits what has by then. 0, or the negated errno. A signal
  /// ends the wait.
  int wait(std::chrono::milliseconds timeout, const std::function<void(const DirectoryEvent&)>& visit);

 private:
  int descriptor_ = -1;
};

}  // namespace sess::sys
