// What all processes of a machine share: one anonymous mapping, made before they are forked.
//
// There is one baton: whoever has it runs, everybody else waits at a semaphore of his own. So what is here needs no
// lock, and a process that is killed is always one that waits.
#pragma once

#include <semaphore.h>

#include <array>
#include <cstdint>

#include "call_log.hpp"
#include "ledger.hpp"
#include "plan.hpp"
#include "sys/system.hpp"
#include "tally.hpp"

namespace sess::test {

enum class ActorState : std::uint8_t {
  absent,    // takes no part in this schedule
  ready,     // stands before a call
  paused,    // and nothing has changed since it found that it had to wait
  running,   // has the baton
  finished,  // has made all of its operations
  killed,
};

/// What the controller has the baton for.
enum class Request : std::uint8_t { none, over, kill, damage, failed };

/// The kernel's change times are the wall clock's, which here is a virtual one: these are what it would have said.
class ChangeTimes {
 public:
  void clear(std::int64_t now) { count_ = 0, begin_ = now; }
  void set(std::uint64_t inode, std::int64_t now);
  sys::FileTime of(std::uint64_t inode) const;

 private:
  struct Entry {
    std::uint64_t inode;
    std::int64_t time;  // milliseconds
  };
  std::int64_t begin_ = 0;
  std::array<Entry, 512> entries_;
  unsigned count_ = 0;
};

struct ActorSlot {
  sem_t go;
  ActorState state = ActorState::absent;
  std::uint32_t priority = 0;
  std::uint32_t sleeps_until = 0;  // a slow one: the number of the call before which it does not go on
  Dice random;                     // what the library draws
  Dice choice;                     // what the actor draws
};

struct Board {
  Plan plan;
  Clock clock;  // the boot clock goes with the wall clock
  ChangeTimes change_times;

  sem_t controller;
  std::array<ActorSlot, most_actors> actors;
  unsigned last = 0;                              // who has made the last call
  Dice schedule;                                  // who goes next, who is killed
  std::uint32_t steps = 0;                        // calls
  std::uint32_t changes = 0;                      // of them, those that have changed a file or a name
  std::uint32_t race_calls = 0;                   // those that somebody has stood before and that races are about
  std::array<std::uint32_t, call_count> stops{};  // by the kind of the call that comes next
  std::uint32_t lowest_priority = 0;
  std::array<bool, 8> happened{};
  Request request = Request::none;
  unsigned happening = 0;  // its number in the plan
  unsigned victim = 0;
  bool aimed = false;      // it is to be whoever has arrived
  Dice controller_random;  // what the library draws in the controller
  unsigned idle = 0;       // how often time has passed with nothing changed

  std::array<unsigned, most_places> places{};  // the number of the session that each is
  std::array<Deed, most_actors> deeds{};       // what each is doing now
  Ledger ledger;
  Tally tally;
  CallLog log;
};

}  // namespace sess::test
