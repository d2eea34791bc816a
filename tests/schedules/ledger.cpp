#include "ledger.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sess::test {

namespace {

constexpr std::array<const char*, 11> deeds = {"nothing", "update",   "merge",    "merge that has read",
                                               "lock",    "snapshot", "touch",    "destroy",
                                               "create",  "sweep",    "last look"};
constexpr std::int64_t touch_timeout = 100;  // milliseconds (include/sess/store.hpp, touch)

std::string names_of(Marks marks) {
  std::string text;
  for (unsigned i = 0; i < most_marks; ++i)
    if ((marks >> i & 1) != 0) text += (text.empty() ? "" : " ") + std::to_string(i);
  return "{" + text + "}";
}

Marks bit(int mark) { return mark < 0 ? 0 : Marks{1} << static_cast<unsigned>(mark); }

}  // namespace

void Ledger::clear(const Plan& plan) {
  idle_timeout_ = plan.idle_timeout;
  lock_timeout_ = plan.lock_timeout;
  places_are_limited_ = plan.waiter_limit > 0;
  for (unsigned i = 0; i < session_count_; ++i) sessions_[i] = {};
  session_count_ = 0;
  mark_count_ = 0;
  begun_.fill({});
  newest_seen_ = {};
  fault_[0] = 0;
}

void Ledger::fault(const std::string& what) {
  if (failed()) return;
  const std::size_t size = std::min(what.size(), fault_.size() - 1);
  std::memcpy(fault_.data(), what.data(), size);
  fault_[size] = 0;
}

std::string Ledger::who(unsigned actor) const {
  const Begun& begun = begun_[actor];
  return (actor == the_controller ? std::string("the controller") : std::to_string(actor)) + ", " +
         deeds[static_cast<std::size_t>(begun.deed)] + " of " + static_cast<char>('A' + begun.session) + ": ";
}

unsigned Ledger::add_session(const SessionKey& key) {
  sessions_[session_count_].key = key;
  return session_count_++;
}

void Ledger::begin(unsigned actor, Deed deed, unsigned session, bool renews, const Clock& clock) {
  Promised& promised = sessions_[session];
  const bool surely_expired = promised.created && promised.renewing == 0 && promised.lives_at_most <= clock.wall;
  begun_[actor] = {deed,
                   session,
                   -1,
                   renews,
                   false,
                   clock,
                   promised.created ? promised.lives_at_least : 0,
                   promised.acknowledged,
                   promised.destroyed,
                   surely_expired};
  if (renews) ++promised.renewing;
  if (deed == Deed::destroy) ++promised.destroys_begun;
}

unsigned Ledger::begin_mark(unsigned actor) {
  begun_[actor].mark = static_cast<int>(mark_count_);
  at(actor).begun |= bit(begun_[actor].mark);
  return mark_count_++;
}

void Ledger::see(unsigned actor, std::uint64_t generation, const Content& content) {
  Promised& session = at(actor);
  if (!content.whole) return fault(who(actor) + "a mixture was read");
  const Marks marks = content.marks;
  const Marks missing = begun_[actor].acknowledged & ~session.forgotten & ~marks;
  if (missing != 0) fault(who(actor) + "lost, although acknowledged before: " + names_of(missing));
  if ((marks & ~session.begun) != 0) fault(who(actor) + "from nowhere: " + names_of(marks & ~session.begun));
  if ((marks & session.refused) != 0) fault(who(actor) + "never committed: " + names_of(marks & session.refused));
  session.seen |= marks;
  if (generation == 0) return;
  std::uint64_t& newest = newest_seen_[actor][begun_[actor].session];
  if (generation < newest) fault(who(actor) + "the generation went backwards");
  newest = generation;
  compare_versions(session, generation, marks);
  if (session.version_count < session.versions.size()) session.versions[session.version_count++] = {generation, marks};
}

void Ledger::compare_versions(const Promised& session, std::uint64_t generation, Marks marks) {
  const auto lost = [&](Marks earlier, Marks later) { return (earlier & ~later & ~session.forgotten) != 0; };
  for (unsigned i = 0; i < session.version_count; ++i) {
    const Promised::Version& other = session.versions[i];
    const std::string text = " generation " + std::to_string(generation) + " holds " + names_of(marks) + " and " +
                             std::to_string(other.generation) + " holds " + names_of(other.marks);
    if (other.generation == generation && other.marks != marks) fault("one generation, two versions:" + text);
    if (other.generation < generation ? lost(other.marks, marks) : lost(marks, other.marks))
      fault("a later version has lost what an earlier one held:" + text);
  }
}

void Ledger::judge(unsigned actor, Outcome outcome, const Clock& clock) {
  Begun& begun = begun_[actor];
  const std::string text = who(actor) + std::string(to_string(outcome));
  switch (outcome) {
    case Outcome::ok:
      begun.took_effect = true;
      if (begun.destroyed) fault(text + ", after it was destroyed");
      // A session that has expired may still be ended.
      if (begun.surely_expired && begun.deed != Deed::destroy) fault(text + ", after its deadline");
      return;
    case Outcome::busy:
    case Outcome::not_renewed: {
      tally_->add(outcome == Outcome::busy ? Count::busy : Count::not_renewed);
      if (begun.deed == Deed::look) return fault(text + ": a lock was left");
      const std::int64_t timeout = begun.deed == Deed::touch ? touch_timeout : lock_timeout_;
      if ((outcome == Outcome::not_renewed) != (begun.deed == Deed::touch)) fault(text);
      // It takes a lock only for a record that does not verify: 64 commits during one look are more than there are.
      if (begun.deed == Deed::snapshot && !at(actor).damaged) fault(text);
      if (!places_are_limited_ && clock.monotonic - begun.clock.monotonic < timeout) fault(text + ", too early");
      return;
    }
    case Outcome::conflict:
      tally_->add(Count::conflicts);
      if (begun.deed != Deed::merge_read) fault(text);
      return;
    case Outcome::absent:
    case Outcome::gone:
    case Outcome::expired:
      tally_->add(outcome == Outcome::expired ? Count::expired : Count::gone);
      return judge_end(begun, at(actor), outcome, clock);
    case Outcome::superseded:
    case Outcome::durability_unknown:
    case Outcome::limit_reached:
      return fault(text);
  }
}

/// A session may be over because somebody is destroying it, or because its deadline has passed.
void Ledger::judge_end(const Begun& begun, const Promised& session, Outcome outcome, const Clock& clock) {
  if (begun.deed == Deed::look && !session.created) return;  // its creator was killed
  const unsigned others = session.destroys_begun - (begun.deed == Deed::destroy ? 1 : 0);
  if (outcome != Outcome::expired && others > 0) return;
  if (clock.wall >= begun.lives_at_least) return;
  fault(std::string(deeds[static_cast<std::size_t>(begun.deed)]) + " of " + static_cast<char>('A' + begun.session) +
        " was told " + std::string(to_string(outcome)) +
        " of a session that was renewed until later and not destroyed");
}

void Ledger::acknowledge_mark(unsigned actor) {
  tally_->add(Count::commits);
  Promised& session = at(actor);
  session.acknowledged |= bit(begun_[actor].mark) & ~session.forgotten;
  begun_[actor].mark = -1;
}

void Ledger::refuse_mark(unsigned actor) {
  const Marks mark = bit(begun_[actor].mark);
  at(actor).refused |= mark;
  if ((at(actor).seen & mark) != 0) fault(who(actor) + "refused, and yet somebody has seen " + names_of(mark));
  begun_[actor].mark = -1;
}

void Ledger::acknowledge_renewal(unsigned actor, bool exactly) {
  const std::int64_t until = begun_[actor].clock.wall + idle_timeout_ - (exactly ? 0 : idle_timeout_ / 10);
  at(actor).lives_at_least = std::max(at(actor).lives_at_least, until);
}

void Ledger::end(unsigned actor, const Clock& clock) {
  Begun& begun = begun_[actor];
  if (begun.deed == Deed::none) return;
  if (begun.mark >= 0) refuse_mark(actor);
  Promised& session = at(actor);
  if (begun.renews) {
    --session.renewing;
    if (begun.took_effect) session.lives_at_most = std::max(session.lives_at_most, clock.wall + idle_timeout_);
  }
  begun.deed = Deed::none;
}

void Ledger::kill(unsigned actor, const Clock& clock) {
  Begun& begun = begun_[actor];
  if (begun.deed == Deed::none) return;
  tally_->add(Count::kills_in_operations);
  Promised& session = at(actor);
  session.killed |= bit(begun.mark);
  begun.mark = -1;
  begun.took_effect = !begun.surely_expired;
  end(actor, clock);
}

void Ledger::forget(unsigned session, Marks marks) {
  sessions_[session].forgotten |= marks;
  sessions_[session].acknowledged &= ~marks;
  sessions_[session].damaged = true;
}

void Ledger::quarantine(const SessionKey& key, const Clock& clock) {
  for (unsigned i = 0; i < session_count_; ++i) {
    const Promised& session = sessions_[i];
    const bool ending = session.destroys_begun > 0 || session.lives_at_least <= clock.wall;
    if (session.key == key && !(session.damaged && ending))
      fault(std::string("moved to quarantine: ") + static_cast<char>('A' + i));
  }
}

}  // namespace sess::test
