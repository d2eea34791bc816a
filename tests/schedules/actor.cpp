#include "actor.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include "judgement.hpp"
#include "store/core.hpp"

namespace sess::test {

using std::chrono::milliseconds;

StoreOptions options_of(const Plan& plan, CommitMethod method, Board& board) {
  StoreOptions options;
  options.idle_timeout = milliseconds(plan.idle_timeout);
  options.lifetime = std::chrono::hours(24 * 300);
  options.lock_timeout = milliseconds(plan.lock_timeout);
  options.waiter_limit = plan.waiter_limit;
  options.commit_method = method;
  options.on_event = [&board](const Event& event) {
    if (event.kind == Event::Kind::recovered) board.tally.add(Count::recoveries);
    if (event.kind == Event::Kind::quarantined) board.ledger.quarantine(event.key.value(), board.clock);
  };
  return options;
}

Actor::Actor(Board& board, unsigned number, const std::string& path, Flaw flaw)
    : board_(board),
      number_(number),
      path_(path),
      stopping_(std::make_shared<StoppingSystem>(board, number)),
      store_(open_store(flawed(stopping_, flaw, board, number), path,
                        options_of(board.plan, board.plan.methods[number], board))),
      dice_(board.actors[number].choice) {}

void Actor::run() {
  board_.actors[number_].state = ActorState::running;
  stopping_->stops = true;
  const int open_before = stopping_->open_descriptors();
  try {
    for (unsigned i = 0; i < board_.plan.operations[number_]; ++i) one_operation(dice_.below(board_.plan.places));
  } catch (const std::exception& error) {
    board_.ledger.fault(std::to_string(number_) + " threw: " + error.what());
  }
  stopping_->stops = false;
  if (stopping_->open_descriptors() != open_before)
    board_.ledger.fault(std::to_string(number_) + " left a descriptor open");
}

void Actor::one_operation(unsigned place) {
  session_ = board_.places[place];
  // A session that is over is made anew now and then.
  const Promised& session = board_.ledger.session(session_);
  const bool over = session.destroyed || session.lives_at_most <= board_.clock.wall;
  if (over && !dice_.one_in(3) && board_.ledger.session_count() + 1 < most_sessions) return create(place);
  switch (draw_deed()) {
    case Deed::update:
      return update();
    case Deed::merge:
      return merge(false);
    case Deed::merge_read:
      return merge(true);
    case Deed::lock:
      return lock();
    case Deed::touch:
      return touch();
    case Deed::destroy:
      return destroy();
    case Deed::sweep:
      return sweep();
    default:
      return snapshots();
  }
}

Deed Actor::draw_deed() {
  using enum Deed;
  constexpr std::array<std::array<Deed, 12>, themes> by_theme = {{
      {update, update, merge, merge_read, lock, lock, snapshot, snapshot, touch, touch, destroy, sweep},
      {update, update, update, merge, merge, merge_read, merge_read, merge_read, lock, lock, lock, snapshot},
      {update, merge, merge_read, lock, touch, touch, touch, touch, snapshot, sweep, sweep, sweep},
      {update, update, merge, merge_read, lock, touch, snapshot, destroy, destroy, destroy, sweep, sweep},
      {update, update, update, update, merge, merge, merge, lock, lock, lock, snapshot, touch},
      {update, update, update, merge, merge_read, lock, snapshot, touch, touch, touch, touch, sweep},
  }};
  const Deed drawn = by_theme[static_cast<std::size_t>(board_.plan.theme)][dice_.below(12)];
  if (board_.plan.theme == Theme::readers && number_ == 0) return snapshot;
  // Without marks that are left nothing more can be changed.
  return board_.ledger.marks_are_left() ? drawn : snapshot;
}

void Actor::begin(Deed deed, bool renews) {
  board_.deeds[number_] = deed;
  board_.ledger.begin(number_, deed, session_, renews, board_.clock);
}

/// What came of it. The process may be killed when it has been answered and nobody has been told.
bool Actor::answered(Outcome outcome, bool last) {
  if (last) stopping_->step("answered " + std::string(to_string(outcome)));
  board_.ledger.judge(number_, outcome, board_.clock);
  return outcome == Outcome::ok;
}

void Actor::end() {
  board_.ledger.end(number_, board_.clock);
  board_.deeds[number_] = Deed::none;
}

void Actor::acknowledge_commit(bool renewed) {
  board_.ledger.acknowledge_mark(number_);
  if (renewed) board_.ledger.acknowledge_renewal(number_, true);
  check_spare(board_, session_, path_);
}

void Actor::see(std::uint64_t generation, const Values& values) {
  board_.ledger.see(number_, generation, content_of(values));
}

CommitOptions Actor::draw_options() {
  CommitOptions options;
  if (dice_.one_in(5)) options.durability = Durability::durable;
  options.scrub = dice_.one_in(6);
  options.renew = board_.ledger.begun(number_).renews;
  return options;
}

void Actor::update() {
  begin(Deed::update, !dice_.one_in(8));
  const unsigned mark = board_.ledger.begin_mark(number_);
  const Writing writing = dice_.one_in(2) ? Writing::blind : Writing::derived;
  const CommitOptions options = draw_options();
  const Status status = store_->update(
      key(),
      [&](Editor& editor) {
        see(0, editor.values());
        write_mark(editor, mark, writing);
        stopping_->step("changed");
      },
      options);
  if (answered(status.outcome())) acknowledge_commit(options.renew);
  end();
}

bool Actor::snapshot(std::optional<Snapshot>& found) {
  const Result<Snapshot> result = store_->snapshot(key());
  if (!answered(result.outcome(), false)) return false;
  see(result->facts().generation, result->values());
  found = *result;
  return true;
}

void Actor::merge(bool derived) {
  // Of the snapshots taken for it only those of this attempt count: what is begun anew is promised anew.
  for (int attempt = 0; attempt < 3; ++attempt) {
    begin(Deed::snapshot, false);
    std::optional<Snapshot> snapshot_found;
    const bool found = snapshot(snapshot_found);
    end();
    if (!found) return;
    begin(derived ? Deed::merge_read : Deed::merge, !dice_.one_in(8));
    Changes changes = snapshot_found->edit();
    write_mark(changes, board_.ledger.begin_mark(number_), derived ? Writing::derived : Writing::blind);
    const CommitOptions options = draw_options();
    const Status status = store_->merge(changes, options);
    if (answered(status.outcome())) acknowledge_commit(options.renew);
    end();
    if (status != Outcome::conflict || !board_.ledger.marks_are_left()) return;
  }
}

void Actor::lock() {
  begin(Deed::lock, true);
  Result<Session> locked = store_->lock(key(), {.renew = dice_.one_in(2)});
  if (answered(locked.outcome(), false)) {
    see(locked->facts().generation, locked->values());
    const Writing writing = dice_.one_in(2) ? Writing::blind : Writing::derived;
    for (unsigned commits = dice_.below(3); commits > 0 && board_.ledger.marks_are_left(); --commits)
      commit_locked(*locked, writing);
    if (dice_.one_in(3) && board_.ledger.marks_are_left()) {
      // What is rolled back, or forgotten at the release, nobody must ever see.
      write_mark(*locked, board_.ledger.begin_mark(number_), writing);
      board_.tally.add(Count::rolled_back);
      stopping_->step("changed, not committed");
      if (dice_.one_in(2)) locked->rollback();
      board_.ledger.refuse_mark(number_);
    }
    if (dice_.one_in(4)) locked->release();
  }
  locked = Outcome::absent;  // released here at the latest
  end();
}

void Actor::commit_locked(Session& session, Writing writing) {
  write_mark(session, board_.ledger.begin_mark(number_), writing);
  const CommitOptions options = draw_options();
  const Status status = session.commit(options);
  if (answered(status.outcome())) {
    acknowledge_commit(options.renew);
    see(session.facts().generation, session.values());
  } else {
    board_.ledger.refuse_mark(number_);
    session.rollback();
  }
}

void Actor::snapshots() {
  for (unsigned count = 1 + dice_.below(3); count > 0; --count) {
    begin(Deed::snapshot, false);
    std::optional<Snapshot> found;
    if (snapshot(found)) board_.tally.add(Count::snapshots);
    end();
  }
}

void Actor::touch() {
  begin(Deed::touch, true);
  const Status status = store_->touch(key());
  if (answered(status.outcome())) {
    board_.ledger.acknowledge_renewal(number_, false);
    board_.tally.add(Count::touches);
  }
  end();
}

void Actor::destroy() {
  begin(Deed::destroy, false);
  const Status status = store_->destroy(key());
  answered(status.outcome());
  if (status.ok() || status == Outcome::absent) {
    board_.ledger.acknowledge_destroy(number_);
    board_.tally.add(Count::destroys);
  }
  end();
}

void Actor::create(unsigned place) {
  Session session = store_->create();
  session_ = board_.ledger.add_session(session.key());
  begin(Deed::create, true);
  write_mark(session, board_.ledger.begin_mark(number_), Writing::blind);
  const Status status = session.commit();
  if (answered(status.outcome())) {
    board_.ledger.acknowledge_creation(number_);
    acknowledge_commit(true);
    board_.places[place] = session_;
    board_.tally.add(Count::creations);
  }
  session.release();
  end();
}

void Actor::sweep() {
  begin(Deed::sweep, false);
  sweep_begins_at(path_, key());
  GcOptions options{.budget = milliseconds(1)};
  if (dice_.one_in(2)) options.spare_idle = milliseconds(board_.plan.idle_timeout / 4);
  const GcReport report = store_->gc(options);
  board_.tally.add(report.status.ok() ? Count::sweeps : Count::busy_sweeps);
  board_.tally.add(Count::swept, report.expired);
  board_.tally.add(Count::in_use, report.in_use);
  board_.tally.add(Count::leftovers, report.leftovers);
  board_.tally.add(Count::spares, report.spares);
  if (report.errors > 0) board_.ledger.fault("a sweep met an error: " + report.first_error);
  if (report.held_for.count() > 0) board_.ledger.fault("a sweep was held, although only time has passed");
  end();
}

}  // namespace sess::test
