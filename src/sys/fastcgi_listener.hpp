// How the threads of a FastCGI program wait for requests, so that all of them stop waiting when the program is to end,
// and none takes a request that nobody will answer. Of libsess-fcgi alone.
#pragma once

#include <atomic>
#include <mutex>

namespace sess::sys {

/// All members may be called by several threads at once.
class FastcgiListener {
 public:
  /// Makes the listening socket non-blocking, for every process that has it: between the poll that finds a connection
  /// and the accept another process may take that, and an accept that blocks would not know of the end. Where the
  /// program has no handlers for SIGTERM and SIGUSR1, installs some for the life of the process, by which all listeners
  /// end. `stop` may be null; if not, it outlives this, and is looked at ten times a second. Throws IoError, also for
  /// what is no listening socket.
  FastcgiListener(int socket, const std::atomic<bool>* stop);
  FastcgiListener(const FastcgiListener&) = delete;
  FastcgiListener& operator=(const FastcgiListener&) = delete;
  ~FastcgiListener();

  /// Waits until there may be a connection to accept; false if the end has come.
  bool wait_for_connection();
  /// Waits until there is something to read from a connection that is kept, or its end; false if the end has come.
  bool wait_for_request(int connection) const;
  /// The end: who waits is told so, and who comes to wait. Returns at once.
  void stop() noexcept;

 private:
  int socket_;
  const std::atomic<bool>* stop_;
  int stopped_;       // an eventfd(2) that is readable from the end on
  std::mutex first_;  // of the one thread that polls the socket, so that a connection wakes one thread of a process
};

}  // namespace sess::sys
