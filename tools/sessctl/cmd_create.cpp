#include "assignment.hpp"
#include "command_line.hpp"
#include "duration.hpp"
#include "open_store.hpp"
#include "report.hpp"
#include "session_facts.hpp"

namespace sessctl {
namespace {

void print_created(const Invocation& invocation, const sess::Session& session, bool json) {
  const std::string id = session.id().value().reveal();
  if (json) {
    JsonLine object;
    object.add("id", id).add("key", session.key().to_string());
    add_facts(object, session.facts(), Clock::now());
    invocation.out.print_line(object.text());
  } else {
    invocation.out.print_line(id);
  }
  invocation.out.flush();
}

}  // namespace

ExitCode run_create(const Invocation& invocation) {
  CommandLine line(invocation, "[NAME=VALUE...]",
                   "Prints the session's ID and nothing else. Whoever has the ID has the session, so keep it\n"
                   "out of logs; no other command prints it. The session is on disk when the ID is printed.\n"
                   "\n"
                   "  sessctl create\n"
                   "  sessctl create --idle 30m --lifetime 8h user=ann 'cart:={\"items\": [1, 2]}'\n");
  std::optional<std::chrono::milliseconds> idle;
  std::optional<std::chrono::milliseconds> lifetime;
  const sess::StoreOptions defaults;
  line.add_duration("--idle", idle, std::chrono::milliseconds(1),
                    "End when not used for this long (default " + format_duration(defaults.idle_timeout) + ")");
  line.add_duration("--lifetime", lifetime, std::chrono::milliseconds(1),
                    "End after this long (default " + format_duration(defaults.lifetime) + ")");
  bool sealed = false;
  line.add_flag("--sealed", sealed, "Encrypt the values: only who has the ID can read them");
  if (!line.parse()) return ExitCode::ok;
  const std::vector<Assignment> assignments = parse_assignments(line.operands());

  sess::StoreOptions options = line.store_options();
  options.sealed = sealed;
  const sess::Store store = open_store(line.store_path(), options);
  sess::Session session = store.create({.idle_timeout = idle, .lifetime = lifetime});
  for (const auto& [name, value] : assignments) session.set(name, value);
  try {
    require(session.commit({.durability = sess::Durability::durable}), "create session", session.key());
    print_created(invocation, session, line.json());
  } catch (...) {
    // Nobody will ever know its ID.
    if (session.facts().generation > 0) [[maybe_unused]]
      const sess::Status status = session.destroy();
    throw;
  }
  return ExitCode::ok;
}

}  // namespace sessctl
