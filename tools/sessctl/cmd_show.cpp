#include "command_line.hpp"
#include "duration.hpp"
#include "human.hpp"
#include "open_store.hpp"
#include "report.hpp"
#include "session_facts.hpp"
#include "value_text.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <optional>

namespace sessctl {
namespace {

void print_facts(Output& out, const sess::SessionKey& key, const sess::SessionFacts& facts, Clock::time_point now) {
  const auto fact = [&](std::string_view name, std::string_view text) {
    out.print_line(fmt::format("{:<17}  {}", name, text));
  };
  const auto left = [&](Clock::time_point deadline) {
    return fmt::format("{} ({} left)", utc_time(deadline), human_age(between(now, deadline)));
  };
  fact("key", key.to_string());
  fact("kind", kind_name(facts.kind));
  fact("generation", std::to_string(facts.generation));
  fact("created", fmt::format("{} ({} ago)", utc_time(facts.created), human_age(between(facts.created, now))));
  fact("idle timeout", format_duration(facts.idle_timeout));
  fact("deadline", left(facts.deadline));
  fact("absolute deadline", left(facts.absolute_deadline));
  if (facts.sealed) fact("sealed", "yes");
}

void print_values(Output& out, const sess::Values& values) {
  out.print_line(fmt::format("{:<17}  {}", "values", values.size()));
  for (const auto& [name, value] : values)
    out.print_line(fmt::format("  {} = {}", name_text(name), value_text(value, 2)));
}

/// One version; without a snapshot where it is sealed and was named by its key.
struct Shown {
  sess::SessionFacts facts;
  std::optional<sess::Snapshot> snapshot = std::nullopt;
};

Shown look_at(const sess::Store& store, const NamedSession& session) {
  constexpr std::string_view operation = "show session";
  try {
    const sess::Result<sess::Snapshot> snapshot = store.snapshot(session.ref());
    require(store, snapshot.status(), operation, session.key);
    return {snapshot->facts(), *snapshot};
  } catch (const sess::SealedRecord&) {
    const sess::Result<sess::SessionFacts> facts = store.facts_of(session.key);
    require(store, facts.status(), operation, session.key);
    return {*facts};
  }
}

}  // namespace

ExitCode run_show(const Invocation& invocation) {
  CommandLine line(invocation, "[SESSION]",
                   "Reads one committed version and waits for nobody. Control characters in values are shown\n"
                   "as \\u001b and the like. Of bytes and of types of the program's own only the size is shown;\n"
                   "--json has the bytes. The values of a sealed session can be read only with its ID (--id -);\n"
                   "named by its key, it is shown without them.\n"
                   "\n"
                   "  sessctl show 5f2a1c\n");
  line.add_session_id();
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "nothing else");

  const sess::Store store = open_store(line.store_path());
  const NamedSession session = line.take_session(store);
  const sess::SessionKey& key = session.key;
  const Shown shown = look_at(store, session);
  const Clock::time_point now = Clock::now();
  if (line.json()) {
    JsonLine object;
    object.add("key", key.to_string());
    add_facts(object, shown.facts, now);
    if (shown.snapshot) {
      object.add_values("values", shown.snapshot->values());
    } else {
      object.add("values", sess::Value());
    }
    invocation.out.print_line(object.text());
  } else {
    print_facts(invocation.out, key, shown.facts, now);
    if (shown.snapshot) {
      print_values(invocation.out, shown.snapshot->values());
    } else {
      invocation.out.print_line(fmt::format("{:<17}  {}", "values", "sealed: they can be read only with the ID"));
    }
  }
  return ExitCode::ok;
}

}  // namespace sessctl
