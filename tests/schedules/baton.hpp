// Who goes next. Whoever has the baton draws it, by the strategy of the plan, from a stream that the seed began.
#pragma once

#include "board.hpp"

namespace sess::test {

class Baton {
 public:
  explicit Baton(Board& board) : board_(board) {}

  void begin_schedule();

  // ---- by an actor -----------------------------------------------------------------------------------------
  /// Stands before a call until it is this one's turn. The call is then in the log.
  void stop(unsigned actor, Call call, std::string_view path, std::string_view to_path = {}, int note = 0);
  /// Waits until others have changed a name or a lock, or time has passed: nobody else could go on, or this one is
  /// impatient.
  void pause(unsigned actor);
  /// Others may find something new: who waits looks again.
  void changed(unsigned actor);
  /// The end of this actor's part. Answers at once; the baton is somebody else's.
  void finish(unsigned actor);
  /// Gives the baton to the controller for good: something is wrong.
  void fail(unsigned actor);

  // ---- by the controller -----------------------------------------------------------------------------------
  /// Lets the actors go on until there is something to do for the controller. False if they do not come back.
  bool run(unsigned seconds);

  /// Waits at a semaphore of the board.
  static void wait(sem_t& semaphore);
  static bool wait(sem_t& semaphore, unsigned seconds);

 private:
  static constexpr unsigned to_the_controller = most_actors;

  unsigned next(unsigned running);
  bool happening_is_due();
  std::uint32_t count_of(const Happening& happening) const;
  void fall(unsigned running);
  unsigned draw_ready(unsigned running);
  bool somebody_sleeps() const;
  bool end_pauses();
  bool let_time_pass();
  unsigned draw_victim(unsigned running);
  void give(unsigned who);

  Board& board_;
};

}  // namespace sess::test
