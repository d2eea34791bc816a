#include "command_line.hpp"
#include "failure.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "report.hpp"
#include "session_name.hpp"

#include <string>
#include <vector>

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
  const auto attempt = [&](const auto& work) {
    try {
      work();
    } catch (const OutputClosed&) {
      throw;  // about the output, not about this session
    } catch (...) {
      const ExitCode failed = report(std::current_exception());
      if (code == ExitCode::ok) code = failed;
    }
  };
  // All are found before any is ended: a prefix that two sessions share must not come to mean the second one because
  // the first was named in full before it.
  std::vector<sess::SessionKey> keys;
  if (line.session_id()) attempt([&] { keys.push_back(find_by_id(store, *line.session_id()).key()); });
  for (const std::string& operand : line.operands()) attempt([&] { keys.push_back(find_by_key(store, operand)); });
  for (const sess::SessionKey& key : keys)
    attempt([&] {
      const sess::Status status = store.destroy(key);
      if (line.json())
        invocation.out.print_line(
            JsonLine().add("key", key.to_string()).add("outcome", to_string(status.outcome())).text());
      require(status, "end session", key);
    });
  return code;
}

}  // namespace sessctl
