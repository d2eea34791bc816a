#include "trial.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>

namespace sess::test {

namespace {

bool is_usage_error(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const UsageError&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

void Trial::run(const Thoroughness& thoroughness) {
  is_held_ = machine_->session.has_value();
  temporary_ = machine_->temporary_files();
  plant();
  perform();
  failed_ = !ending_.is_ok(prepared_.answer);
  machine_->fake->clear_faults();
  check_that_it_struck();
  object(objection_to(ending_, plan_, subject(), prepared_.answer));
  check_secret();
  check_temporary_files();
  if (subject().makes_another) check_that_all_are_known();
  if (subject().durable && (!failed_ || !subject().finds_unsynced)) check_power_cut(thoroughness.disks);
  if (ending_.thrown) check_that_nothing_comes_back();
  if (ending_.thrown && is_held_ && !plan_.may_have_effect && !may_lose_lock()) check_that_it_is_still_locked();
  check_sight(true);
  check_again();
  machine_->let_go();
  check_leaks();
  check_that_it_goes_on();
  check_leftovers(thoroughness.sweeps);
}

void Trial::object(std::string objection) {
  if (!objection.empty()) objections_.push_back(std::move(objection));
}

/// What the library throws where nothing is wrong any more is wrong.
template <class Look>
void Trial::look(const char* what, Look&& look) {
  try {
    look();
  } catch (const std::exception& error) {
    object(std::string(what) + " throws: " + error.what());
  }
}

void Trial::plant() {
  for (const Fault& fault : plan_.faults) machine_->fake->fail(fault);
  for (const ShortTransfer& transfer : plan_.transfers) machine_->fake->shorten(transfer);
}

void Trial::perform() {
  ending_ = {};
  try {
    ending_.answer = subject().run(*machine_);
  } catch (...) {
    ending_.thrown = std::current_exception();
  }
}

void Trial::check_that_it_struck() {
  const std::vector<LoggedCall> log = machine_->fake->log();
  if (log.size() < plan_.number || log[plan_.number - 1].call != plan_.struck.call ||
      log[plan_.number - 1].path != plan_.struck.path)
    object("another call was struck: a run is not like the one before");
}

/// What may be seen after this ending.
Permitted Trial::permitted() const {
  if (ending_.answer && ending_.answer->admits_errors) return Permitted::each_its_own;
  if (ending_.took_effect(prepared_.answer)) return Permitted::fresh;
  const bool is_open = plan_.may_have_effect || subject().has_steps;
  return is_open ? Permitted::each_its_own : Permitted::old;
}

void Trial::check_sight(bool exactly) {
  look("a snapshot", [&] {
    last_ = machine_->look();
    object(objection_to(last_, prepared_.old, prepared_.fresh, permitted(), exactly));
    if (!subject().may_quarantine) object(objection_to_quarantine(last_, prepared_.fresh));
  });
}

void Trial::check_secret() {
  if (subject().setting.sealed && machine_->finds_secret()) object("a value of a sealed session can be read on disk");
  if (subject().scrubs && ending_.is_ok(prepared_.answer) && machine_->finds_secret())
    object("answers ok, and what was to be overwritten is still there");
}

/// Who fails and lives removes them, and leaves to a sweep only what seems to be somebody else's by now.
void Trial::check_temporary_files() {
  const bool can_remove = plan_.struck.call != Call::unlink && plan_.next_error == 0 && !plan_.may_have_effect;
  const bool seems_lost = plan_.error == EWOULDBLOCK || plan_.error == ENOENT;
  if (can_remove && !seems_lost && machine_->temporary_files() > temporary_) object("leaves a temp file");
}

/// A session whose ID nobody was told is removed again, unless nothing lets it.
void Trial::check_that_all_are_known() {
  if (plan_.next_error != 0 || plan_.manner.find("for good") != std::string::npos) return;
  look("a listing", [&] {
    machine_->viewer().list([&](const SessionEntry& entry) {
      const auto is_it = [&](const SessionKey& key) { return key == entry.key; };
      if (std::ranges::none_of(machine_->keys, is_it) && std::ranges::none_of(machine_->made, is_it))
        object("leaves a session that nobody knows");
      return true;
    });
  });
}

void Trial::check_power_cut(std::size_t limit) {
  Permitted after_cut = permitted();
  if (ending_.answer && ending_.answer->outcome == Outcome::durability_unknown)
    after_cut = subject().has_steps || subject().makes_another ? Permitted::each_its_own : Permitted::either;
  std::string first;
  machine_->fake->power_cut_states({.limit = limit}, [&](const DiskImage& disk) {
    ++disks_;
    if (!first.empty()) return;
    try {
      Machine after(subject().setting, disk, machine_->keys, nullptr);
      after.made = machine_->made;
      after.stale = machine_->stale;
      first = objection_to(after.look(), prepared_.old, prepared_.fresh, after_cut, false);
    } catch (const std::exception& error) {
      first = error.what();
    }
  });
  if (!first.empty()) object("after a power cut: " + first);
}

/// A session that cannot find out whether it has the lock still is released.
bool Trial::may_lose_lock() const { return is_held_ && plan_.struck.call == Call::rename && plan_.next_error != 0; }

/// A commit that has failed leaves nothing that a recovery could take for a version, unless nothing lets it.
void Trial::check_that_nothing_comes_back() {
  if (prepared_.old.sessions.empty() || plan_.may_have_effect || plan_.next_error != 0) return;
  const SessionSight& old = prepared_.old.sessions.front();
  const SessionSight& fresh = prepared_.fresh.sessions.front();
  if (old.n == fresh.n || !fresh.n) return;
  look("a recovery", [&] {
    Machine after(subject().setting, machine_->fake->image(), machine_->keys, nullptr);
    after.fake->set_content(Machine::record_path(after.key()), {});
    const auto found = after.viewer().snapshot(after.key());
    if (found && found->get<std::int64_t>("n") == fresh.n) object("a recovery brings back the commit that has failed");
  });
}

void Trial::check_that_it_is_still_locked() {
  look("a lock", [&] {
    const auto locked = machine_->viewer().lock(machine_->key(), {.timeout = std::chrono::milliseconds(0)});
    if (locked || locked.outcome() != Outcome::busy)
      object("the session that was locked is not any more: " + std::string(to_string(locked.outcome())));
  });
}

/// What has failed succeeds once nothing fails.
void Trial::check_again() {
  if (ending_.took_effect(prepared_.answer)) return;
  const bool had_effect = objection_to(last_, prepared_.old, prepared_.fresh, Permitted::old, false).size() > 0;
  perform();
  if (ending_.thrown) {
    if (may_lose_lock() && is_usage_error(ending_.thrown)) return;
    look("once more, it", [&] { std::rethrow_exception(ending_.thrown); });
    return;
  }
  const Answer& answer = *ending_.answer;
  object(answer.wrong);
  if (answer.outcome != prepared_.answer.outcome && (!had_effect || answer.outcome != subject().again))
    object("once more, it answers " + std::string(to_string(answer.outcome)));
  if (!had_effect) check_sight(false);
  if (subject().has_steps)
    look("a snapshot",
         [&] { object(objection_to(machine_->look(), prepared_.old, prepared_.fresh, Permitted::fresh, false)); });
}

void Trial::check_leaks() {
  const FakeSystem::Leaks leaks = machine_->fake->leaks();
  for (const std::string& path : leaks.descriptors) object("is left open: " + path);
  for (const std::string& path : leaks.locks) object("is left locked: " + path);
  if (leaks.announced != 0) object("a lock is left announced");
}

void Trial::check_that_it_goes_on() {
  look("the next update", [&] {
    if (machine_->id && machine_->viewer().parse(machine_->id->reveal()) != machine_->id)
      object("an ID that was handed out is not accepted any more");
    for (const KnownSession& key : machine_->keys) {
      const auto before = machine_->viewer().snapshot(key);
      if (before.outcome() != Outcome::ok) continue;
      if (!machine_->viewer().update(key, [](Editor& editor) { editor.add("n", 100); }))
        object("the next update is refused");
      const auto after = machine_->viewer().snapshot(key);
      if (!after || after->get<std::int64_t>("n") != before->get<std::int64_t>("n").value_or(0) + 100)
        object("the next update is lost");
      else if (after->facts().generation <= before->facts().generation)
        object("the next update has the generation of this one");
    }
  });
}

void Trial::check_leftovers(bool sweeps) {
  look("a sweep", [&] {
    // An ID that is not live any more has a record all the same, and what nobody knows expires like any other.
    if (subject().makes_another) machine_->fake->advance(std::chrono::hours(60));
    if (sweeps || !machine_->strays().empty()) {
      const GcReport report = machine_->sweep();
      if (!report.complete || report.errors > 0) object("a sweep cannot do its work: " + report.first_error);
    }
    for (const std::string& name : machine_->strays()) object("is there still, after a sweep: " + name);
  });
  machine_->let_go();
}

}  // namespace sess::test
