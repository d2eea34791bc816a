// What writes no version: snapshots, locks, touches, and release.
#include "subject.hpp"

namespace sess::test {

namespace {

constexpr std::chrono::hours long_since(20);  // a renewal is due

Answer snapshot(Machine& machine) {
  const auto found = machine.store->snapshot(machine.key());
  Answer answer{found.outcome()};
  if (found && found->get<std::int64_t>("n") != 2) answer.wrong = "the snapshot is of another version";
  return answer;
}

Answer lock(Machine& machine) {
  const auto locked = machine.store->lock(machine.key());
  Answer answer{locked.outcome()};
  if (locked && locked->get<std::int64_t>("n") != 2) answer.wrong = "the locked session is of another version";
  return answer;
}

Answer touch(Machine& machine) { return {machine.store->touch(machine.key()).outcome()}; }

void wait_long(Machine& machine) { machine.fake->advance(long_since); }

void hold_long(Machine& machine) {
  machine.session = machine.store->lock(machine.key()).value();
  machine.fake->advance(long_since);
}

}  // namespace

std::vector<Subject> reads_and_renewals() {
  return {
      {.name = "snapshot", .run = snapshot},
      {.name = "lock", .run = lock},
      {.name = "lock that renews", .run = lock, .ready = wait_long},
      {.name = "touch", .run = touch, .ready = wait_long},
      {.name = "touch that is not due", .run = touch},
      {.name = "touch of a locked session",
       .run = [](Machine& machine) { return Answer{machine.session->touch().outcome()}; },
       .ready = hold_long},
      {.name = "rollback and release",
       .run =
           [](Machine& machine) {
             Session session = std::move(*machine.session);
             machine.session.reset();
             session.set("n", 4);
             session.rollback();
             session.release();
             return Answer{};
           },
       .ready = hold_long},
  };
}

}  // namespace sess::test
