#include "clock_hold.hpp"
#include "command_line.hpp"
#include "escape.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "prometheus.hpp"
#include "session_facts.hpp"
#include "totals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sessctl {
namespace {

using Sweep = std::optional<sess::LastSweep>;
using Hold = std::optional<sess::ClockHold>;
using SweptHours = std::vector<sess::SweptHour>;

/// [{"up_to_ms": 60000, "sessions": 3}, ..., {"up_to_ms": null, "sessions": 0}]
sess::Value json_of(const Histogram& histogram) {
  sess::Value::Array bars;
  for (std::size_t at = 0; at < histogram.counts().size(); ++at) {
    sess::Value::Object bar;
    const bool is_open = at == Histogram::ends.size();
    bar.emplace("up_to_ms", is_open ? sess::Value() : sess::Value(Histogram::ends[at].count() * 1000));
    bar.emplace("sessions", histogram.counts()[at]);
    bars.emplace_back(std::move(bar));
  }
  return sess::Value(std::move(bars));
}

sess::Value json_of(const SweptHours& hours) {
  sess::Value::Array all;
  for (const sess::SweptHour& hour : hours) {
    sess::Value::Object sums;
    sums.emplace("hour", utc_time(hour.begin));
    sums.emplace("sweeps", hour.sweeps);
    sums.emplace("examined", hour.examined);
    sums.emplace("expired", hour.expired);
    sums.emplace("leftovers", hour.leftovers);
    sums.emplace("duration_ms", hour.duration.count());
    all.emplace_back(std::move(sums));
  }
  return sess::Value(std::move(all));
}

std::string json_of(const Totals& totals, const Sweep& sweep, const Hold& hold, const SweptHours& hours,
                    const sess::StoreFacts& facts, Clock::time_point now) {
  const sess::ClockHold held = hold.value_or(sess::ClockHold());
  JsonLine line;
  line.add("path", facts.path)
      .add("format", facts.format)
      .add("shards", facts.shards)
      .add("exchange", facts.exchange)
      .add("sessions", totals.sessions())
      .add("anonymous", totals.anonymous)
      .add("authenticated", totals.authenticated)
      .add("unreadable", totals.unreadable)
      .add("bytes", totals.bytes)
      .add("oldest", totals.oldest ? sess::Value(utc_time(*totals.oldest)) : sess::Value())
      .add("oldest_age_ms", totals.oldest ? sess::Value(between(*totals.oldest, now).count()) : sess::Value())
      .add("ages", json_of(totals.ages))
      .add("idle_lefts", json_of(totals.idle_lefts))
      .add("swept_hours", json_of(hours))
      .add("clock_jump_ms", held.jump.count())
      .add("held_for_ms", held.held_for.count());
  if (!sweep) return line.add("last_sweep", sess::Value()).text();
  return line.add("last_sweep", utc_time(sweep->finished))
      .add("last_sweep_age_ms", between(sweep->finished, now).count())
      .add("last_sweep_duration_ms", sweep->duration.count())
      .add("last_sweep_examined", sweep->examined)
      .add("last_sweep_expired", sweep->expired)
      .text();
}

/// How long a bar is, of which the longest stands for `most`. What is there has a bar, however little it is.
std::string bar(const Output& out, std::size_t left_of_bars, std::uint64_t count, std::uint64_t most) {
  constexpr std::size_t usual = 40;
  const std::size_t columns = out.size().value_or(TerminalSize()).columns;
  const std::size_t longest = std::clamp<std::size_t>(columns - std::min(columns, left_of_bars), 1, usual);
  if (count == 0) return {};
  const double length = static_cast<double>(count) / static_cast<double>(most) * static_cast<double>(longest);
  return "  " + std::string(static_cast<std::size_t>(std::max(1.0, length)), '#');
}

/// A bar for each length that there is, and for those between.
void print_histogram(Output& out, std::string_view title, const Histogram& histogram) {
  constexpr std::size_t left_of_bars = 24;  // columns
  const auto& counts = histogram.counts();
  const auto is_there = [](std::uint64_t count) { return count > 0; };
  const auto first = std::ranges::find_if(counts, is_there);
  if (first == counts.end()) return;
  const auto last = std::find_if(counts.rbegin(), counts.rend(), is_there).base();
  const std::uint64_t most = *std::ranges::max_element(counts);
  out.print_line("");
  out.print_row({{std::string(title), Accent::heading}});
  for (auto at = first; at != last; ++at) {
    const auto index = static_cast<std::size_t>(at - counts.begin());
    const bool is_open = index == Histogram::ends.size();
    const std::string end =
        fmt::format("{} {}", is_open ? "over " : "up to", human_age(Histogram::ends[is_open ? index - 1 : index]));
    out.print_row({{fmt::format("  {:<9}  {:>9}{}", end, *at, bar(out, left_of_bars, *at, most))}});
  }
}

void print_swept_hours(Output& out, const SweptHours& hours) {
  constexpr std::size_t left_of_bars = 43;  // columns
  if (hours.empty()) return;
  const std::uint64_t most = std::ranges::max(hours, {}, &sess::SweptHour::expired).expired;
  out.print_line("");
  out.print_row(
      {{fmt::format("{:<20}  {:>6}  {:>9}", "swept in the hour from", "sweeps", "removed"), Accent::heading}});
  for (const sess::SweptHour& hour : hours)
    out.print_row({{fmt::format("  {:<20}  {:>6}  {:>9}{}", utc_time(hour.begin), hour.sweeps, hour.expired,
                                bar(out, left_of_bars, hour.expired, most))}});
}

void print_totals(Output& out, const Totals& totals, const Sweep& sweep, const Hold& hold, const SweptHours& hours,
                  const sess::StoreFacts& facts, Clock::time_point now) {
  const auto fact = [&](std::string_view name, std::string_view text) {
    out.print_line(fmt::format("{:<13}  {}", name, text));
  };
  fact("store", without_controls(facts.path));
  fact("format", fmt::format("{}, {} shards, {}", facts.format, facts.shards,
                             facts.exchange ? "exchanges names" : "renames only"));
  fact("sessions", std::to_string(totals.sessions()));
  fact("anonymous", std::to_string(totals.anonymous));
  fact("authenticated", std::to_string(totals.authenticated));
  fact("unreadable",
       fmt::format("{}{}", totals.unreadable, totals.unreadable > 0 ? ": 'sessctl verify' says what to do" : ""));
  fact("size", human_size(totals.bytes));
  fact("oldest", totals.oldest ? human_age(between(*totals.oldest, now)) : "-");
  fact("last sweep", sweep ? fmt::format("{} ago, removed {} of {} in {} ms", human_age(between(sweep->finished, now)),
                                         sweep->expired, sweep->examined, sweep->duration.count())
                           : "none: see 'sessctl gc --help'");
  if (hold) fact("sweeps held", fmt::format("{}; {}", told_of(*hold), advice_on_hold));
  print_histogram(out, "age", totals.ages);
  print_histogram(out, "expires, unless it is used, within", totals.idle_lefts);
  print_swept_hours(out, hours);
}

}  // namespace

ExitCode run_stats(const Invocation& invocation) {
  CommandLine line(
      invocation, "",
      "Counts sessions that have not expired. The size is that of their records; copies that the\n"
      "store keeps for the next commit are not in it. The last sweep is that of whichever program; one\n"
      "that had a budget looked at a part of the store. Sweeps that are held remove nothing, because the\n"
      "system clock was set ahead: see 'sessctl gc --help'. Of the last 24 hours in which sweeps ended the\n"
      "sums are kept: an hour in which there was none is not in the list.\n"
      "\n"
      "  sessctl stats --prometheus >/var/lib/prometheus/node-exporter/sessions.prom.new &&\n"
      "    mv /var/lib/prometheus/node-exporter/sessions.prom.new \\\n"
      "      /var/lib/prometheus/node-exporter/sessions.prom\n");
  bool prometheus = false;
  line.add_flag("--prometheus", prometheus, "Print metrics for Prometheus' textfile collector");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");
  if (prometheus && line.json()) line.fail("--json and --prometheus are two forms of output: one or the other");

  const sess::Store store = open_store(line.store_path());
  const Totals totals = count_sessions(store);
  const Sweep sweep = store.last_sweep();
  const Hold hold = store.clock_hold();
  const SweptHours hours = store.swept_hours();
  const sess::StoreFacts facts = store.facts();
  const Clock::time_point now = Clock::now();
  if (prometheus)
    invocation.out.print(prometheus_text(totals, sweep, hold, facts.path, now));
  else if (line.json())
    invocation.out.print_line(json_of(totals, sweep, hold, hours, facts, now));
  else
    print_totals(invocation.out, totals, sweep, hold, hours, facts, now);
  return ExitCode::ok;
}

}  // namespace sessctl
