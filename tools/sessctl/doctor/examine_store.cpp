// The store itself: what was tried in it, and what it says.
#include "../clock_hold.hpp"
#include "../human.hpp"
#include "../report.hpp"
#include "examinations.hpp"

#include <cerrno>

#include <fmt/format.h>

namespace sessctl {
namespace {

using Severity = Diagnosis::Severity;
constexpr const char* elsewhere = "put the store on another file system";
constexpr const char* with_another = "try it with a second process";

Diagnosis lock_diagnosis(const sess::FileSystemTrial& found) {
  const auto problem = [](const char* what) { return Diagnosis{"locks", Severity::problem, what, elsewhere}; };
  if (!found.flock) return problem("files cannot be locked here (flock)");
  if (!found.excludes) return problem("one lock is given to two (flock)");
  if (found.excludes_processes == false) return problem("two processes do not agree on who has a lock (flock)");
  if (found.frees_locks == false) return problem("the lock of a process that was killed stays (flock)");
  if (!found.excludes_processes || !found.frees_locks)
    return {"locks", Severity::warning, "of two in one process one has a lock; no second process has tried",
            with_another};
  return {"locks", Severity::good, "of two processes one has a lock, and lets it go when it is killed"};
}

}  // namespace

Diagnoses examine_trial(const sess::FileSystemTrial& found) {
  Diagnoses all{lock_diagnosis(found)};
  if (!found.excludes) return all;  // no more was tried
  if (!found.keeps_times)
    all.push_back(
        {"times", Severity::problem, "modification times are not kept, and they are the deadlines", elsewhere});
  else if (!found.keeps_nanoseconds)
    all.push_back(
        {"times", Severity::note, "modification times are kept to the second: every change takes a new file"});
  else
    all.push_back({"times", Severity::good, "modification times are kept to the nanosecond"});
  if (!found.exchange)
    all.push_back(
        {"renames", Severity::note,
         "two names cannot be exchanged: every change takes a new file, and a damaged record is not had back"});
  else if (!found.no_replace)
    all.push_back({"renames", Severity::note, "a rename cannot refuse to replace: new sessions are linked instead"});
  else
    all.push_back({"renames", Severity::good, "two names are exchanged at once, and none is replaced unasked"});
  if (!found.shows_changes)
    all.push_back(
        {"changes", Severity::warning, "no second process has looked at what this one has changed", with_another});
  else if (!*found.shows_changes)
    all.push_back(
        {"changes", Severity::problem, "another process does not see at once what this one has changed", elsewhere});
  else
    all.push_back({"changes", Severity::good, "another process sees at once what this one has changed"});
  return all;
}

Diagnoses examine_memory(const sess::StoreFacts& facts, const sess::FileSystemTrial& found) {
  if (!found.excludes || facts.exchange == found.exchange) return {};  // exchanges are tried only where locks work
  // Without that line it is not known which file system was tried, and whoever opens the store next tries again.
  const std::string advice = "remove the line 'file_system' from its file 'store', and restart the programs";
  if (facts.exchange)
    return {{"renames", Severity::warning,
             "the store's file 'store' says that two names can be exchanged, and they cannot", advice}};
  return {{"renames", Severity::note,
           "the store's file 'store' says that two names cannot be exchanged, and they can: every change takes a new "
           "file without need",
           advice}};
}

Diagnosis examine_failed_trial(const sess::IoError& error) {
  const std::string what = fmt::format("they could not be tried: {}", error.what());
  // For half a minute somebody else had the lock of setting up.
  if (error.error_number() == EWOULDBLOCK) return {"locks", Severity::warning, what, "try again"};
  return {"locks", Severity::problem, what, advice_on(error)};
}

Diagnoses examine_store(const sess::StoreFacts& facts, const std::optional<sess::LastSweep>& sweep,
                        const std::optional<sess::ClockHold>& hold, std::chrono::system_clock::time_point now) {
  Diagnoses found;
  const bool is_newest = facts.format == facts.newest_format;
  found.push_back({"store", is_newest ? Severity::good : Severity::note,
                   fmt::format("it has format {}{}", facts.format,
                               is_newest ? "" : fmt::format("; the newest is {}", facts.newest_format)),
                   is_newest ? "" : "'sessctl upgrade', when all programs have the newer libsess"});
  constexpr auto long_ago = std::chrono::hours(24);
  const auto say = [&](Severity severity, std::string what, std::string advice = {}) {
    found.push_back({"sweep", severity, std::move(what), std::move(advice)});
  };
  const char* const run_gc =
      "list it in /etc/sessctl/stores, or run 'sessctl gc --quiet' from cron, every five minutes, say";
  if (!sweep) {
    say(Severity::warning, "expired sessions were never removed", run_gc);
  } else if (sweep->finished > now + std::chrono::minutes(1)) {
    say(Severity::warning,
        fmt::format("the last one was at {}, which is to come: the clock is wrong, or was", utc_time(sweep->finished)),
        "set the clock");
  } else {
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - sweep->finished);
    const bool is_old = age > long_ago;
    say(is_old ? Severity::warning : Severity::good,
        fmt::format("the last one was {} ago, and removed {} of {} sessions", human_age(age), sweep->expired,
                    sweep->examined),
        is_old ? run_gc : "");
  }
  if (hold) found.push_back({"clock", Severity::warning, told_of(*hold), std::string(advice_on_hold)});
  return found;
}

}  // namespace sessctl
