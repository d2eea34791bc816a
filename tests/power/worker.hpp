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

class Worker {
 public:
  /// `reached` is called by whoever brings the operations to the mark.
  Worker(Store store, Population& population, const Ledger& ledger, std::vector<Level> levels, Breakage breakage,
         std::uint64_t seed, std::function<void()> reached);

  /// Until it is told to stop. Throws IoError when the file system ends under it.
  void run();

 private:
  void operate();
  void create(std::size_t place);
  void change(std::size_t place, std::uint32_t number);
  void destroy(std::size_t place, std::uint32_t number);
  void commit(Session& session, std::uint32_t number, std::uint32_t version);
  Level level_of(std::uint32_t number) const { return levels_[number % levels_.size()]; }
  SessionKey key_of(std::uint32_t number) const { return SessionKey(population_.keys.at(number)); }

  Store store_;
  Population& population_;
  const Ledger& ledger_;
  std::vector<Level> levels_;
  Breakage breakage_;
  std::mt19937_64 random_;
  std::function<void()> reached_;
};

/// The file system has ended under an operation: nothing was promised.
struct Interrupted {};

}  // namespace sess::test::power
