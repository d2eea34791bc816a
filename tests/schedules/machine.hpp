// Runs schedules: forks the actors, gives them the baton, kills them, judges what is left.
//
// A schedule is a function of its seed: all processes run one at a time, by the baton, and what else could differ is
// virtual (stopping_system.hpp). The actors live from schedule to schedule; one that was killed is forked again. The
// store stays as well: sessions are new in each schedule, and it ends with a sweep that leaves no file.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "board.hpp"
#include "flawed_system.hpp"
#include "support/temporary_directory.hpp"

namespace sess::test {

struct ScheduleResult {
  std::uint64_t seed = 0;
  std::string fault;  // empty: all promises were kept
};

class Machine {
 public:
  /// Its store is below this directory. Quickest where all of its processes stay on one processor: only one of them
  /// runs at any time.
  explicit Machine(const std::string& below, Flaw flaw = Flaw::none);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  ScheduleResult run(std::uint64_t seed);
  /// Of the last schedule.
  std::vector<std::string> trace() const;
  const Tally& tally() const { return board_->tally; }

 private:
  void make_store();
  void prepare(std::uint64_t seed);
  void make_sessions(const Store& store);
  void play();
  void kill_victim();
  void damage_something();
  void fork_actor(unsigned number);
  void end_actor(unsigned number);
  [[noreturn]] void be_actor(unsigned number);

  Board* board_;
  Flaw flaw_;
  TemporaryDirectory directory_;
  std::string path_;
  std::array<pid_t, most_actors> pids_{};
};

}  // namespace sess::test
