#include "sweep.hpp"

#include "clock_hold.hpp"
#include "command_environment.hpp"
#include "escape.hpp"
#include "export_lines.hpp"
#include "failure.hpp"
#include "fed_command.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "old_quarantine.hpp"
#include "open_store.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "session_facts.hpp"
#include "sweep_metrics.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sessctl {
namespace {

using Steady = std::chrono::steady_clock;

struct Beginning {
  Steady::time_point steady = Steady::now();
  Clock::time_point of_files = clock_of_files();
};

/// The end of what had been in quarantine for long enough when the sweep began. What the sweep has moved there stays:
/// it has just been found, and somebody is told where it is.
class Purge {
 public:
  /// The oldest first, until the budget of the sweep is used up; zero: all. Where the sweep has used all of it, a tenth
  /// is for this, and one is deleted whatever the budget: else a quarantine would only grow. Throws nothing: see
  /// error().
  void run(const sess::Store& store, const Sweep& sweep, const Beginning& begin) {
    std::optional<Progress> progress;
    if (!sweep.quiet) progress.emplace("deleted from quarantine");
    const std::chrono::milliseconds budget = sweep.options.budget;
    const bool is_bounded = budget.count() > 0 && !sweep.options.dry_run;
    const auto until = std::max(begin.steady + budget, Steady::now() + budget / 10);
    try {
      const sess::Quarantine quarantine(store);
      std::vector<sess::QuarantinedName> old = quarantined_for(quarantine, *sweep.quarantine_age);
      std::erase_if(old, [&](const sess::QuarantinedName& name) { return name.since >= begin.of_files; });
      left_ = old.size();
      for (const sess::QuarantinedName& name : old) {
        const std::uint64_t done = old.size() - left_;
        if (is_bounded && done > 0 && Steady::now() >= until) break;
        if (progress) progress->show(done, static_cast<double>(done) / static_cast<double>(old.size()));
        if (sweep.options.dry_run || quarantine.purge(name)) ++purged_;
        --left_;
      }
    } catch (const sess::IoError& error) {
      error_ = error.what();
      advice_ = advice_on(error);
    } catch (const std::exception& error) {
      error_ = error.what();
      advice_ = "see 'sessctl quarantine ls'";
    }
  }

  std::uint64_t purged() const noexcept { return purged_; }
  /// For the next sweep, because the budget was used up, or because of the error.
  std::uint64_t left() const noexcept { return left_; }
  /// Why it did not come to its end; empty: it did, or the budget was used up.
  const std::string& error() const noexcept { return error_; }
  const std::string& advice() const noexcept { return advice_; }

 private:
  std::uint64_t purged_ = 0;
  std::uint64_t left_ = 0;
  std::string error_;
  std::string advice_;
};

std::string sentence(const sess::GcReport& report, const Purge& purge, std::uint32_t shards, bool dry_run) {
  std::string text =
      fmt::format("{} {}", dry_run ? "would remove" : "removed", counted(report.expired, "expired session"));
  if (report.spares > 0) text += " and " + counted(report.spares, "spare file");
  if (report.leftovers > 0) text += " and " + counted(report.leftovers, "leftover file");
  text += ", examined " + counted(report.examined, "session");
  if (report.in_use > 0) text += fmt::format(", left {} in use", report.in_use);
  if (report.unreadable > 0) text += fmt::format(", left {} that cannot be read", report.unreadable);
  if (report.quarantined > 0)
    text += fmt::format(", {} {} to quarantine", dry_run ? "would move" : "moved", report.quarantined);
  if (purge.purged() > 0)
    text += fmt::format(", {} {} from quarantine", dry_run ? "would delete" : "deleted", purge.purged());
  if (purge.left() > 0) text += fmt::format(" and left {} there for the next sweep", purge.left());
  if (!report.complete) text += fmt::format(", did {} of {} shards", report.shards_done, shards);
  return text + fmt::format(" in {} ms", (report.duration.count() + 500) / 1000);
}

std::string json_of(const sess::GcReport& report, const Purge& purge, const std::string& path, bool dry_run) {
  return JsonLine()
      .add("path", path)
      .add("outcome", to_string(report.status.outcome()))
      .add("dry_run", dry_run)
      .add("examined", report.examined)
      .add("expired", report.expired)
      .add("in_use", report.in_use)
      .add("leftovers", report.leftovers)
      .add("spares", report.spares)
      .add("quarantined", report.quarantined)
      .add("purged", purge.purged())
      .add("purge_left", purge.left())
      .add("purge_error", or_null(purge.error()))
      .add("unreadable", report.unreadable)
      .add("errors", report.errors)
      .add("first_error", or_null(report.first_error))
      .add("shards_done", report.shards_done)
      .add("complete", report.complete)
      .add("clock_jump_ms", report.clock_jump.count())
      .add("held_for_ms", report.held_for.count())
      .add("duration_us", report.duration.count())
      .text();
}

/// All that somebody has to look at.
class Trouble {
 public:
  explicit Trouble(std::string path) : path_(std::move(path)) {}

  void add(const std::exception_ptr& failure) { all_.push_back(failure); }
  void add(ExitCode code, std::string_view cause, std::string_view advice) {
    add(std::make_exception_ptr(Failure(code, "sweep store", path_, cause, advice)));
  }

  /// Says it, after what was printed; the code is that of the first.
  ExitCode tell(Output& out) {
    if (all_.empty()) return ExitCode::ok;
    try {
      out.flush();
    } catch (...) {
      add(std::current_exception());
    }
    const ExitCode code = report(all_.front());
    std::for_each(all_.begin() + 1, all_.end(), report);
    return code;
  }

 private:
  std::string path_;
  std::vector<std::exception_ptr> all_;
};

/// Whoever is at work for longer has been stopped, or hangs, and this must not be said by nobody: the store fills up.
constexpr std::chrono::hours longest_sweep{1};

void add_busy(Trouble& trouble, int holder, const std::optional<sess::LastSweep>& last, bool quiet) {
  std::string cause = "another sweeper is at work";
  if (holder > 0) cause += fmt::format(", process {}", holder);
  std::string_view advice = "see whether it has been stopped, or hangs";
  if (!last) {
    cause += ", and no sweep has ended yet";
  } else if (const auto age = between(last->finished, Clock::now()); age >= longest_sweep) {
    cause += fmt::format(", and no sweep has ended for {}", human_age(age));
  } else if (quiet) {
    return;  // somebody does what was asked for
  } else {
    advice = "let it finish, or try again later";
  }
  trouble.add(ExitCode::busy, cause, advice);
}

void add_to(Trouble& trouble, const sess::GcReport& swept, bool dry_run) {
  if (swept.errors > 0)
    trouble.add(ExitCode::io, fmt::format("{} failed, first: {}", counted(swept.errors, "file"), swept.first_error),
                fmt::format("the rest was swept; {}", advice_on(number_not_known)));
  if (swept.unreadable > 0) {
    std::string cause =
        counted(swept.unreadable, "file") + " cannot be read, and " + (dry_run ? "would stay" : "stayed");
    if (swept.quarantined > 0)
      cause += fmt::format(", and {} {} to quarantine", counted(swept.quarantined, "damaged record"),
                           dry_run ? "would be moved" : "moved");
    trouble.add(ExitCode::data, cause,
                dry_run ? "'sessctl verify' names them" : "'sessctl verify' names them; the rest was swept");
  } else if (swept.quarantined > 0 && dry_run) {
    trouble.add(ExitCode::data, counted(swept.quarantined, "damaged record") + " found",
                "'sessctl gc' moves them to the store's directory quarantine");
  } else if (swept.quarantined > 0) {
    trouble.add(ExitCode::data, counted(swept.quarantined, "damaged record") + " moved to quarantine",
                "'sessctl quarantine' lists them; the rest was swept");
  }
}

}  // namespace

ExitCode sweep_store(const Sweep& sweep, const std::string& path, Output& out) {
  const Beginning begin;
  const uid_t invoker = ::geteuid();
  const sess::Store store = open_store(path);  // becomes its owner
  const bool dry_run = sweep.options.dry_run;
  sess::GcOptions options = sweep.options;
  std::optional<FedCommand> command;
  if (sweep.on_expire) {
    Patience patience;
    if (options.budget.count() > 0) patience.until = begin.steady + options.budget;
    const bool is_another = ::geteuid() != invoker;
    // For the first session: a filter that is given nothing may call that a failure, as grep does.
    options.on_expired = [&, patience, is_another](const sess::SessionCopy& copy) {
      if (!command)
        command.emplace(*sweep.on_expire, is_another ? environment_of(::geteuid()) : own_environment(), patience);
      command->feed(to_line(copy) + "\n");
    };
  }
  std::optional<Progress> progress(std::in_place, "sessions");
  if (!sweep.quiet) options.on_progress = progress->callback();
  const sess::GcReport swept = store.gc(options);
  progress.reset();
  std::exception_ptr command_failure;
  try {
    if (command) command->finish();
  } catch (const Failure&) {
    command_failure = std::current_exception();  // the sessions are removed, and the rest is to be done
  }
  const bool busy = swept.status == sess::Outcome::busy;
  const bool held = swept.held_for > std::chrono::milliseconds(0);
  Purge purge;
  // By the clock that the sweep went by.
  if (sweep.quarantine_age && !busy && !held) purge.run(store, sweep, begin);
  if (sweep.counts && !busy) sweep.counts->write(metrics_of_counts(path, swept, purge.purged(), purge.left()));
  if (sweep.json)
    out.print_line(json_of(swept, purge, store.facts().path, dry_run));
  else if (!busy && !held && !sweep.quiet)
    out.print_line((sweep.is_one_of_several ? without_controls(store.facts().path) + ": " : "") +
                   sentence(swept, purge, store.facts().shards, dry_run));

  Trouble trouble(store.facts().path);
  if (busy) add_busy(trouble, swept.status.holder(), store.last_sweep(), sweep.quiet);
  if (held) trouble.add(ExitCode::busy, told_of(sess::ClockHold{swept.clock_jump, swept.held_for}), advice_on_hold);
  if (command_failure) trouble.add(command_failure);
  add_to(trouble, swept, dry_run);
  if (!purge.error().empty())
    trouble.add(ExitCode::io, "its quarantine was not purged: " + purge.error(),
                "the sessions were swept; " + purge.advice());
  return trouble.tell(out);
}

}  // namespace sessctl
