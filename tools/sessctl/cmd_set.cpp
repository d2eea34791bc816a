#include "assignment.hpp"
#include "command_line.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "report.hpp"

#include <limits>

namespace sessctl {

ExitCode run_set(const Invocation& invocation) {
  CommandLine line(invocation, "[SESSION] NAME=VALUE...",
                   "NAME=text stores a string, NAME:=json any JSON value. All of them are stored at once and\n"
                   "are on disk when the command ends; values that others store meanwhile are not lost. It does\n"
                   "not count as use of the session: its deadline stays, unless --renew is given. Bytes are\n"
                   "written {\"$bytes\": \"BASE64\"}.\n"
                   "\n"
                   "  sessctl set 5f2a1c user=ann 'visits:=3'\n");
  bool renew = false;
  line.add_session_id();
  line.add_flag("--renew", renew, "Renew the session's deadline as well");
  line.add_wait();
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(1, std::numeric_limits<std::size_t>::max(), "at least one NAME=VALUE");

  const sess::Store store = open_store(line.store_path(), line.store_options());
  const NamedSession session = line.take_session(store);
  const sess::SessionKey& key = session.key;
  const std::vector<Assignment> assignments = parse_assignments(line.operands());
  const sess::Status status = store.update(session.ref(),
                                           [&](sess::Editor& editor) {
                                             for (const auto& [name, value] : assignments) editor.set(name, value);
                                           },
                                           {.durability = sess::Durability::durable, .renew = renew});
  require(status, "set values of session", key);
  if (line.json())
    invocation.out.print_line(
        JsonLine().add("key", key.to_string()).add("outcome", to_string(status.outcome())).text());
  return ExitCode::ok;
}

}  // namespace sessctl
