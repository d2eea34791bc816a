// The figures of one run of the benchmark.
#pragma once

#include "bench/peer.hpp"
#include "bench/worker.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace sess::bench {

/// What is measured: the same for each system.
struct Case {
  std::string operation;  // as results.json names it
  std::string filesystem;
  std::size_t payload_bytes = 0;
  int sessions = 0;
  int processes = 1;
  friend bool operator==(const Case&, const Case&) = default;
};

/// One system's figures of a case.
struct Row {
  Case of;
  std::string system;
  double median_us = 0;       // of the rounds, each of which is the mean of its operations
  double p99_us = 0;          // of all operations of all rounds
  double ratio_to_floor = 0;  // the median of the rounds' ratios, each side by side with the floor's; 0: has no floor
  double ratio_low = 0;
  double ratio_high = 0;
  int rounds = 0;
};

class Results {
 public:
  /// A round: the time of one operation as its user sees it (with several processes, what all did together in the time
  /// that it took), and each operation.
  void add(const Case& of, const std::string& system, double microseconds, const std::vector<std::int64_t>& each);
  /// Of each case and system that has rounds, in the order in which they came first.
  std::vector<Row> rows(const std::string& floor) const;

 private:
  struct Series {
    Case of;
    std::string system;
    std::vector<double> rounds;
    std::vector<std::int64_t> each;
  };
  /// Its number; that of the next one, if there is none yet.
  std::size_t find(const Case& of, const std::string& system) const;
  std::vector<Series> series_;
};

/// results.json: an array of rows.
std::string json_of(const std::vector<Row>& rows);

}  // namespace sess::bench
