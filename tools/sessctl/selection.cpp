#include "selection.hpp"

#include "failure.hpp"
#include "human.hpp"
#include "progress.hpp"
#include "report.hpp"

#include <sess/locks.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace sessctl {

using std::chrono::milliseconds;

namespace {

constexpr std::array<std::string_view, 2> kinds{"anonymous", "authenticated"};
constexpr std::array<std::string_view, 5> states{"live", "superseded", "expired", "unreadable", "all"};

}  // namespace

milliseconds least_idle(const sess::SessionFacts& facts, Clock::time_point now) noexcept {
  if (facts.deadline >= facts.absolute_deadline) return milliseconds(0);
  const milliseconds unwritten = facts.idle_timeout / 10;
  return std::max(milliseconds(0), facts.idle_timeout - between(now, facts.deadline) - unwritten);
}

void Selection::add_options(CommandLine& line) {
  const milliseconds least(0);
  line.add_text("--principal", principal_, "NAME", "Only sessions of this user, as the program calls him");
  line.add_choice("--kind", kind_text_, "KIND", kinds, "Only anonymous or authenticated ones");
  line.add_duration("--older-than", older_than_, least, "Only those made longer ago");
  line.add_duration("--idle-more-than", idle_more_than_, least,
                    "Only those not used for longer; of one near its\nabsolute deadline that is not known");
  line.add_text("--larger-than", larger_than_text_, "SIZE", "Only larger records: 900, 64K, 1M");
  line.add_flag("--sealed", is_sealed_, "Only sealed ones");
}

void Selection::add_locked_option(CommandLine& line) {
  line.add_flag("--locked", is_locked_, "Only those that a process has locked just now");
}

void Selection::add_state_option(CommandLine& line) {
  line.add_choice("--state", state_, "STATE", states,
                  "Only live, superseded, expired or unreadable ones;\nall for all of these");
}

void Selection::take(const CommandLine& line) {
  if (principal_ && principal_->empty()) line.fail("--principal wants a name");
  if (kind_text_) {
    for (const sess::SessionKind kind : {sess::SessionKind::anonymous, sess::SessionKind::authenticated})
      if (*kind_text_ == kind_name(kind)) kind_ = kind;
  }
  if (state_ && principal_ && *state_ != "live" && *state_ != "unreadable")
    line.fail("--principal knows of a user's live sessions alone; it goes with --state live or unreadable");
  if (larger_than_text_) {
    larger_than_ = parse_size(*larger_than_text_);
    if (!larger_than_) line.fail("--larger-than wants a whole number of bytes, or with K, M or G, such as 64K");
  }
}

bool Selection::matches(const sess::SessionFacts& facts, Clock::time_point now) const {
  return (!kind_ || facts.kind == *kind_) && (!older_than_ || between(facts.created, now) > *older_than_) &&
         (!idle_more_than_ || least_idle(facts, now) > *idle_more_than_) &&
         (!larger_than_ || facts.size > *larger_than_) && (!is_sealed_ || facts.sealed);
}

void Selection::visit(const sess::Store& store, const std::function<bool(const sess::SessionEntry&)>& visit,
                      const std::function<void(const std::exception_ptr&)>& on_error) const {
  std::set<std::string> locked;
  if (is_locked_) {
    const sess::LockUses uses = store.lock_uses();
    for (const sess::LockUse& use : uses.sessions)
      if (!use.holders.empty()) locked.insert(use.key.to_string());
    if (uses.hidden_processes > 0 || !uses.sees_all_processes)
      complain("look at locks: not all processes can be seen; 'sessctl locks' says why");
  }
  const auto offer = [&](const sess::SessionEntry& entry) {
    if (is_locked_ && !locked.contains(entry.key.to_string())) return true;
    if (state_ && *state_ != "all" && *state_ != state_name(entry)) return true;
    const bool is_meant = !entry.problem.empty() || matches(entry.facts, Clock::now());
    return !is_meant || visit(entry);
  };
  if (!principal_) return list_sessions(store, offer, {.show_ended = state_.has_value(), .on_error = on_error});
  const auto sessions = store.sessions_of(*principal_);
  if (!sessions) throw Failure(ExitCode::busy, "list sessions of principal", "", "their list is locked", "try again");
  for (const sess::SessionEntry& entry : *sessions)
    if (!offer(entry)) return;
}

}  // namespace sessctl
