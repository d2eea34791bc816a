// How the threads of a FastCGI program wait for requests, so that all of them stop waiting when the program is to end,
// and no request is taken that nobody will answer. Of libsess-fcgi alone.
//
// libfcgi does not accept: on a UNIX socket it gives a connection two seconds for its first bytes, or less if a signal
// comes, closes it, and tells nobody.
#pragma once

#include "sys/fastcgi_descriptor.hpp"
#include "sys/fastcgi_peers.hpp"
#include "sys/fastcgi_signals.hpp"

#include <atomic>
#include <mutex>
#include <span>
#include <string_view>

namespace sess::sys {

/// All members may be called by several threads at once.
class FastcgiListener {
 public:
  /// Makes the listening socket non-blocking, for every process that has it: between the poll that finds a connection
  /// and the accept another process may take that, and an accept that blocks would not know of the end. The end comes
  /// by FastcgiSignals, by stop(), and by `stop`, which may be null; if not, it outlives this, and is looked at ten
  /// times a second. `web_servers` as FastcgiPeers has it. Throws IoError, also for what is no listening socket.
  FastcgiListener(int socket, const std::atomic<bool>* stop, std::string_view web_servers);
  FastcgiListener(const FastcgiListener&) = delete;
  FastcgiListener& operator=(const FastcgiListener&) = delete;
  ~FastcgiListener() = default;

  /// Waits until bytes of a request have come, on this connection or, if it is none or the server has closed it, on a
  /// new one in its place. Answers them, in `buffer`, as far as it takes them; they can still be read. Empty, and no
  /// connection: the end has come. After the end no connection is accepted; but what has been sent on a kept one is
  /// answered, and one that has been accepted is given a second to bring something.
  /// The connection is blocking and closed by exec. Throws IoError if nothing can be accepted any more; waits for
  /// better times if it was for want of descriptors or memory.
  std::string_view next(FastcgiDescriptor& connection, std::span<char> buffer);
  /// The end: who waits is told so, and who comes to wait. Returns at once.
  void stop() noexcept;
  /// Whether the end has come, by what tells so at once.
  bool ended() const noexcept { return stopped_.load() || signals_.came(); }

 private:
  FastcgiDescriptor accept();
  bool wait(int descriptor);
  void pause(int milliseconds) const;

  int socket_;
  FastcgiPeers web_servers_;
  const std::atomic<bool>* stop_;
  FastcgiSignals signals_;
  FastcgiDescriptor stop_event_;  // an eventfd(2) that is readable from stop() on
  std::atomic<bool> stopped_{false};
  std::mutex first_;  // of the one thread that polls the socket, so that a connection wakes one thread of a process
};

}  // namespace sess::sys
