#include "assignment.hpp"
#include "session_change.hpp"

#include <cstddef>
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
  SessionChange change(line);
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(1, std::numeric_limits<std::size_t>::max(), "at least one NAME=VALUE");

  const std::size_t given = line.operands().size();
  change.find_session();
  const std::size_t first = given - line.operands().size() + 1;
  const std::vector<Assignment> assignments = parse_assignments(line.operands(), first);
  const sess::Status status = change.commit("set values of session", [&](sess::Editor& editor) {
    for (const auto& [name, value] : assignments) editor.set(name, value);
  });
  if (line.json()) invocation.out.print_line(outcome_line(change.key(), status));
  return ExitCode::ok;
}

}  // namespace sessctl
