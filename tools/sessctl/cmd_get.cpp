#include "command_line.hpp"
#include "escape.hpp"
#include "failure.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "report.hpp"

namespace sessctl {
namespace {

std::string text_of(const sess::Value& value, const Output& out) {
  const auto* text = value.get_if<std::string>();
  if (text == nullptr) return to_json(value);
  return out.is_terminal() ? without_controls_but_lines(*text) : *text;
}

}  // namespace

ExitCode run_get(const Invocation& invocation) {
  CommandLine line(invocation, "[SESSION] NAME",
                   "A string is printed as it is, with a newline after it; anything else as JSON. Into a\n"
                   "terminal control characters other than newlines are escaped, into a pipe or a file they are\n"
                   "not. If the session has no such value, the exit code is 66.\n"
                   "\n"
                   "  sessctl get 5f2a1c user\n");
  line.add_session_id();
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(1, 1, "the name of one value");

  const sess::Store store = open_store(line.store_path());
  const NamedSession session = line.take_session(store);
  const sess::SessionKey& key = session.key;
  const std::string& name = line.operands().front();
  const sess::Result<sess::Snapshot> snapshot = store.snapshot(session.ref());
  require(store, snapshot.status(), "get value of session", key);
  const auto found = snapshot->values().find(name);
  if (found == snapshot->values().end())
    throw Failure(ExitCode::absent, "get value " + quoted_name(name), "",
                  "session " + key.to_string() + " has no such value", "'sessctl show' lists the values it has");
  const sess::Value& value = found->second;
  invocation.out.print_line(line.json()
                                ? JsonLine().add("key", key.to_string()).add("name", name).add("value", value).text()
                                : text_of(value, invocation.out));
  return ExitCode::ok;
}

}  // namespace sessctl
