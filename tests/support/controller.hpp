// Threads that run one at a time, and stop before every call they make.
//
// There is one baton. Whoever has it runs; a thread that arrives at a call asks the Chooser who goes next, hands the
// baton over, and waits until it comes back. So no thread ever runs beside another, a switch costs one semaphore,
// and going on with the same actor costs none. The threads stay between runs.
//
// An actor that pauses cannot go on until another actor has changed something (Wake says what counts): it would find
// the lock busy again and again, and there would be no end of orders. If nobody can go on because all pause, time
// advances to where the first of them wakes; if that goes on with nothing changed, by more each time, so that every
// deadline passes.
//
// An actor may be killed before its n-th call. ActorKilled unwinds it; from then on its calls do nothing. Where
// throwing would end the program it is not thrown: during another exception, and from close, unlock, unlink and
// truncate, which destructors make; these answer an error and do nothing, and the next other call throws. (If there is
// none the actor returns as if nothing had happened: what it then reports is not to be believed, see
// ScheduledSystem::alive.) Afterwards its descriptors are closed in ascending order, each as a call of its own,
// because others may come between.
//
// An actor must not wait for another one by any other means than these calls. If the threads make no progress for
// two minutes the program ends, with the calls so far on stderr.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "support/schedule.hpp"
#include "support/system_call.hpp"
#include "sys/system.hpp"

namespace sess::test {

/// What unwinds a killed actor. Not a std::exception, so that no handler takes it for a failed call.
struct ActorKilled {};

struct Kill {
  std::size_t actor = 0;
  std::uint64_t before_call = 1;
};

/// Which calls of others end a pause.
enum class Wake : std::uint8_t {
  any_change,      // every call that changes something: also a write
  names_or_locks,  // a released lock, a name that is made, changed or gone: enough for who waits for a lock
};

struct ActorBody {
  std::string name;
  std::function<void()> run;
};

struct RunSettings {
  std::uint64_t most_calls = 10'000;  // of all actors; beyond, the run has failed
  std::optional<Kill> kill;
};

struct RunResult {
  bool abandoned = false;            // by the chooser: nothing to check
  bool killed = false;               // the actor to be killed was
  std::optional<std::string> error;  // an actor threw, or the run did not end
  std::vector<std::size_t> choices;
  std::vector<std::string> calls() const;  // "login: open(a) = 3"

  struct Made {
    std::size_t actor;
    PendingCall call;
    std::int64_t result;
  };
  std::vector<Made> made;
  std::vector<std::string> names;
};

class Controller {
 public:
  struct Actor;

  Controller();
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  /// Runs the actors once, in the order that the chooser picks. `system` is what lies below the scheduled one;
  /// `at_exit` is called in the thread of a killed actor. Rethrows what the chooser throws.
  RunResult run(const std::vector<ActorBody>& bodies, sys::System& system, Chooser& chooser,
                const RunSettings& settings, const std::function<void(Actor&)>& at_exit);

  // ---- for ScheduledSystem, in the thread of an actor ----------------------------------------------------
  /// The calling thread's actor, or null if the thread is none of this controller's.
  Actor* current();
  static std::size_t index(const Actor& actor);
  static std::uint64_t& random_state(Actor& actor);
  bool alive(const Actor& actor) const;
  /// Stops before a call. True: make it. False: the actor is dead, answer an error. Throws ActorKilled.
  bool arrive(Actor& actor, PendingCall call);
  /// Stops before a close that the kernel makes for a killed actor. False if the run is abandoned: do it at once.
  bool arrive_at_exit(Actor& actor, PendingCall call);
  /// Tells what came of the call.
  void executed(Actor& actor, std::int64_t result, bool changed);
  void pause(Actor& actor, std::chrono::nanoseconds duration);

 private:
  void thread_main(Actor& actor);
  void run_body(Actor& actor);
  bool dead(Actor& actor, Call call);
  void hand_over(Actor& actor);
  void give(Actor* next);
  Actor* pick();
  Actor* pick_ready();
  std::optional<std::size_t> ask(const std::vector<Candidate>& candidates, bool may_continue);
  bool let_time_pass();
  void abandon();
  void wait_for_end();

  std::vector<std::unique_ptr<Actor>> actors_;  // one for each thread; the first active_ of them take part
  std::size_t active_ = 0;
  bool stopping_ = false;

  // Of the present run; touched by whoever has the baton.
  sys::System* system_ = nullptr;
  FootprintSource* footprints_ = nullptr;
  Chooser* chooser_ = nullptr;
  RunSettings settings_;
  const std::function<void(Actor&)>* at_exit_ = nullptr;
  RunResult result_;
  std::exception_ptr chooser_error_;
  bool abandoned_ = false;
  std::optional<std::size_t> last_;
  unsigned idle_ = 0;

  std::mutex end_mutex_;
  std::condition_variable end_;
  bool ended_ = false;
};

}  // namespace sess::test
