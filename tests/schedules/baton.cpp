#include "baton.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace sess::test {

namespace {

/// The calls that races are about: an actor is held before one of them.
bool is_of_races(Call call) {
  switch (call) {
    case Call::try_lock:
    case Call::status:
    case Call::status_at:
    case Call::read:
    case Call::write:
    case Call::truncate:
    case Call::set_times:
    case Call::rename:
    case Call::link:
    case Call::unlink:
    case Call::unlock:
      return true;
    default:
      return false;
  }
}

}  // namespace

void ChangeTimes::set(std::uint64_t inode, std::int64_t now) {
  for (unsigned i = 0; i < count_; ++i)
    if (entries_[i].inode == inode) {
      entries_[i].time = now;
      return;
    }
  if (count_ < entries_.size()) entries_[count_++] = {inode, now};
}

sys::FileTime ChangeTimes::of(std::uint64_t inode) const {
  const auto end = entries_.begin() + count_;
  const auto found = std::find_if(entries_.begin(), end, [&](const Entry& entry) { return entry.inode == inode; });
  const std::int64_t time = found == end ? begin_ : found->time;
  return {time / 1000, static_cast<std::uint32_t>(time % 1000 * 1'000'000)};
}

void Baton::begin_schedule() {
  const Plan& plan = board_.plan;
  board_.schedule = dice_for(plan.seed, 1);
  board_.steps = 0;
  board_.changes = 0;
  board_.race_calls = 0;
  board_.stops.fill(0);
  board_.idle = 0;
  board_.happened.fill(false);
  board_.request = Request::none;
  board_.last = to_the_controller;
  board_.log.clear();
  // Priorities above those to which an actor can fall, in an order of their own for each seed.
  std::array<std::uint32_t, most_actors> order{};
  for (unsigned i = 0; i < plan.actors; ++i) order[i] = 1000 + i;
  for (unsigned i = plan.actors; i > 1; --i) std::swap(order[i - 1], order[board_.schedule.below(i)]);
  for (unsigned i = 0; i < plan.actors; ++i) {
    board_.actors[i].priority = order[i];
    board_.actors[i].sleeps_until = 0;
  }
  board_.lowest_priority = 999;
}

void Baton::stop(unsigned actor, Call call, std::string_view path, std::string_view to_path, int note) {
  ActorSlot& slot = board_.actors[actor];
  slot.state = ActorState::ready;
  ++board_.stops[static_cast<std::size_t>(call)];
  if (is_of_races(call)) {
    ++board_.race_calls;
    if (board_.plan.strategy == Strategy::held) fall(actor);
    if (board_.plan.strategy == Strategy::slow && board_.plan.slow[actor])
      slot.sleeps_until = board_.steps + 1 + board_.schedule.below(2 * board_.plan.slowness);
  }
  const unsigned who = next(actor);
  if (who != actor) {
    give(who);
    wait(slot.go);
  }
  slot.state = ActorState::running;
  board_.last = actor;
  ++board_.steps;
  ++board_.clock.monotonic;
  if (board_.plan.strategy == Strategy::priorities) fall(actor);
  board_.log.add(actor, call, path, to_path, note);
}

void Baton::pause(unsigned actor) {
  ActorSlot& slot = board_.actors[actor];
  slot.state = ActorState::paused;
  const unsigned who = next(actor);
  if (who != actor) {
    give(who);
    wait(slot.go);
  }
  slot.state = ActorState::running;
}

void Baton::changed(unsigned actor) {
  board_.idle = 0;
  for (unsigned i = 0; i < board_.plan.actors; ++i)
    if (i != actor && board_.actors[i].state == ActorState::paused) board_.actors[i].state = ActorState::ready;
}

void Baton::finish(unsigned actor) {
  board_.actors[actor].state = ActorState::finished;
  give(next(actor));
}

void Baton::fail(unsigned actor) {
  board_.actors[actor].state = ActorState::finished;
  board_.request = Request::failed;
  give(to_the_controller);
}

bool Baton::run(unsigned seconds) {
  board_.request = Request::none;
  const unsigned who = next(to_the_controller);
  if (who == to_the_controller) return true;
  give(who);
  return wait(board_.controller, seconds);
}

void Baton::give(unsigned who) { ::sem_post(who == to_the_controller ? &board_.controller : &board_.actors[who].go); }

void Baton::wait(sem_t& semaphore) {
  while (::sem_wait(&semaphore) != 0 && errno == EINTR) {
  }
}

bool Baton::wait(sem_t& semaphore, unsigned seconds) {
  timespec until{};
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += seconds;
  int answer = 0;
  do {
    answer = ::sem_timedwait(&semaphore, &until);
  } while (answer != 0 && errno == EINTR);
  return answer == 0;
}

unsigned Baton::next(unsigned running) {
  for (;;) {
    if (board_.ledger.failed() || board_.log.full()) {
      board_.request = Request::failed;
      return to_the_controller;
    }
    if (happening_is_due()) {
      if (board_.request == Request::none) continue;  // it was the clock
      if (board_.request == Request::kill) board_.victim = draw_victim(running);
      return to_the_controller;
    }
    if (board_.plan.impatience > 0 && board_.schedule.one_in(board_.plan.impatience)) end_pauses();
    const unsigned who = draw_ready(running);
    if (who != to_the_controller) return who;
    if (somebody_sleeps()) {
      // Time passes for the others first.
      if (!end_pauses())
        for (ActorSlot& slot : board_.actors) slot.sleeps_until = 0;
      continue;
    }
    if (let_time_pass()) continue;
    board_.request = Request::over;
    return to_the_controller;
  }
}

std::uint32_t Baton::count_of(const Happening& happening) const {
  switch (happening.by) {
    case Happening::By::calls:
      return board_.steps;
    case Happening::By::changes:
      return board_.changes;
    case Happening::By::stops:
      break;
  }
  const std::uint32_t stops = board_.stops[static_cast<std::size_t>(happening.call)];
  return stops == 0 ? 0 : stops - 1;
}

bool Baton::happening_is_due() {
  const Plan& plan = board_.plan;
  for (unsigned i = 0; i < plan.happening_count; ++i) {
    const Happening& happening = plan.happenings[i];
    if (board_.happened[i] || count_of(happening) < happening.at) continue;
    board_.happened[i] = true;
    board_.happening = i;
    board_.aimed = happening.by == Happening::By::stops;
    switch (happening.kind) {
      case Happening::Kind::kill:
        board_.request = Request::kill;
        break;
      case Happening::Kind::damage:
        board_.request = Request::damage;
        break;
      case Happening::Kind::clock:
        board_.clock.wall += happening.amount;
        board_.clock.monotonic += happening.amount;
        board_.tally.add(Count::clock_steps);
        break;
    }
    return true;
  }
  return false;
}

/// The actor that has just arrived or run falls behind all others, if this is one of the calls that were drawn for it.
void Baton::fall(unsigned running) {
  const Plan& plan = board_.plan;
  const std::uint32_t count = plan.strategy == Strategy::held ? board_.race_calls : board_.steps;
  const auto end = plan.falls.begin() + plan.fall_count;
  if (std::find(plan.falls.begin(), end, count) != end) board_.actors[running].priority = board_.lowest_priority--;
}

unsigned Baton::draw_ready(unsigned running) {
  // Who waits for a lock tries again and again, so priorities may keep its holder from ever letting it go. After so
  // many calls everybody gets a turn, and the schedule comes to its end.
  const bool fair = board_.log.size() > CallLog::most_calls / 2;
  std::array<unsigned, most_actors> ready{};
  unsigned count = 0;
  for (unsigned i = 0; i < board_.plan.actors; ++i)
    if (board_.actors[i].state == ActorState::ready && (fair || board_.actors[i].sleeps_until <= board_.steps))
      ready[count++] = i;
  if (count == 0) return to_the_controller;
  const auto end = ready.begin() + count;
  switch (fair ? Strategy::uniform : board_.plan.strategy) {
    case Strategy::uniform:
      break;
    case Strategy::sticky:
    case Strategy::slow:
      if (std::find(ready.begin(), end, running) != end && !board_.schedule.one_in(8)) return running;
      break;
    case Strategy::priorities:
    case Strategy::held:
      return *std::max_element(ready.begin(), end, [this](unsigned a, unsigned b) {
        return board_.actors[a].priority < board_.actors[b].priority;
      });
  }
  return ready[board_.schedule.below(count)];
}

bool Baton::somebody_sleeps() const {
  return std::ranges::any_of(board_.actors, [this](const ActorSlot& slot) {
    return slot.state == ActorState::ready && slot.sleeps_until > board_.steps;
  });
}

/// Whoever pauses looks again. False if nobody does.
bool Baton::end_pauses() {
  bool somebody = false;
  for (unsigned i = 0; i < board_.plan.actors; ++i) {
    ActorSlot& slot = board_.actors[i];
    if (slot.state != ActorState::paused) continue;
    slot.state = ActorState::ready;
    somebody = true;
  }
  return somebody;
}

/// Everybody who is left waits. Time goes on by more each time, so that every deadline passes in the end.
bool Baton::let_time_pass() {
  if (!end_pauses()) return false;
  board_.clock.monotonic += std::int64_t{1} << std::min(board_.idle++, 16U);
  return true;
}

/// Half of the kills hit whoever has just made a call, before anything else happens.
unsigned Baton::draw_victim(unsigned running) {
  std::array<unsigned, most_actors> waiting{};
  unsigned count = 0;
  for (unsigned i = 0; i < board_.plan.actors; ++i)
    if (board_.actors[i].state == ActorState::ready || board_.actors[i].state == ActorState::paused)
      waiting[count++] = i;
  if (count == 0) return to_the_controller;
  const auto end = waiting.begin() + count;
  if (std::find(waiting.begin(), end, running) != end && (board_.aimed || board_.schedule.one_in(2))) return running;
  return waiting[board_.schedule.below(count)];
}

}  // namespace sess::test
