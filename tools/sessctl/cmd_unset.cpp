#include "session_change.hpp"

#include <limits>

namespace sessctl {

ExitCode run_unset(const Invocation& invocation) {
  CommandLine line(invocation, "[SESSION] NAME...",
                   "A name that the session does not have is no error. Like set, it does not count as use of\n"
                   "the session unless --renew is given.\n"
                   "\n"
                   "  sessctl unset 5f2a1c captcha\n");
  SessionChange change(line);
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(1, std::numeric_limits<std::size_t>::max(), "at least one name");

  change.find_session();
  const sess::Status status = change.commit("unset values of session", [&](sess::Editor& editor) {
    for (const std::string& name : line.operands())
      if (editor.has(name)) editor.erase(name);
  });
  if (line.json()) invocation.out.print_line(outcome_line(change.key(), status));
  return ExitCode::ok;
}

}  // namespace sessctl
