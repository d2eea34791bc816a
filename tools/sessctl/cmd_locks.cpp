#include "command_line.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "refusal.hpp"
#include "report.hpp"
#include "session_facts.hpp"

#include <sess/locks.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace sessctl {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// One that was seen again and again without a gap.
struct Seen {
  sess::LockUser user;
  Steady::time_point since;
  bool again = false;  // at least twice
};

/// Who uses a lock, looked at for a while: the kernel does not tell since when. What was there at one look alone is
/// gone by now, as most locks are, or reads.
class Watched {
 public:
  void look(const std::vector<sess::LockUser>& users, Steady::time_point now) {
    std::vector<Seen> next;
    for (const sess::LockUser& user : users) {
      const auto found = std::ranges::find(seen_, user.process, [](const Seen& seen) { return seen.user.process; });
      if (found == seen_.end()) {
        next.push_back({user, now});
      } else {
        next.push_back({user, found->since, true});
        seen_.erase(found);
      }
    }
    seen_ = std::move(next);
  }
  const std::vector<Seen>& seen() const { return seen_; }

 private:
  std::vector<Seen> seen_;
};

struct WatchedLock {
  Watched holders;
  Watched others;
};

/// The locks of a store's sessions and, under an empty key, of its sweep.
class Observation {
 public:
  explicit Observation(const sess::Store& store) : store_(store) {}

  void look() {
    last_ = store_.lock_uses();
    now_ = Steady::now();
    for (auto& lock : locks_) lock.second.pending = true;
    const auto seen = [&](const std::string& key, const std::vector<sess::LockUser>& holders,
                          const std::vector<sess::LockUser>& others) {
      Entry& entry = locks_[key];
      entry.pending = false;
      entry.lock.holders.look(holders, now_);
      entry.lock.others.look(others, now_);
    };
    for (const sess::LockUse& use : last_.sessions) seen(use.key.to_string(), use.holders, use.others);
    if (!last_.sweepers.empty()) seen({}, last_.sweepers, {});
    std::erase_if(locks_, [](const auto& lock) { return lock.second.pending; });
  }

  /// Calls `print` with the key, the holders and the waiters of each.
  template <class Print>
  void visit(const Print& print) const {
    for (const auto& [key, entry] : locks_) {
      std::vector<Seen> waiters = entry.lock.others.seen();
      std::erase_if(waiters, [](const Seen& seen) { return !seen.again; });
      if (!entry.lock.holders.seen().empty() || !waiters.empty()) print(key, entry.lock.holders.seen(), waiters);
    }
  }

  milliseconds since(const Seen& seen) const { return std::chrono::floor<milliseconds>(now_ - seen.since); }
  const sess::LockUses& last() const { return last_; }

 private:
  struct Entry {
    WatchedLock lock;
    bool pending = false;
  };
  const sess::Store& store_;
  std::map<std::string, Entry> locks_;
  sess::LockUses last_;
  Steady::time_point now_;
};

sess::Value json_users(const Observation& observation, const std::vector<Seen>& seen, std::string_view time_name) {
  sess::Value::Array users;
  for (const Seen& each : seen)
    users.push_back(
        sess::Value(sess::Value::Object{{"pid", sess::Value(each.user.process)},
                                        {"command", sess::Value(each.user.command)},
                                        {"gone", sess::Value(each.user.gone)},
                                        {std::string(time_name), sess::Value(observation.since(each).count())}}));
  return sess::Value(std::move(users));
}

void print_json(const Observation& observation, Output& out) {
  observation.visit([&](const std::string& key, const std::vector<Seen>& holders, const std::vector<Seen>& waiters) {
    out.print_line(JsonLine()
                       .add("what", key.empty() ? "sweep" : "session")
                       .add("key", or_null(key))
                       .add("holders", json_users(observation, holders, "held_at_least_ms"))
                       .add("waiters", json_users(observation, waiters, "waits_at_least_ms"))
                       .text());
  });
}

/// Short: it stands beside milliseconds that most locks last.
std::string held_for(milliseconds time) {
  return time < std::chrono::seconds(1) ? fmt::format(">{}ms", time.count()) : ">" + human_age(time);
}

void print_table(const Observation& observation, bool full, Output& out) {
  const std::size_t key_width = full ? sess::SessionKey::text_size : 12;
  out.print_row({{fmt::format("{:<{}}  {:>7}  {:>8}  {:>7}  {}", "KEY", key_width, "PID", "HELD", "WAITERS", "COMMAND"),
                  Accent::heading}});
  observation.visit([&](const std::string& key, const std::vector<Seen>& holders, const std::vector<Seen>& waiters) {
    const std::string name = key.empty() ? "(sweep)" : key.substr(0, key_width);
    const auto row = [&](const std::string& process, const std::string& held, std::string_view command) {
      out.print_row(
          {{fmt::format("{:<{}}  {:>7}  {:>8}  {:>7}  {}", name, key_width, process, held, waiters.size(), command)}});
    };
    for (const Seen& holder : holders)
      row(std::to_string(holder.user.process), held_for(observation.since(holder)), command_text(holder.user));
    if (holders.empty()) row("?", "-", "not seen");
  });
}

}  // namespace

ExitCode run_locks(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "Lists the sessions that a process has locked, and how many wait for each. The kernel does\n"
                   "not tell since when: the command looks for a while, and HELD is how long it has seen a lock,\n"
                   "so that what is stuck stands out. A waiter is who had the session open all the time without\n"
                   "its lock. A line \"(sweep)\" is the sweep of gc. Locks nothing itself and waits for nobody.\n"
                   "\n"
                   "  sessctl locks\n"
                   "  sessctl locks --for 10s --json | jq 'select(.waiters != [])'\n");
  bool full = false;
  std::optional<milliseconds> duration;
  line.add_flag("--full", full, "Print keys in full");
  line.add_duration("--for", duration, milliseconds(1), "Look for so long (500ms)");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");

  const sess::Store store = open_store(line.store_path());
  Observation observation(store);
  observation.look();
  const Steady::time_point end = Steady::now() + duration.value_or(milliseconds(500));
  constexpr milliseconds pause(50);
  for (bool is_last = false; !is_last;) {
    is_last = end - Steady::now() <= pause;
    std::this_thread::sleep_until(is_last ? end : Steady::now() + pause);
    observation.look();
  }
  if (line.json())
    print_json(observation, invocation.out);
  else
    print_table(observation, full, invocation.out);
  const sess::LockUses& last = observation.last();
  // By the rules of ptrace(2), which count for /proc/PID/fd, too.
  if (last.hidden_processes > 0)
    complain(fmt::format(
        "look at locks: {} of user {}, started as another one, with capabilities, or closed to tracing, "
        "may not be looked "
        "at: which of them hold a lock is listed as far as /proc/locks says so, and mostly not which wait for one",
        last.hidden_processes == 1 ? "1 process" : fmt::format("{} processes", last.hidden_processes),
        user_name(::geteuid())));
  if (!last.sees_all_processes)
    complain(
        "look at locks: this is a container, or /proc is not mounted: locks of processes elsewhere are not listed; "
        "run it where the programs run, or on the host");
  return ExitCode::ok;
}

}  // namespace sessctl
