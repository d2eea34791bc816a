// What the benchmark compares: a session store at work in one process. Sessions are called by number.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sess::bench {

/// What one request does with its session.
enum class Operation : unsigned char {
  create,     // a new session with all its values
  read,       // reads all values, with nothing held in memory from before
  reread,     // reads all values of a session that this process has read before
  touch,      // keeps it alive: a write of its times, and of nothing else
  unchanged,  // a request that changes nothing, as the system's users write it, moments after the last one
  update,     // reads, counts one value up, writes
  merge,      // the same, of changes that were made on what was read before, if nobody else changed that
  durable,    // an update that is on disk when it returns
  destroy,    // ends it for good
  mix,        // 80% unchanged requests that only read, 15% that read and keep alive, 5% that change
};

inline constexpr std::string_view operation_names[] = {"create", "read",  "reread",  "touch",   "unchanged",
                                                       "update", "merge", "durable", "destroy", "mix"};

/// Where a peer keeps its sessions, and what is in them.
struct Place {
  std::string directory;           // of its own, and empty before the first session
  std::size_t payload_size = 512;  // of the values of one session, in bytes, about
};

/// What a figure rests on.
inline void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

/// One process's view of a store. Only the operations that it has are called.
class Peer {
 public:
  Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  virtual ~Peer() = default;

  /// Throws for everything that goes wrong: a figure of something that did not happen is worse than none.
  virtual void run(Operation operation, int session) = 0;
  /// Before a round of `operation` over these sessions, not timed.
  virtual void prepare(Operation operation, int first, int count) {
    static_cast<void>(operation), static_cast<void>(first), static_cast<void>(count);
  }
  /// The sum of the counts of these sessions: each update counted one up. Negative: it counts nothing.
  virtual long long sum(int first, int count) = 0;
};

/// A kind of peer, as the benchmark names it.
struct System {
  std::string name;
  std::vector<Operation> operations;
  std::function<std::unique_ptr<Peer>(const Place&)> open;
  /// Of a peer in another language: the program to run instead, and its arguments (worker.hpp has what it speaks).
  std::function<std::vector<std::string>(const Place&)> command = nullptr;
  /// What opens the store while it is filled, where `open` would sync each session.
  std::function<std::unique_ptr<Peer>(const Place&)> open_to_fill = nullptr;
  /// Starts the server that its peers need; ends it with what it answers.
  std::function<std::shared_ptr<void>(const Place&)> serve = nullptr;
};

}  // namespace sess::bench
