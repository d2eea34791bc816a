#include "command_line.hpp"
#include "human.hpp"
#include "open_store.hpp"
#include "report.hpp"
#include "session_facts.hpp"

#include <fmt/format.h>

namespace sessctl {
namespace {

constexpr std::size_t short_key = 12;  // digits: enough to be unique among millions

// The widths are fixed, so that a line can be printed when it is known and a million sessions need no memory. The
// generation has no bound and comes last.
std::string row(std::string_view key, std::string_view kind, std::string_view age, std::string_view idle_left,
                std::string_view size, std::string_view generation, std::size_t key_width) {
  return fmt::format("{:<{}}  {:<13}  {:>5}  {:>9}  {:>5}  {:>10}", key, key_width, kind, age, idle_left, size,
                     generation);
}

std::string row_of(const sess::SessionEntry& entry, std::size_t key_width, Clock::time_point now) {
  const std::string key = entry.key.to_string().substr(0, key_width);
  const std::string size = human_size(entry.facts.size);
  if (!entry.problem.empty()) return row(key, "unreadable", "-", "-", size, "-", key_width);
  const sess::SessionFacts& facts = entry.facts;
  return row(key, kind_name(facts.kind), human_age(between(facts.created, now)),
             human_age(between(now, facts.deadline)), size, std::to_string(facts.generation), key_width);
}

std::string json_of(const sess::SessionEntry& entry, Clock::time_point now) {
  JsonLine object;
  object.add("key", entry.key.to_string());
  if (entry.problem.empty()) add_facts(object, entry.facts, now);
  object.add("size", entry.facts.size);
  if (!entry.problem.empty()) object.add("problem", entry.problem);
  return object.text();
}

}  // namespace

ExitCode run_ls(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "AGE is the time since the session was made, IDLE-LEFT the time after which it ends unless\n"
                   "it is used, SIZE that of its record in bytes, GENERATION a number that each change raises.\n"
                   "Sessions that have expired are not listed. A record that cannot be read is listed as such,\n"
                   "and the exit code is 65.\n"
                   "\n"
                   "  sessctl ls --json | jq -r 'select(.idle_left_ms < 60000) | .key'\n");
  bool full = false;
  line.add_flag("--full", full, "Print keys in full");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");

  const sess::Store store = open_store(line.store_path());
  const std::size_t key_width = full ? sess::SessionKey::text_size : short_key;
  ExitCode code = ExitCode::ok;
  if (!line.json()) invocation.out.print_line(row("KEY", "KIND", "AGE", "IDLE-LEFT", "SIZE", "GENERATION", key_width));
  store.list([&](const sess::SessionEntry& entry) {
    const Clock::time_point now = Clock::now();
    invocation.out.print_line(line.json() ? json_of(entry, now) : row_of(entry, key_width, now));
    if (!entry.problem.empty()) {
      complain(
          fmt::format("read session \"{}\": {}; it is listed as unreadable", entry.key.to_string(), entry.problem));
      code = ExitCode::data;
    }
    return true;
  });
  return code;
}

}  // namespace sessctl
