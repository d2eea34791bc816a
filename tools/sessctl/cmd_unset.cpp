#include "command_line.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "report.hpp"

#include <limits>

namespace sessctl {

ExitCode run_unset(const Invocation& invocation) {
  CommandLine line(invocation, "[SESSION] NAME...",
                   "A name that the session does not have is no error. Like set, it does not count as use of\n"
                   "the session unless --renew is given.\n"
                   "\n"
                   "  sessctl unset 5f2a1c captcha\n");
  bool renew = false;
  line.add_session_id();
  line.add_flag("--renew", renew, "Renew the session's deadline as well");
  line.add_wait();
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(1, std::numeric_limits<std::size_t>::max(), "at least one name");

  const sess::Store store = open_store(line.store_path(), line.store_options());
  const NamedSession session = line.take_session(store);
  const sess::SessionKey& key = session.key;
  const sess::Status status = store.update(session.ref(),
                                           [&](sess::Editor& editor) {
                                             for (const std::string& name : line.operands())
                                               if (editor.has(name)) editor.erase(name);
                                           },
                                           {.durability = sess::Durability::durable, .renew = renew});
  require(status, "unset values of session", key);
  if (line.json())
    invocation.out.print_line(
        JsonLine().add("key", key.to_string()).add("outcome", to_string(status.outcome())).text());
  return ExitCode::ok;
}

}  // namespace sessctl
