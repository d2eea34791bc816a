#include "machine.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/filesystem.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <fstream>
#include <iostream>
#include <new>
#include <stdexcept>

#include "actor.hpp"
#include "baton.hpp"
#include "format/gc_state.hpp"
#include "format/names.hpp"
#include "judgement.hpp"
#include "store/core.hpp"

namespace sess::test {

namespace {

constexpr std::int64_t first_of_january_2027 = 1'798'761'600'000;  // milliseconds
constexpr unsigned patience = 60;                                  // seconds, for an actor that does not come back

Board* make_board() {
  void* const memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("mmap");
  auto* const board = new (memory) Board;
  ::sem_init(&board->controller, 1, 0);
  board->ledger.attach(board->tally);
  return board;
}

}  // namespace

Machine::Machine(const std::string& below, Flaw flaw)
    : board_(make_board()), flaw_(flaw), directory_(below), path_(directory_ / "store") {
  make_store();
}

Machine::~Machine() {
  for (unsigned i = 0; i < most_actors; ++i) end_actor(i);
  ::munmap(board_, sizeof *board_);
}

/// With secrets that are the same in each run: the names of sessions are derived from them.
void Machine::make_store() {
  boost::filesystem::remove_all(path_);
  board_->controller_random = dice_for(0, 0);
  board_->clock = {first_of_january_2027, 0};
  static_cast<void>(open_store(std::make_shared<StoppingSystem>(*board_, the_controller), path_, {.create = true}));
  const std::ofstream made_beforehand(path_ + "/" + format::waiters_file);
}

void Machine::prepare(std::uint64_t seed) {
  Board& board = *board_;
  board.plan = draw_plan(seed);
  board.clock = {first_of_january_2027, 0};
  board.change_times.clear(board.clock.wall);
  board.controller_random = dice_for(seed, 2);
  board.ledger.clear(board.plan);
  board.deeds.fill(Deed::none);
  for (unsigned i = 0; i < most_actors; ++i) {
    ActorSlot& slot = board.actors[i];
    slot.state = ActorState::absent;
    slot.random = dice_for(seed, 10 + i);
    slot.choice = dice_for(seed, 20 + i);
    if (i < board.plan.actors && pids_[i] == 0) fork_actor(i);
  }
  const std::string text = format::to_text(format::GcState{});
  std::ofstream(path_ + "/" + format::gc_file, std::ios::in | std::ios::out) << text;
}

void Machine::make_sessions(const Store& store) {
  Ledger& ledger = board_->ledger;
  for (unsigned place = 0; place < board_->plan.places; ++place) {
    Session session = store.create();
    const unsigned number = ledger.add_session(session.key());
    board_->places[place] = number;
    ledger.begin(the_controller, Deed::create, number, true, board_->clock);
    for (unsigned commits = 1 + board_->controller_random.below(3); commits > 0; --commits) {
      write_mark(session, ledger.begin_mark(the_controller), Writing::blind);
      ledger.judge(the_controller, session.commit().outcome(), board_->clock);
      ledger.acknowledge_mark(the_controller);
    }
    ledger.acknowledge_renewal(the_controller, true);
    ledger.acknowledge_creation(the_controller);
    ledger.end(the_controller, board_->clock);
  }
}

ScheduleResult Machine::run(std::uint64_t seed) {
  Board& board = *board_;
  prepare(seed);
  {
    StoreOptions options = options_of(board.plan, CommitMethod::automatic, board);
    const Store store = open_store(std::make_shared<StoppingSystem>(board, the_controller), path_, options);
    try {
      make_sessions(store);
      play();
      if (!board.ledger.failed()) judge_the_end(board, store, path_);
    } catch (const std::exception& error) {
      board.ledger.fault(std::string("the controller: ") + error.what());
    }
  }
  board.tally.add(Count::schedules);
  board.tally.add(Count::calls, board.log.size());
  ScheduleResult result{seed, board.ledger.fault()};
  if (board.ledger.failed()) {
    for (unsigned i = 0; i < most_actors; ++i) end_actor(i);
    make_store();
  }
  return result;
}

std::vector<std::string> Machine::trace() const {
  std::vector<SessionKey> keys;
  for (unsigned i = 0; i < board_->ledger.session_count(); ++i) keys.push_back(board_->ledger.session(i).key);
  return lines_of(board_->log, keys);
}

void Machine::play() {
  Board& board = *board_;
  Baton baton(board);
  baton.begin_schedule();
  for (unsigned i = 0; i < board.plan.actors; ++i) {
    ::sem_post(&board.actors[i].go);
    if (!Baton::wait(board.controller, patience)) throw std::runtime_error("an actor does not open the store");
  }
  for (;;) {
    if (!baton.run(patience)) return board.ledger.fault("an actor does not come back from between two calls");
    switch (board.request) {
      case Request::none:
      case Request::over:
        return;
      case Request::failed:
        return board.ledger.fault("the schedule does not end");
      case Request::kill:
        kill_victim();
        break;
      case Request::damage:
        damage_something();
        break;
    }
  }
}

void Machine::kill_victim() {
  const unsigned victim = board_->victim;
  if (victim >= most_actors) return;  // nobody is left
  end_actor(victim);
  board_->actors[victim].state = ActorState::killed;
  board_->log.add(victim, Call::step, "killed");
  board_->tally.add(Count::kills);
  board_->ledger.kill(victim, board_->clock);
  Baton(*board_).changed(victim);
}

void Machine::damage_something() {
  const unsigned session = board_->places[board_->schedule.below(board_->plan.places)];
  if (!damage(*board_, session, path_)) {
    // Where the protocol cannot help it is tried again a little later.
    Happening& happening = board_->plan.happenings[board_->happening];
    happening.by = Happening::By::calls;
    happening.at = board_->steps + 3;
    board_->happened[board_->happening] = false;
    return;
  }
  board_->log.add(the_controller, Call::step, "damaged " + std::string(1, static_cast<char>('A' + session)));
  board_->tally.add(Count::damages);
}

void Machine::fork_actor(unsigned number) {
  ::sem_init(&board_->actors[number].go, 1, 0);
  std::cout.flush();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) be_actor(number);
  pids_[number] = pid;
}

void Machine::end_actor(unsigned number) {
  if (pids_[number] == 0) return;
  ::kill(pids_[number], SIGKILL);
  ::waitpid(pids_[number], nullptr, 0);
  pids_[number] = 0;
}

void Machine::be_actor(unsigned number) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Baton baton(*board_);
  ActorSlot& slot = board_->actors[number];
  for (;;) {
    Baton::wait(slot.go);
    try {
      Actor actor(*board_, number, path_, flaw_);
      slot.state = ActorState::ready;
      ::sem_post(&board_->controller);
      Baton::wait(slot.go);
      actor.run();
    } catch (const std::exception& error) {
      board_->ledger.fault(std::to_string(number) + " cannot open the store: " + error.what());
      std::cerr << error.what() << std::endl;
      ::_exit(1);
    }
    baton.finish(number);
  }
}

}  // namespace sess::test
