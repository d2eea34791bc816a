#include "judgement.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>

namespace sess::test {

namespace {

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string objection_to(const IoError& error, const Plan& plan) {
  const std::string what = error.what();
  if (error.operation().empty() || what.find(error.operation()) == std::string::npos)
    return "an IoError names no operation: " + quoted(what);
  if (!error.path().starts_with(store_path) || what.find(error.path()) == std::string::npos)
    return "an IoError names no file of the store: " + quoted(what);
  // A new file's name that is always taken is reported as one that cannot be locked.
  const bool is_follow_up = plan.error == EEXIST && error.error_number() == EWOULDBLOCK;
  if (error.error_number() != plan.error && !is_follow_up)
    return "an IoError of another cause: " + quoted(what);
  return {};
}

bool may_refuse_the_store(const StoreError& error, const Plan& plan, const Subject& subject) {
  if (error.reason() != StoreError::Reason::unusable) return false;
  // A file system that cannot lock or set times is no place for a store; and an ID that is taken is not used.
  return subject.opens_store || plan.error == EEXIST;
}

std::string objection_to_thrown(const Ending& ending, const Plan& plan, const Subject& subject) {
  try {
    std::rethrow_exception(ending.thrown);
  } catch (const IoError& error) {
    return plan.error == 0 ? "a short transfer is no fault: " + quoted(error.what()) : objection_to(error, plan);
  } catch (const StoreError& error) {
    if (may_refuse_the_store(error, plan, subject)) return {};
    return "throws StoreError: " + quoted(error.what());
  } catch (const CorruptRecord& error) {
    // Where nothing can be written nothing can be moved aside.
    const bool is_hopeless = subject.setting.spare != Setting::Spare::there;
    if (subject.setting.record != Setting::Record::sound && is_hopeless && plan.error == EROFS) return {};
    return "throws CorruptRecord: " + quoted(error.what());
  } catch (const std::exception& error) {
    return "throws what no caller expects: " + quoted(error.what());
  }
}

bool is_same(const SessionSight& a, const SessionSight& b) {
  return a.outcome == b.outcome && a.n == b.n && a.text == b.text;
}

std::string words(const SessionSight& sight) {
  std::string text(to_string(sight.outcome));
  if (sight.n) text += ", n = " + std::to_string(*sight.n);
  if (sight.text) text += ", text of " + std::to_string(sight.text->size());
  return text;
}

/// An operation that failed has moved neither; one that has succeeded may have waited, and skipped generations.
std::string objection_to_stamp(const SessionSight& found, const SessionSight& old, const SessionSight& fresh) {
  if (found.outcome != Outcome::ok) return {};
  const auto is_old = [&] {
    return is_same(found, old) && found.deadline == old.deadline && found.generation >= old.generation;
  };
  const auto is_fresh = [&] {
    return is_same(found, fresh) && found.deadline >= fresh.deadline &&
           found.deadline <= fresh.deadline + std::chrono::minutes(1) && found.generation >= fresh.generation;
  };
  if (is_old() || is_fresh()) return {};
  const auto of = [](const SessionSight& sight) {
    return std::to_string(sight.generation) + " until " + std::to_string(sight.deadline.time_since_epoch().count());
  };
  return "a snapshot finds generation " + of(found) + "; before it was " + of(old) + ", and should become " + of(fresh);
}

}  // namespace

std::string objection_to(const Ending& ending, const Plan& plan, const Subject& subject, const Answer& healthy) {
  const bool is_harmless = plan.error == 0 || plan.struck.call == Call::close || plan.struck.call == Call::unlock;
  const bool strikes_once = plan.manner.find("every call") == std::string::npos;
  if (ending.thrown) {
    if (is_harmless && strikes_once) return "fails because of a call that does not matter";
    return objection_to_thrown(ending, plan, subject);
  }
  const Answer& answer = *ending.answer;
  if (!answer.wrong.empty()) return answer.wrong;
  if (answer.outcome == healthy.outcome) {
    if (is_harmless && strikes_once && answer.admits_errors) return "admits errors that do not matter";
    return {};
  }
  if (is_harmless && strikes_once) return "answers " + std::string(to_string(answer.outcome)) + " for no reason";
  switch (answer.outcome) {
    case Outcome::durability_unknown:
      return {};
    case Outcome::busy:
    case Outcome::not_renewed:
      if (plan.struck.call == Call::try_lock && plan.error == EWOULDBLOCK) return {};
      return "answers busy though nobody has the lock";
    default:
      return "answers " + std::string(to_string(answer.outcome)) + " although it is not so";
  }
}

std::string objection_to(const Sight& found, const Sight& old, const Sight& fresh, Permitted permitted, bool exactly) {
  if (found.sessions.size() != fresh.sessions.size() || found.sessions.size() != old.sessions.size())
    return "the sessions are not those that were there";
  bool all_old = found.made == old.made;
  bool all_fresh = found.made == fresh.made;
  std::string first;
  for (std::size_t i = 0; i < found.sessions.size(); ++i) {
    const bool is_old = is_same(found.sessions[i], old.sessions[i]);
    const bool is_fresh = is_same(found.sessions[i], fresh.sessions[i]);
    if (!is_old && !is_fresh)
      return "a snapshot finds neither the old version nor the new one: " + words(found.sessions[i]);
    all_old = all_old && is_old;
    all_fresh = all_fresh && is_fresh;
    if (first.empty() && (!is_old || !is_fresh)) first = words(found.sessions[i]);
    if (!exactly) continue;
    std::string objection = objection_to_stamp(found.sessions[i], old.sessions[i], fresh.sessions[i]);
    if (!objection.empty()) return objection;
  }
  if (found.quarantined != fresh.quarantined)
    return "quarantine holds " + std::to_string(found.quarantined.size()) + " files and should hold " +
           std::to_string(fresh.quarantined.size());
  if (permitted == Permitted::old && !all_old) return "fails, and yet something has changed: " + first;
  if (permitted == Permitted::fresh && !all_fresh) return "succeeds, and yet nothing has changed: " + first;
  if (permitted == Permitted::either && !all_old && !all_fresh) return "half of it has been done: " + first;
  return {};
}

}  // namespace sess::test
