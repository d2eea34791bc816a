#include "command_line.hpp"
#include "duration.hpp"
#include "human.hpp"
#include "open_store.hpp"
#include "report.hpp"
#include "session_facts.hpp"
#include "value_text.hpp"

#include <fmt/format.h>

namespace sessctl {
namespace {

void print_snapshot(Output& out, const sess::Snapshot& snapshot, Clock::time_point now) {
  const auto fact = [&](std::string_view name, std::string_view text) {
    out.print_line(fmt::format("{:<17}  {}", name, text));
  };
  const auto left = [&](Clock::time_point deadline) {
    return fmt::format("{} ({} left)", utc_time(deadline), human_age(between(now, deadline)));
  };
  const sess::SessionFacts& facts = snapshot.facts();
  fact("key", snapshot.key().to_string());
  fact("kind", kind_name(facts.kind));
  fact("generation", std::to_string(facts.generation));
  fact("created", fmt::format("{} ({} ago)", utc_time(facts.created), human_age(between(facts.created, now))));
  fact("idle timeout", format_duration(facts.idle_timeout));
  fact("deadline", left(facts.deadline));
  fact("absolute deadline", left(facts.absolute_deadline));
  fact("values", std::to_string(snapshot.values().size()));
  for (const auto& [name, value] : snapshot.values())
    out.print_line(fmt::format("  {} = {}", name_text(name), value_text(value, 2)));
}

}  // namespace

ExitCode run_show(const Invocation& invocation) {
  CommandLine line(invocation, "[SESSION]",
                   "Reads one committed version and waits for nobody. Control characters in values are shown\n"
                   "as \\u001b and the like. Of bytes and of types of the program's own only the size is shown;\n"
                   "--json has the bytes.\n"
                   "\n"
                   "  sessctl show 5f2a1c\n");
  line.add_session_id();
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "nothing else");

  const sess::Store store = open_store(line.store_path());
  const sess::SessionKey key = line.take_session(store);
  const sess::Result<sess::Snapshot> snapshot = store.snapshot(key);
  require(snapshot.status(), "show session", key);
  const Clock::time_point now = Clock::now();
  if (line.json()) {
    JsonLine object;
    object.add("key", key.to_string());
    add_facts(object, snapshot->facts(), now);
    object.add_values("values", snapshot->values());
    invocation.out.print_line(object.text());
  } else {
    print_snapshot(invocation.out, *snapshot, now);
  }
  return ExitCode::ok;
}

}  // namespace sessctl
