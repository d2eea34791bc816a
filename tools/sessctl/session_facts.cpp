#include "session_facts.hpp"

#include "escape.hpp"
#include "human.hpp"

namespace sessctl {

std::string_view kind_name(sess::SessionKind kind) noexcept {
  return kind == sess::SessionKind::authenticated ? "authenticated" : "anonymous";
}

std::string_view state_name(const sess::SessionEntry& entry) noexcept {
  if (!entry.problem.empty()) return "unreadable";
  return entry.outcome == sess::Outcome::ok ? "live" : to_string(entry.outcome);
}

std::chrono::milliseconds between(Clock::time_point from, Clock::time_point to) noexcept {
  using std::chrono::milliseconds;
  // In milliseconds before the subtraction: the difference of two times in nanoseconds may not fit 64 bits.
  return std::chrono::floor<milliseconds>(to).time_since_epoch() -
         std::chrono::floor<milliseconds>(from).time_since_epoch();
}

std::int64_t unix_ms(Clock::time_point time) noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

void add_facts(JsonLine& line, const sess::SessionFacts& facts, Clock::time_point now) {
  line.add("kind", kind_name(facts.kind))
      .add("generation", facts.generation)
      .add("created", utc_time(facts.created))
      .add("deadline", utc_time(facts.deadline))
      .add("absolute_deadline", utc_time(facts.absolute_deadline))
      .add("idle_timeout_ms", facts.idle_timeout.count())
      .add("age_ms", between(facts.created, now).count())
      .add("idle_left_ms", between(now, facts.deadline).count())
      .add("sealed", facts.sealed);
}

std::string command_text(const sess::LockUser& user) { return user.gone ? "(gone)" : without_controls(user.command); }

}  // namespace sessctl
