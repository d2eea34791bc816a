// One process of the load: random operations on random sessions, each of them written to the ledger.
#pragma once

#include "breakage.hpp"
#include "ledger.hpp"
#include "population.hpp"

#include <sess/sess.hpp>

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace sess::test::power {

struct WorkerOptions {
  std::vector<Level> levels;  // of the sessions, in turn
  Breakage breakage = Breakage::none;
  std::uint64_t seed = 1;
  std::function<void()> reached;    // called by whoever brings the operations to the mark
  std::function<void()> neighbour;  // what other programs do on the same disk; called now and then
};

class Worker {
 public:
  Worker(Store store, Population& population, const Ledger& ledger, WorkerOptions options);

  /// Until it is told to stop. Throws IoError when the file system ends under it.
  void run();

 private:
  void operate();
  void create(std::size_t place);
  void change(std::size_t place, std::uint32_t number);
  void destroy(std::size_t place, std::uint32_t number);
  void commit(Session& session, std::uint32_t number, std::uint32_t version);
  Level level_of(std::uint32_t number) const { return options_.levels[number % options_.levels.size()]; }
  SessionKey key_of(std::uint32_t number) const { return SessionKey(population_.keys.at(number)); }

  Store store_;
  Population& population_;
  const Ledger& ledger_;
  WorkerOptions options_;
  std::mt19937_64 random_;
};

/// The file system has ended under an operation: nothing was promised.
struct Interrupted {};

}  // namespace sess::test::power
