#include "command_line.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "session_facts.hpp"
#include "session_name.hpp"

#include <sess/watch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace sessctl {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

/// "2026-03-01T12:34:56.789Z": of what happens now, seconds are too long.
std::string utc_milliseconds(Clock::time_point time) {
  std::string text = utc_time(time);
  text.pop_back();
  return fmt::format("{}.{:03}Z", text, unix_ms(time) % 1000);
}

std::string json_of(const sess::Change& change) {
  JsonLine line;
  line.add("change", to_string(change.kind))
      .add("seen", utc_time(change.seen))
      .add("seen_unix_ms", unix_ms(change.seen));
  const bool has_key = change.kind != sess::Change::Kind::lost;
  line.add("key", has_key ? sess::Value(change.key.to_string()) : sess::Value());
  if (!change.entry) return line.text();
  line.add("size", change.entry->facts.size);
  if (!change.entry->problem.empty()) return line.add("problem", change.entry->problem).text();
  add_facts(line, change.entry->facts, change.seen);
  return line.text();
}

class Printer {
 public:
  Printer(Output& out, bool json, bool full)
      : out_(out), json_(json), key_width_(full ? sess::SessionKey::text_size : 12) {}

  void print_heading() const {
    if (json_) return;
    StyledLine heading = row("TIME", {"CHANGE"}, "KEY", "GENERATION", "SIZE", "KIND");
    for (Styled& piece : heading) piece.accent = Accent::heading;
    out_.print_row(heading);
  }

  void print(const sess::Change& change) const {
    if (json_) return out_.print_line(json_of(change));
    const auto& entry = change.entry;
    const bool has_facts = entry && entry->problem.empty();
    const std::string key =
        change.kind == sess::Change::Kind::lost ? "-" : change.key.to_string().substr(0, key_width_);
    const std::string_view kind = has_facts ? kind_name(entry->facts.kind) : entry ? "unreadable" : "-";
    out_.print_row(row(utc_milliseconds(change.seen), {std::string(to_string(change.kind)), accent_of(change.kind)},
                       key, has_facts ? std::to_string(entry->facts.generation) : "-",
                       entry ? human_size(entry->facts.size) : "-", kind));
  }

 private:
  static Accent accent_of(sess::Change::Kind kind) {
    using Kind = sess::Change::Kind;
    if (kind == Kind::created) return Accent::good;
    if (kind == Kind::quarantined || kind == Kind::lost) return Accent::problem;
    const bool is_end = kind == Kind::ended || kind == Kind::expired || kind == Kind::replaced;
    return is_end ? Accent::warning : Accent::none;
  }

  StyledLine row(std::string_view time, const Styled& change, std::string_view key, std::string_view generation,
                 std::string_view size, std::string_view kind) const {
    return {{fmt::format("{:<24}  ", time)},
            {fmt::format("{:<11}", change.text), change.accent},
            {fmt::format("  {:<{}}  {:>10}  {:>5}  {}", key, key_width_, generation, size, kind)}};
  }

  Output& out_;
  bool json_;
  std::size_t key_width_;
};

}  // namespace

ExitCode run_watch(const Invocation& invocation) {
  CommandLine line(invocation, "[KEY]",
                   "Prints a line for each change of a session as it happens, whoever makes it: created,\n"
                   "committed, renewed (its deadline was moved), replaced (its ID was), ended, expired (removed\n"
                   "by a sweep), quarantined. With KEY, or its beginning, of these sessions only. Locks nothing,\n"
                   "and tells nothing of what is in a session. A line \"lost\" says that more happened than the\n"
                   "kernel keeps for the command, and some of it is missing. Ends with --for, --limit, or Ctrl-C.\n"
                   "\n"
                   "  sessctl watch\n"
                   "  sessctl watch --json --for 1m | jq -r .change | sort | uniq -c\n");
  bool full = false;
  std::optional<milliseconds> duration;
  std::optional<std::string> limit;
  line.add_flag("--full", full, "Print keys in full");
  line.add_duration("--for", duration, milliseconds(1), "Watch for so long");
  line.add_text("--limit", limit, "COUNT", "End after so many changes");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 1, "one key, or none");
  const auto prefix = digits_of_key(line.operands().empty() ? "" : line.operands().front());
  if (!prefix) line.fail("KEY wants up to 40 hexadecimal digits");
  constexpr unsigned most = std::numeric_limits<unsigned>::max();
  unsigned left = limit ? line.number_of("--limit", *limit, 1, most) : most;

  const sess::Store store = open_store(line.store_path());
  sess::Watch watch(store);
  const Printer printer(invocation.out, line.json(), full);
  printer.print_heading();
  invocation.out.flush();
  const Steady::time_point end = duration ? Steady::now() + *duration : Steady::time_point::max();
  for (bool is_there = true; left > 0;) {
    const auto now = Steady::now();
    if (now >= end) break;
    if (!is_there) fail_without_store(line.store_path());
    constexpr milliseconds moment(500);  // after which it is noticed that nobody reads any more
    invocation.out.check_reader();
    const auto pause = std::min(std::chrono::ceil<milliseconds>(end - now), moment);
    is_there = watch.wait(pause, [&](const sess::Change& change) {
      const bool is_wanted = change.kind == sess::Change::Kind::lost || change.key.to_string().starts_with(*prefix);
      if (!is_wanted || left == 0) return;
      printer.print(change);
      if (limit) --left;
    });
    invocation.out.flush();
  }
  return ExitCode::ok;
}

}  // namespace sessctl
