#include "command_line.hpp"
#include "escape.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "session_facts.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sessctl {
namespace {

struct Totals {
  std::uint64_t anonymous = 0;
  std::uint64_t authenticated = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t bytes = 0;  // of all records, unreadable ones as well
  std::optional<Clock::time_point> oldest;

  std::uint64_t sessions() const { return anonymous + authenticated; }

  void add(const sess::SessionEntry& entry) {
    bytes += entry.facts.size;
    if (!entry.problem.empty()) {
      ++unreadable;
      return;
    }
    ++(entry.facts.kind == sess::SessionKind::authenticated ? authenticated : anonymous);
    oldest = oldest ? std::min(*oldest, entry.facts.created) : entry.facts.created;
  }
};

std::string json_of(const Totals& totals, const sess::StoreFacts& facts, Clock::time_point now) {
  return JsonLine()
      .add("path", facts.path)
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
      .text();
}

void print_totals(Output& out, const Totals& totals, const sess::StoreFacts& facts, Clock::time_point now) {
  const auto fact = [&](std::string_view name, std::string_view text) {
    out.print_line(fmt::format("{:<13}  {}", name, text));
  };
  fact("store", without_controls(facts.path));
  fact("format", fmt::format("{}, {} shards, {}", facts.format, facts.shards,
                             facts.exchange ? "exchanges names" : "renames only"));
  fact("sessions", std::to_string(totals.sessions()));
  fact("anonymous", std::to_string(totals.anonymous));
  fact("authenticated", std::to_string(totals.authenticated));
  fact("unreadable", std::to_string(totals.unreadable));
  fact("size", human_size(totals.bytes));
  fact("oldest", totals.oldest ? human_age(between(*totals.oldest, now)) : "-");
}

}  // namespace

ExitCode run_stats(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "Counts sessions that have not expired. The size is that of their records; copies that the\n"
                   "store keeps for the next commit are not in it.\n");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");

  const sess::Store store = open_store(line.store_path());
  Totals totals;
  store.list([&](const sess::SessionEntry& entry) {
    totals.add(entry);
    return true;
  });
  const Clock::time_point now = Clock::now();
  if (line.json())
    invocation.out.print_line(json_of(totals, store.facts(), now));
  else
    print_totals(invocation.out, totals, store.facts(), now);
  return ExitCode::ok;
}

}  // namespace sessctl
