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
  const bool is_next = plan.next_error != 0 && error.error_number() == plan.next_error;
  if (error.error_number() != plan.error && !is_follow_up && !is_next)
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
  if (sight.generation != 0)
    text += ", generation " + std::to_string(sight.generation) + " until " +
            std::to_string(sight.deadline.time_since_epoch().count());
  return text;
}

bool is_old(const SessionSight& found, const SessionSight& old, bool exactly) {
  if (!is_same(found, old)) return false;
  // A recovery that is done twice skips a generation.
  return !exactly || (found.deadline == old.deadline && found.generation >= old.generation);
}

bool is_fresh(const SessionSight& found, const SessionSight& fresh, bool exactly) {
  if (!is_same(found, fresh)) return false;
  // Who has had to wait has moved the deadline a little further.
  return !exactly || (found.deadline >= fresh.deadline && found.deadline <= fresh.deadline + std::chrono::minutes(1) &&
                      found.generation >= fresh.generation);
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
      // Somebody seems to make a principal's record again and again, and to remove it.
      if (!subject.setting.principal.empty() && plan.error == EEXIST) return {};
      return "answers busy though nobody has the lock";
    default:
      return "answers " + std::string(to_string(answer.outcome)) + " although it is not so";
  }
}

std::string objection_to(const Sight& found, const Sight& old, const Sight& fresh, Permitted permitted, bool exactly) {
  if (found.sessions.size() != fresh.sessions.size() || found.sessions.size() != old.sessions.size())
    return "the sessions are not those that were there";
  if (found.unlisted) return "a live session is not in the list of its principal";
  if (found.unsealed) return "a session is not sealed";
  bool all_old = found.made == old.made && found.leads_on == old.leads_on;
  bool all_fresh = found.made == fresh.made && found.leads_on == fresh.leads_on;
  std::string first = found.made ? "the new session is there" : "the new session is not there";
  if (found.leads_on != found.made)
    first += found.leads_on ? ", and there is a successor" : ", and there is no successor";
  if (all_old && all_fresh) first.clear();
  for (std::size_t i = 0; i < found.sessions.size(); ++i) {
    const SessionSight& session = found.sessions[i];
    const bool old_one = is_old(session, old.sessions[i], exactly);
    const bool fresh_one = is_fresh(session, fresh.sessions[i], exactly);
    if (!old_one && !fresh_one)
      return "a snapshot finds neither the old version (" + words(old.sessions[i]) + ") nor the new one (" +
             words(fresh.sessions[i]) + "): " + words(session);
    all_old = all_old && old_one;
    all_fresh = all_fresh && fresh_one;
    if (first.empty() && (!old_one || !fresh_one)) first = words(session);
  }
  if (permitted == Permitted::old && !all_old) return "fails, and yet something has changed: " + first;
  if (permitted == Permitted::fresh && !all_fresh) return "succeeds, and yet nothing has changed: " + first;
  if (permitted == Permitted::either && !all_old && !all_fresh) return "half of it has been done: " + first;
  return {};
}

std::string objection_to_quarantine(const Sight& found, const Sight& fresh) {
  if (found.quarantined == fresh.quarantined) return {};
  return "quarantine holds " + std::to_string(found.quarantined.size()) + " files and should hold " +
         std::to_string(fresh.quarantined.size()) + ", or holds others";
}

}  // namespace sess::test
