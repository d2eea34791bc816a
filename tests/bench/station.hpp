// A system's store, filled, with the processes that work on it.
#pragma once

#include "bench/peer.hpp"
#include "bench/worker.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sess::bench {

class Station {
 public:
  /// Makes the store, and this many sessions in it.
  Station(System system, Place place, int sessions);

  const std::string& name() const noexcept { return system_.name; }
  bool has(Operation operation) const;
  /// What a round of all workers took: the tasks are given to them in turn, one each, and begin together.
  struct Round {
    double microseconds_each = 0;  // of one operation, all workers together: what took, by how many there were
    std::vector<std::int64_t> each;
  };
  Round run(const std::vector<Task>& tasks);
  /// The sum of the counts of these sessions.
  long long sum(int first, int count);

 private:
  void open_workers(std::size_t count);

  System system_;
  Place place_;
  std::shared_ptr<void> server_;
  // Behind the server, which is to end after them.
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace sess::bench
