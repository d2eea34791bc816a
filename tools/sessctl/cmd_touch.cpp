#include "command_line.hpp"
#include "open_store.hpp"
#include "report.hpp"
#include "session_change.hpp"

#include <string>

namespace sessctl {

ExitCode run_touch(const Invocation& invocation) {
  CommandLine line(
      invocation, "[SESSION]",
      "Counts as use of the session: it ends its idle timeout from now, and not after its absolute\n"
      "deadline. Writes nothing where that gains less than a tenth of the idle timeout. Where the session\n"
      "stays locked for a tenth of a second the exit code is 75.\n"
      "\n"
      "  sessctl touch 5f2a1c\n");
  line.add_session_id();
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "nothing else");

  const sess::Store store = open_store(line.store_path());
  const sess::SessionKey key = line.take_session(store).key;
  const sess::Status status = store.touch(key);
  require(store, status, "renew session", key);
  if (line.json()) invocation.out.print_line(outcome_line(key, status));
  return ExitCode::ok;
}

}  // namespace sessctl
