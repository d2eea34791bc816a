#include "command_line.hpp"
#include "failure.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "report.hpp"
#include "session_name.hpp"

namespace sessctl {

ExitCode run_rm(const Invocation& invocation) {
  CommandLine line(invocation, "[SESSION...]",
                   "Ends each session for good: it cannot come back, not even after a power cut. One that cannot\n"
                   "be ended is reported and the others are ended all the same; the exit code is that of the\n"
                   "first failure. With --id, the session that it names is ended as well.\n"
                   "\n"
                   "  sessctl rm 5f2a1c 77d0e4\n");
  line.add_session_id();
  line.add_wait();
  if (!line.parse()) return ExitCode::ok;
  if (line.operands().empty() && !line.session_id())
    line.fail("no session is named: give keys, prefixes of keys, or --id -");

  const sess::Store store = open_store(line.store_path(), line.store_options());
  ExitCode code = ExitCode::ok;
  const auto end_session = [&](const auto& find) {
    try {
      const sess::SessionKey key = find();
      const sess::Status status = store.destroy(key);
      if (line.json())
        invocation.out.print_line(
            JsonLine().add("key", key.to_string()).add("outcome", to_string(status.outcome())).text());
      require(status, "end session", key);
    } catch (const OutputClosed&) {
      throw;  // about the output, not about this session
    } catch (...) {
      const ExitCode failed = report(std::current_exception());
      if (code == ExitCode::ok) code = failed;
    }
  };
  if (line.session_id()) end_session([&] { return find_by_id(store, *line.session_id()); });
  for (const std::string& operand : line.operands()) end_session([&] { return find_by_key(store, operand); });
  return code;
}

}  // namespace sessctl
