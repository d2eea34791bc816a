#include "plan.hpp"

#include <algorithm>

namespace sess::test {

namespace {

// About what an operation makes. Points that are drawn beyond the end of a schedule do nothing.
constexpr std::uint32_t calls_of_an_operation = 18;
constexpr std::uint32_t changes_of_an_operation = 5;

// Before these a process leaves the most behind.
constexpr std::array<Call, 7> dangerous_calls = {Call::rename, Call::rename, Call::set_times, Call::unlink,
                                                 Call::unlock, Call::link,   Call::truncate};

constexpr std::int64_t minute = 60'000;  // milliseconds

unsigned draw_actors(Dice& dice) {
  const unsigned drawn = dice.below(10);
  if (drawn < 4) return 2;
  if (drawn < 7) return 3;
  return drawn < 9 ? 4 : 5;
}

Theme draw_theme(Dice& dice) {
  using enum Theme;
  constexpr std::array<Theme, 12> drawn = {everything, everything, everything, increments, increments, deadline,
                                           deadline,   endings,    readers,    readers,    recovery,   recovery};
  return drawn[dice.below(drawn.size())];
}

std::int64_t draw_lock_timeout(Dice& dice) {
  // A call takes a millisecond of the virtual clock: the shortest of these pass while others commit.
  constexpr std::array<std::int64_t, 6> timeouts = {30'000, 30'000, 30'000, 200, 25, 0};
  return timeouts[dice.below(timeouts.size())];
}

std::int64_t draw_clock_step(Dice& dice, std::int64_t idle_timeout) {
  switch (dice.below(6)) {
    case 0:
    case 1:
      return idle_timeout / 2;
    case 2:
      return idle_timeout - 1;
    case 3:
      return idle_timeout;  // the deadline of what was renewed before, to the millisecond
    case 4:
      return idle_timeout + 1;
    default:
      return 11 * minute;  // a temp file is a leftover now
  }
}

void draw_strategy(Plan& plan, Dice& dice) {
  using enum Strategy;
  constexpr std::array<Strategy, 6> drawn = {uniform, sticky, priorities, held, slow, slow};
  plan.strategy = drawn[dice.below(drawn.size())];
  // At least one, at most all but one.
  const unsigned slow_ones = 1 + dice.below(plan.actors - 1);
  for (unsigned i = 0; i < slow_ones; ++i) plan.slow[i] = true;
  constexpr std::array<unsigned, 4> slowness = {2, 8, 20, 50};
  plan.slowness = slowness[dice.below(slowness.size())];
  if (plan.theme == Theme::readers && dice.one_in(2)) {
    plan.strategy = slow;
    plan.slow = {true};  // the reader
  }
  constexpr std::array<unsigned, 4> impatience = {0, 0, 2, 8};
  plan.impatience = impatience[dice.below(impatience.size())];
}

}  // namespace

Plan draw_plan(std::uint64_t seed) {
  Plan plan;
  plan.seed = seed;
  Dice dice = dice_for(seed, 0);
  plan.theme = draw_theme(dice);
  plan.actors = std::max(draw_actors(dice), plan.theme == Theme::readers ? 3U : 2U);
  plan.places = plan.theme == Theme::everything && dice.one_in(2) ? 2 : 1;
  plan.idle_timeout = dice.one_in(3) ? 30 * minute : 1000;
  plan.lock_timeout = draw_lock_timeout(dice);
  plan.waiter_limit = dice.one_in(8) ? 1 : 0;
  std::uint32_t operations = 0;
  const bool mixed_methods = dice.one_in(3);
  for (unsigned actor = 0; actor < plan.actors; ++actor) {
    plan.operations[actor] = 1 + dice.below(3);
    operations += plan.operations[actor];
    if (mixed_methods && dice.one_in(2)) plan.methods[actor] = CommitMethod::rename_only;
  }

  draw_strategy(plan, dice);
  plan.fall_count = 1 + dice.below(plan.falls.size());
  const bool among_changes = plan.strategy == Strategy::held;
  for (unsigned i = 0; i < plan.fall_count; ++i)
    plan.falls[i] = dice.below(operations * (among_changes ? changes_of_an_operation : calls_of_an_operation));

  const auto happen = [&](Happening::Kind kind, std::int64_t amount) {
    Happening& happening = plan.happenings[plan.happening_count++];
    happening.kind = kind;
    happening.by = static_cast<Happening::By>(dice.below(kind == Happening::Kind::kill ? 3 : 2));
    happening.call = dangerous_calls[dice.below(dangerous_calls.size())];
    happening.amount = amount;
    if (plan.theme == Theme::readers && kind == Happening::Kind::kill && dice.one_in(2)) {
      // What it has written is complete, and not committed.
      happening.by = Happening::By::stops;
      happening.call = Call::rename;
    }
    const std::array<std::uint32_t, 3> lengths = {operations * calls_of_an_operation,
                                                  operations * changes_of_an_operation, operations};
    happening.at = dice.below(lengths[static_cast<std::size_t>(happening.by)]);
  };
  const bool sure_kill = plan.theme == Theme::readers || plan.theme == Theme::recovery;
  const unsigned kills = sure_kill ? 1 + dice.below(2) : std::max(1U, dice.below(5)) - 1;
  for (unsigned i = 0; i < kills; ++i) happen(Happening::Kind::kill, 0);
  if (plan.theme == Theme::recovery || dice.one_in(16)) happen(Happening::Kind::damage, 0);
  const bool sure_steps = plan.theme == Theme::deadline || plan.theme == Theme::recovery;
  const unsigned clock_steps = sure_steps ? 1 + dice.below(3) : std::max(2U, dice.below(5)) - 2;
  for (unsigned steps = clock_steps; steps > 0; --steps)
    happen(Happening::Kind::clock, draw_clock_step(dice, plan.idle_timeout));
  return plan;
}

}  // namespace sess::test
