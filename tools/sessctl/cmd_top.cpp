#include "activity.hpp"
#include "command_line.hpp"
#include "escape.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "session_facts.hpp"
#include "terminal.hpp"

#include <sess/watch.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sessctl {
namespace {

using std::chrono::milliseconds;
using Kind = sess::Change::Kind;
using Steady = std::chrono::steady_clock;

struct Interval {
  Activity activity;
  std::size_t records = 0;
  milliseconds length{0};
  Clock::time_point end;
  std::string path;
};

constexpr auto rates = std::to_array<Kind>(
    {Kind::created, Kind::committed, Kind::renewed, Kind::replaced, Kind::ended, Kind::expired, Kind::quarantined});

double per_second(std::uint64_t count, milliseconds length) {
  return static_cast<double>(count) * 1000 / static_cast<double>(std::max<milliseconds::rep>(length.count(), 1));
}

std::vector<StyledLine> lines_of(const Interval& interval, std::size_t rows) {
  const Activity& activity = interval.activity;
  std::vector<StyledLine> lines;
  lines.push_back(
      {{fmt::format("{}  {}: {} records, {} locked, {} waiting", utc_time(interval.end),
                    without_controls(interval.path), interval.records, activity.locked(), activity.waiters())}});
  if (activity.hidden_processes() > 0 || !activity.sees_all_processes())
    lines.push_back({{"not all processes can be seen: 'sessctl locks' says why", Accent::warning}});
  std::string line;
  for (const Kind kind : rates)
    if (kind != Kind::quarantined || activity.count(kind) > 0)
      line += fmt::format("{}{} {:.1f}/s", line.empty() ? "" : "  ", to_string(kind),
                          per_second(activity.count(kind), interval.length));
  if (activity.count(Kind::lost) > 0) line += "  (some were lost: there were more than the kernel keeps)";
  lines.push_back({{line}});
  lines.emplace_back();
  lines.push_back({{fmt::format("{:<12}  {:>9}  {:>10}  {:>5}  {:>7}  {:>7}  {}", "KEY", "CHANGES/s", "GENERATION",
                                "SIZE", "WAITERS", "PID", "COMMAND"),
                    Accent::heading}});
  for (const BusySession& session : activity.busiest(rows)) {
    const bool has_facts = session.entry && session.entry->problem.empty();
    const bool is_locked = !session.holders.empty();
    const std::string text = fmt::format(
        "{:<12}  {:>9.1f}  {:>10}  {:>5}  {:>7}  {:>7}  {}", session.key.substr(0, 12),
        per_second(session.changes, interval.length), has_facts ? std::to_string(session.entry->facts.generation) : "-",
        session.entry ? human_size(session.entry->facts.size) : "-", is_locked ? std::to_string(session.waiters) : "-",
        is_locked ? std::to_string(session.holders.front().process) : "-",
        is_locked ? command_text(session.holders.front()) : "");
    lines.push_back({{text, session.waiters > 0 ? Accent::warning : Accent::none}});
  }
  return lines;
}

sess::Value json_of(const BusySession& session) {
  sess::Value::Array holders;
  for (const sess::LockUser& holder : session.holders) {
    sess::Value::Object object;
    object.emplace("pid", holder.process);
    object.emplace("command", holder.command);
    object.emplace("gone", holder.gone);
    holders.emplace_back(std::move(object));
  }
  sess::Value generation;
  sess::Value size;
  if (session.entry && session.entry->problem.empty()) generation = session.entry->facts.generation;
  if (session.entry) size = session.entry->facts.size;
  sess::Value::Object object;
  object.emplace("key", session.key);
  object.emplace("changes", session.changes);
  object.emplace("generation", std::move(generation));
  object.emplace("size", std::move(size));
  object.emplace("holders", std::move(holders));
  object.emplace("waiters", session.waiters);
  return sess::Value(std::move(object));
}

std::string json_of(const Interval& interval, std::size_t rows) {
  JsonLine line;
  line.add("path", interval.path)
      .add("end", utc_time(interval.end))
      .add("interval_ms", interval.length.count())
      .add("records", interval.records)
      .add("locked", interval.activity.locked())
      .add("waiters", interval.activity.waiters())
      .add("hidden_processes", interval.activity.hidden_processes())
      .add("sees_all_processes", interval.activity.sees_all_processes());
  for (const Kind kind : rates) line.add(to_string(kind), interval.activity.count(kind));
  line.add("lost", interval.activity.count(Kind::lost) > 0);
  sess::Value::Array sessions;
  for (const BusySession& session : interval.activity.busiest(rows)) sessions.push_back(json_of(session));
  return line.add("sessions", sess::Value(std::move(sessions))).text();
}

/// Looks on, interval by interval.
class Observer {
 public:
  explicit Observer(const sess::Store& store) : store_(store), watch_(store) {}

  /// Nothing if `is_over` says so in between. Throws Failure where the store is gone.
  std::optional<Interval> look(milliseconds length, const std::function<bool()>& is_over) {
    constexpr milliseconds moment(100);  // after which a key is seen
    constexpr milliseconds before_end(50);
    Interval interval;
    interval.path = store_.facts().path;
    const auto begin = Steady::now();
    const auto end = begin + length;
    std::optional<sess::LockUses> before;
    for (auto now = begin; now < end; now = Steady::now()) {
      if (!before && end - now <= before_end) before = store_.lock_uses();
      const auto next = before ? end : end - std::min(before_end, length / 2);
      const bool is_there = watch_.wait(std::min(std::chrono::ceil<milliseconds>(next - now), moment),
                                        [&](const sess::Change& change) { interval.activity.add(change); });
      if (!is_there) fail_without_store(interval.path);
      if (is_over()) return std::nullopt;
    }
    const sess::LockUses uses = store_.lock_uses();
    interval.activity.take(before.value_or(uses), uses);
    interval.records = watch_.records();
    interval.length = std::chrono::duration_cast<milliseconds>(Steady::now() - begin);
    interval.end = Clock::now();
    return interval;
  }

 private:
  const sess::Store& store_;
  sess::Watch watch_;
};

/// What was asked for.
struct Looks {
  milliseconds length{2000};
  std::uint64_t left = std::numeric_limits<std::uint64_t>::max();  // so many are never over
  std::size_t rows = 0;                                            // 0: as many as there is room for
  bool json = false;

  /// False when there are no more.
  bool next() { return left-- > 0; }
};

void print_looks(Observer& observer, Looks looks, Output& out) {
  const std::size_t rows = looks.rows > 0 ? looks.rows : 20;
  for (bool is_first = true; looks.next(); is_first = false) {
    const auto interval = observer.look(looks.length, [] { return false; });
    if (looks.json) {
      out.print_line(json_of(*interval, rows));
    } else {
      if (!is_first) out.print_line("");
      for (const StyledLine& each : lines_of(*interval, rows)) out.print_row(each);
    }
    out.flush();
  }
}

/// The signal that has ended it; 0: none.
int show_looks(Observer& observer, Looks looks, Output& out) {
  constexpr std::size_t lines_above = 5;
  const SignalWishes wishes;
  Screen screen(out);
  std::vector<StyledLine> picture{{{"looking; q ends it"}}};
  screen.draw(picture);
  const auto is_over = [&] {
    const bool is_paused = SignalWishes::take_pause() && SignalWishes::ended_by() == 0;
    if (is_paused) screen.pause();
    if (SignalWishes::take_resize() || is_paused) screen.draw(picture);
    const char key = screen.key();
    return SignalWishes::ended_by() != 0 || key == 'q' || key == 'Q';
  };
  while (looks.next()) {
    const auto interval = observer.look(looks.length, is_over);
    if (!interval) break;
    const std::size_t room = std::max(out.size().value_or(TerminalSize()).lines, lines_above + 1) - lines_above;
    picture = lines_of(*interval, looks.rows > 0 ? looks.rows : room);
    screen.draw(picture);
  }
  return SignalWishes::ended_by();
}

}  // namespace

ExitCode run_top(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "Shows what goes on in a store, and goes on showing it: how often sessions are made, changed\n"
                   "and ended, and the sessions that are waited for, locked, or changed most. On a terminal it\n"
                   "takes the whole screen until q or Ctrl-C, and brings back what was there; else, and with\n"
                   "--count, it prints each look below the one before. Locks nothing itself and waits for nobody.\n"
                   "\n"
                   "  sessctl top\n"
                   "  sessctl top --count 1 --interval 10s --json\n");
  std::optional<milliseconds> interval_length;
  std::optional<std::string> count_text;
  std::optional<std::string> limit_text;
  line.add_duration("--interval", interval_length, milliseconds(10), "Look for so long each time (2s)");
  line.add_text("--count", count_text, "COUNT", "End after so many looks");
  line.add_text("--limit", limit_text, "COUNT", "At most so many sessions (20, or what the terminal\nhas room for)");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");
  constexpr unsigned most = std::numeric_limits<unsigned>::max();
  Looks looks{.json = line.json()};
  if (interval_length) looks.length = *interval_length;
  if (count_text) looks.left = line.number_of("--count", *count_text, 1, most);
  if (limit_text) looks.rows = line.number_of("--limit", *limit_text, 1, most);

  const sess::Store store = open_store(line.store_path());
  Observer observer(store);
  int signal = 0;
  // A picture is gone when it ends: who says how many looks wants to have them afterwards.
  if (looks.json || count_text || !invocation.out.is_screen())
    print_looks(observer, looks, invocation.out);
  else
    signal = show_looks(observer, looks, invocation.out);
  // As if it had never been caught: who has started this is to know (Ctrl-C in a script's loop).
  if (signal != 0) ::raise(signal);
  return ExitCode::ok;
}

}  // namespace sessctl
